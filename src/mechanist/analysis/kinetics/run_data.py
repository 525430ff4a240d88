"""Equilibrium runs of one job or of all, as the tests of equilibrium see them."""

from collections.abc import Sequence

import numpy as np

from mechanist.analysis.kinetics.run_tests import RunObservations
from mechanist.arrays import Features, FrameSource
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_features
from mechanist.errors import SettingsError, did_you_mean
from mechanist.sampling.excursions.run_tables import STATES
from mechanist.sampling.excursions.tables import RUN_COLUMNS, STATE_COLUMNS
from mechanist.sampling.records.stored_frames import open_frames, view
from mechanist.sampling.records.tables import Table, join, read_table
from mechanist.settings.config import Config
from mechanist.settings.kinetics import KineticsSettings
from mechanist.systems.descriptors.bonds import rotor_atoms
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import Prepared, load_inputs

CHUNK = 4096
"""Frames whose features are computed at a time."""


def observations(
    layout: Layout,
    prepared: Prepared,
    runs: Table,
    states: Table,
    frames: Sequence[FrameSource],
    exploded: int,
    settings: KineticsSettings,
) -> RunObservations:
    """Runs with the features of their frames in the states: network inputs, and what defines A, B.

    Inputs that name one of several like atoms of a methyl group or the like are left out: which one
    is where does not matter, and may change slowly.

    Parameters
    ----------
    layout, prepared
        Files of the run, and the system.
    runs, states, frames
        Tables of the runs, and the frames in the states.
    exploded
        Runs that are not in the tables.
    settings
        For the advice.
    """
    inputs, own = _without_rotors(layout), prepared.states.descriptors
    parts: list[Features] = [np.empty((0, len(inputs.owners) + len(own.owners)))]
    for some in frames:
        for start in range(0, len(some), CHUNK):
            chunk = view(some, slice(start, start + CHUNK))
            both = [frame_features(chunk, inputs), own.features(own.values(chunk))]
            parts.append(np.concatenate(both, axis=1))
    names = [*inputs.feature_names, *own.feature_names]
    owner = [group.descriptors[i].name for group in (inputs, own) for i in group.owners.tolist()]
    _refuse_unknown(settings.ignore_slow, inputs, own)
    _, unique = np.unique(names, return_index=True)
    kept = [i for i in np.sort(unique).tolist() if owner[i] not in settings.ignore_slow]
    count = len(read_table(layout.initial.index, ("frames",))["frames"])
    chains = np.unique(runs["chain"]).tolist()
    return RunObservations(
        runs=runs,
        states=states,
        features=np.concatenate(parts)[:, kept],
        names=[names[i] for i in kept],
        families={chain: chain % STATES[1][1] % count for chain in chains},
        exploded=exploded,
        advice=_advice(settings, runs),
        waivers={names[i]: owner[i] for i in kept if owner[i] not in own.names},
    )


def _refuse_unknown(ignored: Sequence[str], inputs: DescriptorSet, own: DescriptorSet) -> None:
    """Refuse to ignore what is not tested, and what defines the states.

    Raises
    ------
    SettingsError
        In one line, with what may be ignored.
    """
    allowed = [name for name in inputs.names if name not in own.names]
    for name in ignored:
        if name in own.names:
            what = "defines the states, so that it has to do with the rates"
        elif name not in allowed:
            what = f"no input of the models has this name ({', '.join(allowed) or 'none'})"
            what += f" {did_you_mean(name, allowed)}"
        else:
            continue
        raise SettingsError("config.yaml", f"kinetics.ignore_slow: {name!r}: {what}")


def run_frames_made(config: Config, layout: Layout) -> int:
    """Frames of all runs, burn-in and those that exploded included."""
    total, workers = 0, config.sampling.workers
    for worker in range(workers):
        report = layout.kinetics_job(worker).run_report
        content = read_json(report)
        with damage_reported(report):
            total += 2 * int(content["frames"]) * len(range(worker, config.kinetics.runs, workers))
    return total


def all_observations(config: Config, layout: Layout, prepared: Prepared) -> RunObservations:
    """The runs of all jobs.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    jobs = [layout.kinetics_job(worker) for worker in range(config.sampling.workers)]
    exploded = 0
    for job in jobs:
        content = read_json(job.run_report)
        with damage_reported(job.run_report):
            exploded += int(content["exploded"])
    return observations(
        layout,
        prepared,
        join([read_table(job.runs, RUN_COLUMNS) for job in jobs]),
        join([read_table(job.state_index, STATE_COLUMNS) for job in jobs]),
        [open_frames(job.states, prepared.atoms) for job in jobs],
        exploded,
        config.kinetics,
    )


def _without_rotors(layout: Layout) -> DescriptorSet:
    """Inputs of the network that do not depend on which of several like atoms is where."""
    import mdtraj

    inputs = load_inputs(layout)
    rotors = rotor_atoms(mdtraj.load_topology(str(layout.topology)))
    kept = tuple(d for d in inputs.descriptors if d.others or d.custom or not rotors & set(d.atoms))
    return inputs.of(kept)


def _advice(settings: KineticsSettings, runs: Table) -> str:
    """What to set if the runs are not at equilibrium."""
    frames = int(runs["frames"].max()) if len(runs["frames"]) else 0
    return (
        f"runs of {frames:,} frames after burn-in are too short: raise kinetics.run_frames_max"
        f" (now {settings.longest_run:,}), or draw A and B around one part of the state each"
    )
