"""Stage ``restore``: paths that were stored in part at full resolution again, with an audit."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.files import write_json
from mechanist.job_files import WorkerFiles
from mechanist.journal import Journal
from mechanist.layout import Layout
from mechanist.sampling.records import read_notes, read_paths, read_stored, write_frames
from mechanist.sampling.store import Store, store_of
from mechanist.stages.assess import load_round_model
from mechanist.systems.descriptors import DescriptorSet
from mechanist.systems.prepared import Prepared, load, load_inputs
from mechanist.trajectory.agreement import PATH_QUANTITIES, Agreement, agreement, path_quantities
from mechanist.trajectory.gap_map import GapMaps
from mechanist.trajectory.restore import (
    Audit,
    audit,
    largest,
    restore,
    stored_rows,
)

Array = NDArray[np.float64]

FACTORS = (2, 3, 4, 6, 8)
MOST = 3000
"""Paths of the audit at most, spread over the run."""

JUDGED = 1500
"""Paths whose descriptors are compared, at most."""

UNITS = (
    "nm, over heavy atoms and missing frames; descriptors: root mean square change of the inputs of"
    " the network in their standard deviations; means: over paths, with 95 % intervals"
)

DRAWS = 1
"""Seed of what maps leave over."""

Both = list[tuple[Array, Array, NDArray[np.bool_]]]
"""Of each path its true features (L, P), those of the restored one, and which frames (L,) were
missing."""


def audit_run(
    layout: Layout,
    tolerance: float,
    out: Path,
    log: Journal,
    job: tuple[int, int] | None = None,
    nearest: bool = False,
) -> None:
    """Measure how well missing frames can be restored, and restore the paths of one job.

    Parameters
    ----------
    layout
        Files of the run.
    tolerance
        That the 99th percentile of distances of heavy atoms must keep, in nm.
    out
        JSON with the audit; restored paths are beside it as TRR.
    log
        Takes a line of text.
    job
        Round and worker whose paths are restored; None for the audit only.
    nearest
        Leave out what maps cannot know, instead of drawing it.

    Raises
    ------
    DataError
        If there are too few paths in full, or the paths of the job cannot be restored.
    """
    prepared, inputs = load(layout), load_inputs(layout)
    masses = masses_of(prepared, layout)
    paths = full_paths(layout, prepared.atoms)
    store = None if job is None else _job_store(layout, job)
    model = last_model(layout, inputs)
    every = {}
    for factor in sorted({*FACTORS, *([] if store is None else [store.every])}):
        every[factor] = judge(paths, factor, masses, inputs, model)
        log(every[factor].told())
    allowed = largest([one.found for one in every.values()], tolerance)
    log(f"within {tolerance} nm: sampling.store.every: {allowed}")
    content = {"tolerance": tolerance, "largest_factor": allowed, "paths": len(paths)}
    factors = [one.to_json() for one in every.values()]
    write_json(out, content | {"factors": factors, "units": UNITS})
    if job is not None and store is not None:
        files, rng = _job_files(layout, job), np.random.default_rng([DRAWS, *job])
        own = every[store.every]

        def fill(knots: Array, rows: NDArray[np.int64]) -> Array:
            return restore(knots, rows, own.found.method, own.maps, None if nearest else rng)

        _restore_job(files, store, fill, prepared.atoms, out.with_suffix(".trr"), log)


@dataclass(frozen=True)
class Judged:
    """How well paths stored every so many-th frame are restored, and what restores them."""

    found: Audit
    maps: GapMaps
    descriptors: float
    same: list[Agreement]

    def told(self) -> str:
        """A line of text."""
        found, within = self.found, sum(one.within for one in self.same)
        return (
            f"every {found.factor}th frame: {found.method}, heavy atoms {found.mean:.4f} nm off,"
            f" 99 % within {found.p99:.4f} nm; descriptors {self.descriptors:.2f} standard"
            f" deviations; {within} of {len(self.same)} means over paths within their intervals"
        )

    def to_json(self) -> dict[str, Any]:
        """A row of the audit."""
        means = [asdict(one) | {"within": one.within} for one in self.same]
        return asdict(self.found) | {"descriptors": self.descriptors, "means": means}


def judge(
    paths: list[Array],
    factor: int,
    masses: Array,
    inputs: DescriptorSet,
    model: Committor | None,
) -> Judged:
    """Restore paths of which every ``factor``-th frame is known, and compare."""
    heavy = np.flatnonzero(masses > 2)
    found, maps = audit(paths, factor, masses, heavy if len(heavy) else None)
    both = features_of(paths[1::2], found, maps, inputs)
    return Judged(found, maps, described(both), same_answers(both, inputs, model))


def masses_of(prepared: Prepared, layout: Layout) -> Array:
    """Masses (N,) in Da.

    Raises
    ------
    DataError
        If there are virtual sites.
    """
    from openmm import unit

    every = (prepared.system.getParticleMass(i) for i in range(prepared.atoms))
    masses = np.array([mass.value_in_unit(unit.dalton) for mass in every], dtype=np.float64)
    if (masses <= 0).any():
        raise DataError(layout.system_xml, "has virtual sites; their paths cannot be restored")
    return masses


def full_paths(layout: Layout, atoms: int) -> list[Array]:
    """Paths of a run that are stored in full, at most `MOST` of them.

    Raises
    ------
    DataError
        If there are none.
    """
    tables = []
    for number in layout.rounds():
        for files in layout.round(number).workers:
            if files.full[1].is_file():
                tables.append(read_paths(*files.full, atoms))
    every = [(table, i) for table in tables for i in range(len(table))]
    if not every:
        raise DataError(layout.root, "has no paths yet")
    chosen = every[:: -(-len(every) // MOST)]
    return [table.path(i).astype(np.float64) for table, i in chosen]


def features_of(paths: Sequence[Array], found: Audit, maps: GapMaps, inputs: DescriptorSet) -> Both:
    """What the network sees of true paths and of those restored with what maps leave over."""
    result, rng = [], np.random.default_rng(DRAWS)
    for path in paths[:: -(-len(paths) // JUDGED)]:
        rows = stored_rows(len(path), found.factor)
        missing = np.ones(len(path), dtype=np.bool_)
        missing[rows] = False
        made = restore(path[rows], rows, found.method, maps, rng)
        values = inputs.values(np.concatenate([path, made]).astype(np.float32))
        features = inputs.features(values)
        result.append((features[: len(path)], features[len(path) :], missing))
    return result


def described(both: Both) -> float:
    """Root mean square change of the network's inputs in missing frames, in their spreads."""
    true = np.concatenate([one[missing] for one, _, missing in both])
    made = np.concatenate([other[missing] for _, other, missing in both])
    spread = np.maximum(true.std(axis=0), 1e-9)
    return float(np.sqrt((((made - true) / spread) ** 2).mean()))


