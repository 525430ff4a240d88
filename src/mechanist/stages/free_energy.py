"""Free energies: along q, and the weighted frames that give one along anything else."""

import numpy as np

from mechanist.analysis.kinetics.excursions import Excursions
from mechanist.analysis.kinetics.free_energy import profile
from mechanist.analysis.kinetics.kinetics import RUN_A, RUN_B, Kinetics, run_shares
from mechanist.analysis.kinetics.reweighting import Reweighted
from mechanist.arrays import Array
from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.records.tables import (
    Table,
    join,
    read_frames,
    read_table,
    write_frames,
    write_table,
)
from mechanist.settings.config import Config
from mechanist.stages.equilibrium import STATE_COLUMNS
from mechanist.systems.prepared import Prepared

PROFILE_COLUMNS = ("q", "free_energy_kJ_per_mol", "low", "high")
FRAME_COLUMNS = ("weight",)
FRAMES_KEPT = 40_000
"""Frames between the states that are kept, at most."""


def write_profile(
    layout: Layout, prepared: Prepared, edges: Array, mass: Array, masses: Array
) -> None:
    """Write free_energy.csv, without the outermost windows: they hold all that lies beyond them.

    Parameters
    ----------
    layout, prepared
        Of the run.
    edges
        (W + 1,) of the windows.
    mass, masses
        (W,) chance of each window, and (S, W) in bootstrap samples.
    """
    centres = 0.5 * (edges[1:] + edges[:-1])
    energy = np.full(len(mass), np.inf)
    energy[1:-1] = profile(centres[1:-1], mass[1:-1], edges[1:-1], prepared.kt)
    rows = []
    for i in np.flatnonzero(np.isfinite(energy)):
        logs = np.log(masses[masses[:, i] > 0, i]) if len(masses) else np.empty(0)
        spread = 1.96 * prepared.kt * logs.std(ddof=1) if len(logs) > 1 else np.nan
        row = (centres[i], energy[i], energy[i] - spread, energy[i] + spread)
        rows.append([f"{x:.5g}" for x in row])
    write_text(layout.profile, csv_text(PROFILE_COLUMNS, rows))


def write_no_free_energy(layout: Layout) -> None:
    """Write the files of the free energies without a row or frame, where nothing is known."""
    write_text(layout.profile, csv_text(PROFILE_COLUMNS, []))
    write_frames(layout.equilibrium_frames, [])
    write_table(layout.equilibrium_weights, {"weight": np.empty(0)}, FRAME_COLUMNS)


def write_equilibrium_frames(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    excursions: Excursions,
    rates: Kinetics,
    solved: Reweighted,
) -> None:
    """Write frames of all regions with weights that sum to 1: an equilibrium ensemble."""
    table = excursions.table
    between = np.flatnonzero(np.isfinite(excursions.q))
    weight = rates.per_weight * solved.weights[table.frame_path[between]]
    step = max(1, -(-len(between) // FRAMES_KEPT))
    jobs = [layout.kinetics_job(worker) for worker in range(config.sampling.workers)]
    states = join([read_table(job.state_index, STATE_COLUMNS) for job in jobs])
    frames = [read_frames(job.states, prepared.atoms) for job in jobs]
    weights = np.concatenate([weight[::step] * step, state_weights(states, excursions, rates)])
    write_frames(layout.equilibrium_frames, [table.frames[between[::step]], *frames])
    index: Table = {"weight": weights / weights.sum()}
    write_table(layout.equilibrium_weights, index, FRAME_COLUMNS)


def state_weights(states: Table, excursions: Excursions, rates: Kinetics) -> Array:
    """Chance of each frame in a state: its share of the time that runs were last there."""
    data = excursions.data
    shares = run_shares(data, rates.log_odds)
    time = data.run_time * shares[data.run_start]
    own = states["weight"] * shares[np.where(states["start"] == "A", RUN_A, RUN_B)]
    result = np.empty(len(own))
    for name, side, last in (("A", RUN_A, rates.pi_a), ("B", RUN_B, 1 - rates.pi_a)):
        rows = states["source"] == name
        result[rows] = last * own[rows] / time[data.run_source == side].sum()
    return result
