"""Table T1: every model of super-resolution on one trajectory, at every length of gap."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trajectory.measure.rows import (
    Fill,
    Fitted,
    Stopwatch,
    learning_windows,
    plain_models,
    row_of,
)
from benchmarks.trajectory.measure.sizes import GAPS, Size
from benchmarks.trajectory.models.networks import KINDS
from benchmarks.trajectory.models.recurrent import train_steppers
from benchmarks.trajectory.names import BRIDGE, BRIDGE_A
from mechanist.trajectory.dataset import Dataset, by_time, windows
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.learned import learn_bridge
from mechanist.trajectory.trajectory import Trajectory

Say = Callable[[str], None]


def measure(
    trajectory: Trajectory,
    permutations: NDArray[np.int64],
    size: Size,
    seed: int,
    say: Say,
    device: str = "cpu",
) -> tuple[list[dict[str, Any]], Bridge]:
    """Learn every model from the first part of a trajectory and test it on the last.

    Parameters
    ----------
    trajectory
        By velocity Verlet, with velocities and forces.
    permutations
        (G, N) of like atoms.
    size
        How much.
    seed
        Of weights and batches.
    say
        Takes lines of progress.
    device
        Where networks are trained.

    Returns
    -------
    list of dict
        One for each model and length of gap, and our model.
    """
    dataset = by_time(trajectory, max(GAPS) + 2, size.validate, size.test)
    tests = {gap: windows(dataset.test, gap) for gap in GAPS}
    clock = Stopwatch()
    geometries = size.geometries_of(len(trajectory.masses))
    bridge = learn_bridge(dataset, permutations, geometries)
    numbers = int(getattr(bridge.forces, "parameters", 0))
    say(f"forces from {geometries} geometries: {clock.read()[1]:.0f} s of processor")
    spent = clock.read()
    ours = [
        Fitted(BRIDGE, lambda gaps: bridge(gaps.ends), numbers, *spent),
        Fitted(BRIDGE_A, lambda gaps: bridge(gaps.ends, gaps.accelerations), numbers, *spent),
    ]
    rows = []
    for gap in GAPS:
        for model in [*ours, *plain_models(dataset, gap, size)]:
            rows.append(row_of(model, gap, tests[gap], trajectory))
            say(f"T = {gap}: {model.name} {rows[-1]['position']:.1e} nm")
    for gap, model in _networks(dataset, size, seed, device):
        rows.append(row_of(model, gap, tests[gap], trajectory))
        say(f"T = {gap}: {model.name} {rows[-1]['position']:.1e} nm")
    return rows, bridge


def _networks(dataset: Dataset, size: Size, seed: int, device: str) -> Iterator[tuple[int, Fitted]]:
    """Networks from one end and from both, for each length of gap."""
    gaps = [learning_windows(dataset, gap, size.gaps)[0] for gap in GAPS]
    masses = dataset.train.masses
    for kind in KINDS:
        for both in (True, False):
            clock = Stopwatch()
            steppers = train_steppers(kind, both, gaps, masses, size.budget, seed, device)
            wall, cpu = clock.read()
            name = f"{'bi' if both else 'uni'}-{kind.upper()}"
            for gap, one in zip(GAPS, steppers, strict=True):
                fill: Fill = lambda w, one=one: one(w.ends)  # type: ignore[misc]  # noqa: E731
                yield gap, Fitted(name, fill, one.parameters, wall, cpu)
