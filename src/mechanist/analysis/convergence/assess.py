"""The convergence test of one round: the figures of all shots so far beside their limits."""

import numpy as np

from mechanist.analysis.channels.channels import Channels, channel_of_chains, find_channels
from mechanist.analysis.channels.path_features import Measures, feature_names, path_features
from mechanist.analysis.convergence.agreement import Start
from mechanist.analysis.convergence.chains import (
    chain_series,
    counted_chains,
    crossing_coordinates,
    crossing_frames,
    resembling,
)
from mechanist.analysis.convergence.counts import count_shots, decided, is_transition
from mechanist.analysis.convergence.criteria import Assessment, AssessmentInputs, apply_criteria
from mechanist.analysis.convergence.hopeless import hopeless
from mechanist.analysis.convergence.inertia import (
    TransitionCheck,
    check_transitions,
    fit_latent_correlation,
)
from mechanist.analysis.intermediates.intermediates import Limits, find_intermediates
from mechanist.analysis.intermediates.record import LongRecord
from mechanist.arrays import Array, Q
from mechanist.committor.calibration import calibration_test
from mechanist.committor.crossfit import CrossFit, folds
from mechanist.committor.gather import Gathered, candidate_frames, frame_features, frame_q
from mechanist.committor.likelihood import clustered_se, loss_change, loss_per_outcome
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.sampling.families import Families
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable
from mechanist.settings.config import Config
from mechanist.settings.run import FEWEST_CHAINS
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

SPREAD_FRAMES = 20_000
"""Frames near q = 0 over which the error is averaged, at most about twice as many."""

PLACE_FRAMES = 10_000
"""Frames that the range of paths is taken from, at most about twice as many."""

INERTIA_SHOTS = 20_000
"""Shots for the correlation of half-shots, at most about twice as many."""

FITTING = (0, 1)
"""Parts of the training chains that the correlation of half-shots is fitted to; transitions of all
other chains are tested."""


def assess(
    number: int,
    shots: Gathered,
    paths: PathTable,
    unseen: CrossFit,
    before: CrossFit | None,
    inputs: DescriptorSet,
    measures: Measures,
    families: Families,
    config: Config,
    long: LongRecord | None = None,
    times: tuple[float, float] = (1.0, np.inf),
) -> Assessment:
    """Test for convergence after round ``number``.

    Parameters
    ----------
    number
        Of the round, from 0.
    shots, paths
        Of rounds 0 to ``number``.
    unseen, before
        Networks that predict chains that they have not seen, and the model, of this round and of
        the one before, None in round 0.
    inputs, measures
        Descriptors of the models, and those that tell channels apart.
    families, config
        Families of the chains, and the settings.
    long, times
        Half-shots that were too long; the time of an MD step and the longest half-shot, in ps.

    Raises
    ------
    DataError
        If no chain is held out.
    """
    data, model = shots.data, unseen.model
    apart = held_out(data.chain, config.learn.held_out_every)
    tested = data.subset(apart)
    if len(tested) == 0:
        raise DataError(
            "config.yaml",
            f"sampling.chains: leaves no chain held out of {len(np.unique(data.chain))}; the tests"
            f" need at least {FEWEST_CHAINS} chains over all workers",
        )
    q, limits = unseen.q(data), config.convergence
    gain = None
    if before is not None:
        gain = loss_change(before.q(data), q, data.n_a, data.n_b, data.chain)
    rho, transitions = _transitions(shots, q, unseen, limits.calibration_tolerance)
    held_out_q = q[apart]
    path_q = frame_q(paths.frames, inputs, model)
    channels = _channels(paths, path_q, measures, families)
    crossings, crossing_names = _crossings(paths, path_q, model, inputs)
    figures = AssessmentInputs(
        round=number,
        counts=count_shots(shots.table, rho),
        heldout_loss=loss_per_outcome(held_out_q, tested.n_a, tested.n_b),
        heldout_loss_se=clustered_se(held_out_q, tested.n_a, tested.n_b, tested.chain),
        gain=gain,
        calibration=calibration_test(
            q,
            data.n_a,
            data.n_b,
            data.chain,
            limits.calibration_tolerance,
            limits.calibration_p,
        ),
        spread=_errors_near_zero(paths, path_q, model, inputs),
        lengths=chain_series(paths.index, paths.index["length"].astype(np.float64)),
        crossings=chain_series(paths.index, crossings),
        crossing_names=crossing_names,
        transitions=transitions,
        error=model.error,
        start=Start.of(
            counted_chains(paths.index), families, channel_of_chains(channels, paths.index)
        ),
        channels=channels,
        intermediates=None
        if long is None
        else find_intermediates(
            long, shots.table, place_features(paths, long), Limits(*times, limits.too_long)
        ),
        hopeless=hopeless(shots.table, config),
    )
    return apply_criteria(figures, limits)


