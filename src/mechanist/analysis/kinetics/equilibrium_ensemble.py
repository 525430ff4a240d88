"""Weighted frames of all regions: an equilibrium ensemble.

A frame between the states has the weight of its excursion. The frames in A share pi_A times the
fraction of the time last in A that the runs spend inside A, and likewise for B.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.analysis.kinetics.excursion_data import RUN_A, RUN_B, Excursions
from mechanist.analysis.kinetics.kinetics import Estimate, Rates, run_shares
from mechanist.arrays import FrameSource, Weights
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import Table

FRAMES_BETWEEN = 40_000
"""Frames between the states, at most."""


def equilibrium_ensemble(
    excursions: Excursions, found: Estimate, states: Table, state_frames: Sequence[FrameSource]
) -> tuple[list[FrameSource], Weights]:
    """Frames of all regions with weights that sum to 1.

    Parameters
    ----------
    excursions, found
        Frames between the states, and the weights of excursions.
    states, state_frames
        Frames of the runs in the states: the table with
        `mechanist.sampling.excursions.tables.STATE_COLUMNS`, and their frames in the same order.
    """
    table = excursions.table
    between = np.flatnonzero(np.isfinite(excursions.q))
    weights = found.rates.per_weight * found.reweighted.weights[table.frame_path[between]]
    step = max(1, -(-len(between) // FRAMES_BETWEEN))
    in_states = _state_weights(states, excursions, found.rates)
    every = np.concatenate([weights[::step] * step, in_states])
    return [view(table.frames, between[::step]), *state_frames], every / every.sum()


def _state_weights(states: Table, excursions: Excursions, rates: Rates) -> Weights:
    """Probability of each frame in a state: its share of the time that runs were last there."""
    data = excursions.data
    shares = run_shares(data, rates.log_odds)
    time = data.run_time * shares[data.run_origin]
    own = states["weight"] * shares[np.where(states["start"] == "A", RUN_A, RUN_B)]
    result = np.empty(len(own))
    for name, side, last in (("A", RUN_A, rates.pi_a), ("B", RUN_B, 1 - rates.pi_a)):
        rows = states["source"] == name
        result[rows] = last * own[rows] / time[data.run_state == side].sum()
    return result
