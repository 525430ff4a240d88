"""Stage ``assess``: tests whether the answer of a round is good enough to stop."""

from collections.abc import Callable
from dataclasses import asdict

from mechanist.analysis.channels.path_features import channel_measures
from mechanist.analysis.convergence import assess as convergence
from mechanist.analysis.convergence.forgetting import guess_forgotten
from mechanist.analysis.convergence.imported import assess_imported
from mechanist.analysis.intermediates.record import gather_long, place_descriptors
from mechanist.bookkeeping.files import manifest, write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import gather_paths, gather_shots, load_round_crossfit
from mechanist.sampling.families import read_families
from mechanist.sampling.outside.write_run import Imported, read_imported
from mechanist.settings.config import Config
from mechanist.systems.prepared import load, load_inputs


def assess(
    config: Config, layout: Layout, number: int, log: Callable[[str], None], setup: str = ""
) -> None:
    """Write assessment.json and manifest.json of a round; log one line.

    ``setup`` is a hash of all that the rounds depend on. By it the workflow knows later that it
    would find the same, without reading every file of every round.
    """
    imported = read_imported(layout)
    if imported is not None:
        _assess_imported(config, layout, imported, log)
        return
    inputs, prepared = load_inputs(layout), load(layout)
    atoms = prepared.atoms
    workers, rounds = config.sampling.workers, range(number + 1)
    places = place_descriptors(prepared.states, inputs, prepared.masses)
    defining = len(prepared.states.descriptors)
    longest = prepared.max_half_frames * prepared.stride * prepared.timestep
    result = convergence.assess(
        number,
        gather_shots(layout, rounds, workers, inputs, atoms),
        gather_paths(layout, rounds, workers, atoms),
        load_round_crossfit(layout, number, inputs),
        load_round_crossfit(layout, number - 1, inputs) if number else None,
        inputs,
        channel_measures(inputs, prepared.states, prepared.masses),
        read_families(layout),
        config,
        gather_long(layout, rounds, workers, atoms, places, defining),
        (prepared.timestep, longest),
    )
    files = layout.round(number)
    content = result.to_json() | {"setup": setup}
    if number == 0:
        content["guess"] = guess_forgotten(layout, workers, atoms)
    write_json(files.assessment, content)
    parts = [files.model, files.model_card, files.crossfit, files.crossfit_card, files.training]
    for worker in range(workers):
        parts += files.worker(worker).all()
    # Without the assessment: a changed threshold rewrites it and nothing else of the round.
    write_json(files.manifest, manifest(parts, files.folder))
    log(convergence.one_line(result, config.sampling.rounds_max))


def _assess_imported(
    config: Config, layout: Layout, imported: Imported, log: Callable[[str], None]
) -> None:
    """Write assessment.json of shots that were made elsewhere."""
    inputs = load_inputs(layout)
    shots = gather_shots(layout, [0], config.sampling.workers, inputs, load(layout).atoms)
    unseen = load_round_crossfit(layout, 0, inputs)
    result = assess_imported(shots, unseen, config, imported.text)
    source = asdict(imported) | {"text": imported.text}
    write_json(layout.round(0).assessment, result.to_json() | {"imported": source})
    log(result.reason)
