"""How well restored paths reproduce the true ones: distances, descriptors, means over paths."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Features, Q
from mechanist.bookkeeping.journal import Journal
from mechanist.sampling.records.thinning import Thinning
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import States
from mechanist.trajectory.restore.gap_map import Along, GapMaps
from mechanist.trajectory.restore.restore import Audit, audit, largest, restore

JUDGED = 1500
"""Largest number of paths whose descriptors are compared."""

DRAWS = 1
"""Seed of the residuals that are drawn."""

LEVEL = 1.96
"""Standard errors on either side: 95 %."""

UNITS = (
    "nm, over heavy atoms and missing frames; descriptors: root mean square change of the inputs of"
    " the network in their standard deviations; means: over paths, with 95 % intervals"
)

Both = list[tuple[Features, Features, NDArray[np.bool_]]]
"""For each path: true features (L, P), those of the restored path, and which frames (L,) were
missing."""


@dataclass(frozen=True)
class Sampled:
    """The system of a run, with the network that its restored paths are compared by.

    Parameters
    ----------
    masses
        (N,) in Da.
    states
        A and B.
    inputs
        Of the networks.
    q
        Features (F, P) to q(x) (F,) by the latest network; None without one.
    along
        Positions (F, N, 3) to the same; None without a network.
    """

    masses: Array
    states: States
    inputs: DescriptorSet
    q: Callable[[Features], Q] | None
    along: Along | None

    def inside(self, frames: Array) -> NDArray[np.bool_]:
        """Whether frames (F, N, 3) lie in A or B, (F,)."""
        return np.asarray(self.states.label_positions(frames.astype(np.float32)) != 0)


@dataclass(frozen=True)
class Agreement:
    """A mean over paths, from true and from restored frames.

    Parameters
    ----------
    quantity
        Its name.
    full, low, high
        Mean over true paths with its 95 % interval.
    restored
        Mean over restored paths.
    """

    quantity: str
    full: float
    low: float
    high: float
    restored: float

    @property
    def within(self) -> bool:
        """Whether the restored mean is in the interval of the true mean."""
        return self.low <= self.restored <= self.high


def agreement(names: Sequence[str], true: Array, restored: Array) -> list[Agreement]:
    """Compare means over paths; true and restored values are (paths, quantities).

    Paths are taken as independent, so intervals are too narrow rather than too wide.
    """
    mean, error = true.mean(axis=0), LEVEL * true.std(axis=0, ddof=1) / np.sqrt(len(true))
    rows = zip(names, mean, mean - error, mean + error, restored.mean(axis=0), strict=True)
    return [Agreement(name, *(float(value) for value in row)) for name, *row in rows]


PATH_QUANTITIES = (
    "p_B of the network, mean over the path",
    "p_B (1 - p_B), mean over the path",
    "frames with |q| < 1",
    "crossings of q = 0",
    "largest step of q between frames",
)


def path_quantities(q: Array) -> Array:
    """`PATH_QUANTITIES` of one path from q (L,) of its frames."""
    p = q_to_p(q)
    return np.array(
        [
            p.mean(),
            (p * (1 - p)).mean(),
            (np.abs(q) < 1).sum(),
            (np.diff(np.sign(q)) != 0).sum(),
            np.abs(np.diff(q)).max(initial=0.0),
        ]
    )


@dataclass(frozen=True)
class Judged:
    """How well paths are restored from every n-th frame.

    Parameters
    ----------
    found
        Distances, and the best method.
    descriptors
        Root mean square change of the inputs in missing frames, in their standard deviations.
    same
        Means over paths, true and restored.
    paths
        Number of paths in these means.
    share
        Fraction of frames that is stored.
    """

    found: Audit
    descriptors: float
    same: list[Agreement]
    paths: int
    share: float

    def line(self) -> str:
        """A line of text for the log."""
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


def audited(
    paths: Sequence[Array], run: Sampled, factors: Sequence[int], log: Journal
) -> dict[int, Judged]:
    """Judge the restoration of paths (L, N, 3) in nm for each stride in ``factors``.

    Raises
    ------
    DataError
        If there are too few paths in full.
    """
    result = {}
    for factor in sorted(set(factors)):
        result[factor] = judge(paths, factor, run)
        log(result[factor].line())
    return result


def audit_content(judged: Mapping[int, Judged], tolerance: float) -> dict[str, Any]:
    """Content of the JSON file of an audit."""
    return {
        "tolerance": tolerance,
        "largest_factor": largest([one.found for one in judged.values()], tolerance),
        "factors": [one.to_json() for one in judged.values()],
        "units": UNITS,
    }


def judge(paths: Sequence[Array], factor: int, run: Sampled) -> Judged:
    """Restore paths from every ``factor``-th frame, and compare."""
    found, maps = audit(paths, factor, Thinning(factor, None).rows, run.masses, run.along)
    both = features_of(paths[1::2], found, maps, run)
    missing = np.concatenate([one for *_, one in both])
    share = 1 - float(missing.mean())
    return Judged(found, described(both), same_answers(both, run), len(both), share)


def features_of(paths: Sequence[Array], found: Audit, maps: GapMaps | None, run: Sampled) -> Both:
    """Features of true paths, and of paths restored with residuals drawn at random."""
    result, rng = [], np.random.default_rng(DRAWS)
    thinning = Thinning(found.factor, None)
    for i, path in enumerate(paths[:: -(-len(paths) // JUDGED)]):
        rows = np.unique(thinning.rows(len(path), i))
        missing = np.ones(len(path), dtype=np.bool_)
        missing[rows] = False
        restored = restore(path[rows], rows, found.method, maps, rng, run.inside)
        values = run.inputs.values(np.concatenate([path, restored]).astype(np.float32))
        features = run.inputs.features(values)
        result.append((features[: len(path)], features[len(path) :], missing))
    return result


def described(both: Both) -> float:
    """Root mean square change of the inputs in missing frames, in their standard deviations."""
    true = np.concatenate([one[missing] for one, _, missing in both])
    restored = np.concatenate([other[missing] for _, other, missing in both])
    spread = np.maximum(true.std(axis=0), 1e-9)
    return float(np.sqrt((((restored - true) / spread) ** 2).mean()))


def same_answers(both: Both, run: Sampled) -> list[Agreement]:
    """Means over true and restored paths: inputs, p_B, and `PATH_QUANTITIES`."""
    q = run.q
    names = [f"{name}, mean over the path" for name in run.inputs.feature_names]
    names += PATH_QUANTITIES if q else ()

    def row(features: Features) -> Array:
        mean = features.mean(axis=0)
        return mean if q is None else np.concatenate([mean, path_quantities(q(features))])

    true = np.array([row(one) for one, _, _ in both])
    restored = np.array([row(other) for _, other, _ in both])
    return agreement(names, true, restored)