def place_features(paths: PathTable, long: LongRecord) -> Array:
    """Features (F, P) of frames between the states, of what places are described by."""
    if not len(long):
        return np.empty((0, len(long.descriptors.owners)))
    # Of all paths, also those of burn-in: there may be no others yet.
    starts, lengths = paths.index["first_frame"], paths.index["frames"]
    inner = np.ones(len(paths.frames), dtype=np.bool_)
    inner[starts] = inner[starts + lengths - 1] = False
    rows = np.flatnonzero(inner)
    rows = rows[:: max(1, len(rows) // PLACE_FRAMES)]
    return frame_features(view(paths.frames, rows), long.descriptors)


def _channels(paths: PathTable, q: Q, measures: Measures, families: Families) -> Channels:
    """Groups of the paths by where they run."""
    inner, _ = candidate_frames(paths)
    path, names = paths.frame_path, feature_names(measures)
    values = path_features(paths.frames, q, path, len(paths), inner, measures)
    return find_channels(values, names, paths.index, families)


def _transitions(
    shots: Gathered, q: Q, unseen: CrossFit, tolerance: float
) -> tuple[float | None, TransitionCheck | None]:
    """Latent correlation of half-shots by some chains, and transitions of the others.

    ``q`` (S,) is predicted for every chain by networks that have not seen it.
    """
    table, chain = shots.table, shots.data.chain
    # Of shots that might have been stopped early, those that were not are a biased sample.
    usable = decided(table) & ~table["watched"]
    fitting = np.isin(folds(chain, unseen.every), FITTING)
    first, second = table["end_backward"] == "B", table["end_forward"] == "B"
    known = np.flatnonzero(usable & fitting)
    known = known[:: max(1, len(known) // INERTIA_SHOTS)]
    rho = fit_latent_correlation(q_to_p(q[known]), first[known], second[known])
    tested = usable & ~fitting
    joins, fitted = is_transition(table)[tested], len(known) or None
    p = q_to_p(q[tested])
    return rho, check_transitions(p, joins, chain[tested], rho or 0.0, tolerance, fitted)


def _errors_near_zero(
    paths: PathTable, path_q: Q, model: Committor, inputs: DescriptorSet
) -> Array:
    """Standard deviation of the error of q (F,) at candidate frames with |q| < 1."""
    use, _ = candidate_frames(paths)
    near = np.flatnonzero(use & (np.abs(path_q) < 1))
    near = near[:: max(1, len(near) // SPREAD_FRAMES)]
    return model.q_error(frame_features(view(paths.frames, near), inputs))


def _crossings(
    paths: PathTable, path_q: Q, model: Committor, inputs: DescriptorSet
) -> tuple[Array, tuple[str, ...]]:
    """Where each path crosses q = 0, see `crossing_coordinates`; the features that these follow."""
    at_zero = view(paths.frames, crossing_frames(paths, path_q))
    features = frame_features(at_zero, inputs)
    coordinates = crossing_coordinates(features, model.q)
    return coordinates, resembling(features, coordinates, inputs.feature_names)


def one_line(result: Assessment, rounds_max: int) -> str:
    """Progress of the run, such as ``round 3 of at most 8: 16,000 shots, 23 % accepted, ...``."""
    counts = result.counts
    return (
        f"round {result.round + 1} of at most {rounds_max}"
        f" (rounds/{result.round:03d}): "
        f"{counts.shots:,} shots, {100 * counts.acceptance:.0f} % accepted, "
        f"held-out loss {result.heldout_loss:.3f}, "
        + ("converged: " + result.reason if result.converged else result.reason)
        + ("" if result.ended is None else f"; the run ends here: {result.ended}")
    )
