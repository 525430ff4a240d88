"""The convergence test of one round: the figures of all shots so far beside their limits."""

import numpy as np

from mechanist.analysis.convergence.chains import (
    chain_series,
    crossing_coordinates,
    crossing_frames,
)
from mechanist.analysis.convergence.counts import count_shots, decided, is_transition
from mechanist.analysis.convergence.criteria import Assessment, AssessmentInputs, apply_criteria
from mechanist.analysis.convergence.inertia import (
    TransitionCheck,
    check_transitions,
    fit_latent_correlation,
)
from mechanist.arrays import Array, Mask, Q
from mechanist.committor.calibration import calibration_test
from mechanist.committor.gather import Gathered, candidate_frames, frame_features, frame_q
from mechanist.committor.likelihood import clustered_se, loss_per_outcome
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.sampling.records.tables import PathTable
from mechanist.settings.config import Config
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

SPREAD_FRAMES = 20_000
"""Frames near q = 0 over which the error is averaged, at most about twice as many."""

INERTIA_SHOTS = 20_000
"""Training shots for the correlation of half-shots, at most about twice as many."""

LEAST_BINS = 5
"""Bins of p_B, of ten, in which two held-out chains have shots; with fewer, calibration cannot be
judged."""


def assess(
    number: int,
    shots: Gathered,
    paths: PathTable,
    model: Committor,
    before: Committor | None,
    inputs: DescriptorSet,
    config: Config,
) -> Assessment:
    """Test for convergence after round ``number``.

    Parameters
    ----------
    number
        Of the round, from 0.
    shots, paths
        Of rounds 0 to ``number``.
    model, before
        Of this round and of the one before, None in round 0.
    inputs, config
        Descriptors of the models, and the settings.

    Raises
    ------
    DataError
        If no chain is held out.
    """
    apart = held_out(shots.data.chain, config.learn.held_out_every)
    data = shots.data.subset(apart)
    if len(data) == 0:
        raise DataError(
            "config.yaml",
            f"learn.held_out_every: {config.learn.held_out_every}: leaves no chain held out of"
            f" {len(np.unique(shots.data.chain))}; use more chains or a smaller number",
        )
    q = model.q(data.features)
    previous = None
    if before is not None:
        previous = loss_per_outcome(before.q(data.features), data.n_a, data.n_b)
    tolerance = config.convergence.calibration_tolerance
    calibration = calibration_test(q, data.n_a, data.n_b, data.chain, tolerance)
    rho, transitions = _transitions(shots, model, q, apart, tolerance)
    enough = calibration.bins >= LEAST_BINS
    path_q = frame_q(paths.frames, inputs, model)
    figures = AssessmentInputs(
        round=number,
        counts=count_shots(shots.table, rho),
        heldout_loss=loss_per_outcome(q, data.n_a, data.n_b),
        heldout_loss_se=clustered_se(q, data.n_a, data.n_b, data.chain),
        previous_loss=previous,
        calibration_p=calibration.p_value if enough else None,
        calibration_error=calibration.rms_deviation if enough else None,
        spread=_errors_near_zero(paths, path_q, model, inputs),
        lengths=chain_series(paths.index, paths.index["length"].astype(np.float64)),
        crossings=chain_series(paths.index, _crossings(paths, path_q, model, inputs)),
        transitions=transitions,
        error=model.error,
    )
    return apply_criteria(figures, config.convergence)


def _transitions(
    shots: Gathered, model: Committor, q: Q, apart: Mask, tolerance: float
) -> tuple[float | None, TransitionCheck | None]:
    """Latent correlation of half-shots by training chains, and transitions of held-out chains.

    ``q`` is that of the held-out shots, for which ``apart`` (S,) is true.
    """
    table, both = shots.table, decided(shots.table)
    first, second = table["end_backward"] == "B", table["end_forward"] == "B"
    # Of shots that might have been stopped early, those that were not are a biased sample.
    known = np.flatnonzero(both & ~apart & ~table["watched"])
    known = known[:: max(1, len(known) // INERTIA_SHOTS)]
    p = q_to_p(model.q(shots.data.features[known]))
    rho = fit_latent_correlation(p, first[known], second[known])
    tested = both & apart
    p = q_to_p(q[both[apart]])
    joins, chain = is_transition(table)[tested], shots.data.chain[tested]
    return rho, check_transitions(p, joins, chain, rho or 0.0, tolerance)


def _errors_near_zero(
    paths: PathTable, path_q: Q, model: Committor, inputs: DescriptorSet
) -> Array:
    """Standard deviation of the error of q (F,) at candidate frames with |q| < 1."""
    use, _ = candidate_frames(paths)
    near = np.flatnonzero(use & (np.abs(path_q) < 1))
    near = near[:: max(1, len(near) // SPREAD_FRAMES)]
    return model.q_error(frame_features(paths.frames[near], inputs))


def _crossings(paths: PathTable, path_q: Q, model: Committor, inputs: DescriptorSet) -> Array:
    """Where each path crosses q = 0, see `crossing_coordinates`."""
    at_zero = paths.frames[crossing_frames(paths, path_q)]
    return crossing_coordinates(frame_features(at_zero, inputs), model.q)


def one_line(result: Assessment, rounds_max: int) -> str:
    """Progress of the run, such as ``round 3 of at most 8: 16,000 shots, 23 % accepted, ...``."""
    counts = result.counts
    return (
        f"round {result.round + 1} of at most {rounds_max}"
        f" (rounds/{result.round:03d}): "
        f"{counts.shots:,} shots, {100 * counts.acceptance:.0f} % accepted, "
        f"held-out loss {result.heldout_loss:.3f}, "
        + ("converged: " + result.reason if result.converged else result.reason)
    )
