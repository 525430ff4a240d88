"""Stage ``assess``: tests whether the answer of a round is good enough to stop."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.convergence.chains import (
    chain_series,
    crossing_coordinates,
    crossing_frames,
)
from mechanist.analysis.convergence.convergence import Assessment, AssessmentInputs, assess
from mechanist.analysis.convergence.counts import count_shots, decided, is_transition
from mechanist.analysis.convergence.inertia import (
    TransitionCheck,
    check_transitions,
    fit_latent_correlation,
)
from mechanist.bookkeeping.files import manifest, write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.calibration import calibration_test
from mechanist.committor.data import held_out
from mechanist.committor.gather import (
    Gathered,
    candidate_frames,
    frame_features,
    frame_q,
    gather_paths,
    gather_shots,
    load_round_model,
)
from mechanist.committor.likelihood import clustered_se, loss_per_outcome
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.stages.forget import guess_forgotten
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load as load_system
from mechanist.systems.prepared import load_inputs

SPREAD_FRAMES = 20_000
"""Frames near q = 0 that the mean error is taken over, at most about twice as many."""

INERTIA_SHOTS = 20_000
"""Training shots that the correlation of halves is learned from, at most about twice as many."""

LEAST_BINS = 5
"""Bins of p_B, of ten, that must hold shots of two held-out chains to judge the calibration."""


def assess_round(
    config: Config, layout: Layout, number: int, log: Callable[[str], None], setup: str = ""
) -> Assessment:
    """Write assessment.json and manifest.json of a round; log one line.

    ``setup`` is a hash of all that the rounds follow from; by it the workflow knows later, without
    a look at every file of every round, that it would find the same.
    """
    inputs = load_inputs(layout)
    figures = collect_figures(config, layout, number, inputs)
    result = assess(figures, config.convergence)
    files = layout.round(number)
    content = result.to_json() | {"setup": setup}
    if number == 0:
        atoms = load_system(layout).atoms
        content["guess"] = guess_forgotten(layout, config.sampling.workers, atoms)
    write_json(files.assessment, content)
    parts = [files.model, files.model_card, files.training]
    for worker in range(config.sampling.workers):
        parts += files.worker(worker).all()
    # The assessment is left out: a changed threshold writes it anew without touching the round.
    write_json(files.manifest, manifest(parts, files.folder))
    log(one_line(result, config))
    return result


def collect_figures(
    config: Config, layout: Layout, number: int, inputs: DescriptorSet
) -> AssessmentInputs:
    """Everything that the convergence test looks at."""
    atoms = load_system(layout).atoms
    workers = config.sampling.workers
    rounds = range(number + 1)
    model = load_round_model(layout, number, inputs)
    shots = gather_shots(layout, rounds, workers, inputs, atoms)
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
    if number > 0:
        before = load_round_model(layout, number - 1, inputs)
        previous = loss_per_outcome(before.q(data.features), data.n_a, data.n_b)
    tolerance = config.convergence.calibration_tolerance
    calibration = calibration_test(q, data.n_a, data.n_b, data.chain, tolerance)
    rho, transitions = inertia(shots, model, q, apart, tolerance)
    # Where fewer bins can be looked at, that nothing is amiss in them is no sign of anything.
    enough = calibration.bins >= LEAST_BINS
    paths = gather_paths(layout, rounds, workers, atoms)
    path_q = frame_q(paths.frames, inputs, model)
    use, _ = candidate_frames(paths)
    near = np.flatnonzero(use & (np.abs(path_q) < 1))
    near = near[:: max(1, len(near) // SPREAD_FRAMES)]
    at_zero = frame_features(paths.frames[crossing_frames(paths, path_q)], inputs)
    crossing = crossing_coordinates(at_zero, model.q)
    return AssessmentInputs(
        round=number,
        counts=count_shots(shots.table, rho),
        heldout_loss=loss_per_outcome(q, data.n_a, data.n_b),
        heldout_loss_se=clustered_se(q, data.n_a, data.n_b, data.chain),
        previous_loss=previous,
        calibration_p=calibration.p_value if enough else None,
        calibration_error=calibration.rms_deviation if enough else None,
        spread=model.q_error(frame_features(paths.frames[near], inputs)),
        lengths=chain_series(paths.index, paths.index["length"].astype(np.float64)),
        crossings=chain_series(paths.index, crossing),
        transitions=transitions,
        error=model.error,
    )


def inertia(
    shots: Gathered,
    model: Committor,
    q: NDArray[np.float64],
    apart: NDArray[np.bool_],
    tolerance: float,
) -> tuple[float | None, TransitionCheck | None]:
    """Latent correlation of halves by training chains, and transitions of held-out chains.

    ``q`` is that of the held-out shots, for which ``apart`` (S,) is true.
    """
    table, both = shots.table, decided(shots.table)
    first, second = table["end_backward"] == "B", table["end_forward"] == "B"
    # Of shots that might have been stopped, those that were seen are no fair sample.
    known = np.flatnonzero(both & ~apart & ~table["watched"])
    known = known[:: max(1, len(known) // INERTIA_SHOTS)]
    p = q_to_p(model.q(shots.data.features[known]))
    rho = fit_latent_correlation(p, first[known], second[known])
    tested = both & apart
    p = q_to_p(q[both[apart]])
    joins, chain = is_transition(table)[tested], shots.data.chain[tested]
    return rho, check_transitions(p, joins, chain, rho or 0.0, tolerance)


def one_line(result: Assessment, config: Config) -> str:
    """Progress of the run, such as ``round 3 of at most 8: 16,000 shots, 23 % accepted, ...``."""
    counts = result.counts
    return (
        f"round {result.round + 1} of at most {config.sampling.rounds_max}"
        f" (rounds/{result.round:03d}): "
        f"{counts.shots:,} shots, {100 * counts.acceptance:.0f} % accepted, "
        f"held-out loss {result.heldout_loss:.3f}, "
        + ("converged: " + result.reason if result.converged else result.reason)
    )
