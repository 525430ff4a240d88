"""How well paths stored in part are restored: distances, descriptors, means over paths."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_q, load_round_model
from mechanist.committor.network import Committor
from mechanist.sampling.records.thinning import Thinning
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import States
from mechanist.systems.prepared import load, load_inputs
from mechanist.trajectory.agreement import PATH_QUANTITIES, Agreement, agreement, path_quantities
from mechanist.trajectory.gap_map import GapMaps
from mechanist.trajectory.restore import Audit, audit, restore

JUDGED = 1500
"""Paths whose descriptors are compared, at most."""

DRAWS = 1
"""Seed of what maps leave over."""

Both = list[tuple[Array, Array, NDArray[np.bool_]]]
"""Of each path its true features (L, P), those of the restored one, and which frames (L,) were
missing."""


@dataclass(frozen=True)
class Sampled:
    """What restored paths of a run are judged by.

    Parameters
    ----------
    masses
        (N,) in Da.
    states
        A and B.
    inputs
        Of the networks.
    model
        The network of the last round that has one, or None.
    """

    masses: Array
    states: States
    inputs: DescriptorSet
    model: Committor | None

    def inside(self, frames: Array) -> NDArray[np.bool_]:
        """Whether frames (F, N, 3) lie in A or B, (F,)."""
        return np.asarray(self.states.label_positions(frames.astype(np.float32)) != 0)

    def places(self, frames: Array) -> Array:
        """Reaction coordinate (F,) of frames (F, N, 3); 0 as long as there is none."""
        if self.model is None:
            return np.zeros(len(frames))
        return frame_q(frames.astype(np.float32), self.inputs, self.model)


def sampled(layout: Layout) -> Sampled:
    """Read it from the files of a run."""
    prepared, inputs = load(layout), load_inputs(layout)
    there = [number for number in layout.rounds() if layout.round(number).model.is_file()]
    model = load_round_model(layout, there[-1], inputs) if there else None
    return Sampled(prepared.masses, prepared.states, inputs, model)


@dataclass(frozen=True)
class Judged:
    """How well paths stored every so many-th frame are restored.

    ``paths`` are those whose means are compared, ``share`` is that of their frames that is stored.
    """

    found: Audit
    descriptors: float
    same: list[Agreement]
    paths: int
    share: float

    def told(self) -> str:
        """A line of text."""
        found, within = self.found, sum(one.within for one in self.same)
        return (
            f"one frame in {found.factor}: {found.method}, heavy atoms {found.mean:.4f} nm off,"
            f" 99 % within {found.p99:.4f} nm; descriptors {self.descriptors:.2f} standard"
            f" deviations; {within} of {len(self.same)} means over paths within their intervals"
        )

    def to_json(self) -> dict[str, Any]:
        """A row of the audit."""
        means = [asdict(one) | {"within": one.within} for one in self.same]
        rest = {"descriptors": self.descriptors, "paths": self.paths, "share": self.share}
        return asdict(self.found) | rest | {"means": means}


def judge(paths: Sequence[Array], factor: int, run: Sampled) -> Judged:
    """Restore paths of which every ``factor``-th frame is known, and compare."""
    found, maps = audit(paths, factor, Thinning(factor, None).rows, run.masses, run.places)
    both = features_of(paths[1::2], found, maps, run)
    missing = np.concatenate([one for *_, one in both])
    share = 1 - float(missing.mean())
    return Judged(found, described(both), same_answers(both, run), len(both), share)


def features_of(paths: Sequence[Array], found: Audit, maps: GapMaps | None, run: Sampled) -> Both:
    """What the network sees of true paths and of those restored with what maps leave over."""
    result, rng = [], np.random.default_rng(DRAWS)
    thinning = Thinning(found.factor, None)
    for i, path in enumerate(paths[:: -(-len(paths) // JUDGED)]):
        rows = np.unique(thinning.rows(len(path), i))
        missing = np.ones(len(path), dtype=np.bool_)
        missing[rows] = False
        made = restore(path[rows], rows, found.method, maps, rng, run.inside)
        values = run.inputs.values(np.concatenate([path, made]).astype(np.float32))
        features = run.inputs.features(values)
        result.append((features[: len(path)], features[len(path) :], missing))
    return result


def described(both: Both) -> float:
    """Root mean square change of the network's inputs in missing frames, in their spreads."""
    true = np.concatenate([one[missing] for one, _, missing in both])
    made = np.concatenate([other[missing] for _, other, missing in both])
    spread = np.maximum(true.std(axis=0), 1e-9)
    return float(np.sqrt((((made - true) / spread) ** 2).mean()))


def same_answers(both: Both, run: Sampled) -> list[Agreement]:
    """Means over paths of the network's inputs, of p_B and of what paths do, of both."""
    model = run.model
    names = [f"{name}, mean over the path" for name in run.inputs.feature_names]
    names += PATH_QUANTITIES if model else ()

    def row(features: Array) -> Array:
        mean = features.mean(axis=0)
        return mean if model is None else np.concatenate([mean, path_quantities(model.q(features))])

    true = np.array([row(one) for one, _, _ in both])
    made = np.array([row(other) for _, other, _ in both])
    return agreement(names, true, made)