def same_answers(both: Both, inputs: DescriptorSet, model: Committor | None) -> list[Agreement]:
    """Means over paths of the network's inputs, of p_B and of what paths do, of both."""
    names = [f"{name}, mean over the path" for name in inputs.feature_names]
    names += PATH_QUANTITIES if model else ()

    def row(features: Array) -> Array:
        mean = features.mean(axis=0)
        return mean if model is None else np.concatenate([mean, path_quantities(model.q(features))])

    true = np.array([row(one) for one, _, _ in both])
    made = np.array([row(other) for _, other, _ in both])
    return agreement(names, true, made)


def last_model(layout: Layout, inputs: DescriptorSet) -> Committor | None:
    """The network of the last round that has one."""
    there = [number for number in layout.rounds() if layout.round(number).model.is_file()]
    return load_round_model(layout, there[-1], inputs) if there else None


def _job_files(layout: Layout, job: tuple[int, int]) -> WorkerFiles:
    return layout.round(job[0]).worker(job[1])


def _job_store(layout: Layout, job: tuple[int, int]) -> Store:
    """What of a job's paths was stored.

    Raises
    ------
    DataError
        If they were all stored, or not all waters were.
    """
    index = _job_files(layout, job).index
    store = store_of(read_notes(index), index)
    if store is None or store.every == 1:
        raise DataError(index, "its paths are stored with all frames; nothing is to be restored")
    if store.waters is not None:
        raise DataError(index, "not all waters were stored; they cannot be restored")
    return store


def _restore_job(
    files: WorkerFiles,
    store: Store,
    fill: Callable[[Array, NDArray[np.int64]], Array],
    atoms: int,
    out: Path,
    log: Journal,
) -> None:
    """Write the paths of a job, whose gaps ``fill`` fills."""
    table = read_stored(files.paths, files.index, atoms)
    frames = []
    for i in range(len(table)):
        length, move = int(table.index["length"][i]), int(table.index["move"][i])
        knots = table.path(i).astype(np.float64)
        whole = len(knots) == length
        frames.append(knots if whole else fill(knots, np.unique(store.rows(length, move))))
    write_frames(out, [one.astype(np.float32) for one in frames])
    log(f"{out}: {len(frames)} paths, {sum(map(len, frames))} frames")
