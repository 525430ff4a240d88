"""The systems with known answers: dynamics, true reaction coordinate, what is looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.systems import prepared as prepare
from mechanist.systems.prepared import Prepared
from tests.conftest import build
from tests.truth.compare import Observables
from tests.truth.kolmogorov import Grid2D, PhaseSpace1D, langevin_1d, overdamped_2d
from tests.truth.paths import Frames

FRICTIONS = (0.5, 2.5, 10.0)

WALKERS = 2000

TITLES = {"aimmd_toy": "AIMMD toy", "muller_brown": "Müller-Brown"}


@dataclass(frozen=True)
class World:
    """A system and how long it is run.

    ``logit`` is the true q or close to it, ``starts`` (W, 1, 3) where the walkers of brute force
    begin, as many in A and in B as in equilibrium, ``frames`` how long they run; ``chains`` and
    ``moves`` are those of sampling.
    """

    name: str
    prepared: Prepared
    logit: Callable[[NDArray[np.floating]], Array]
    observables: Observables
    starts: Array
    frames: int
    chains: int
    moves: int


def _starts(a: Array, b: Array, share: float) -> Array:
    """(WALKERS, 1, 3) points, a ``share`` of them in B."""
    points = np.zeros((WALKERS, 1, 3))
    points[:, 0, : len(a)] = a
    points[: round(share * WALKERS), 0, : len(b)] = b
    return points


def _load(name: str) -> Prepared:
    with TemporaryDirectory() as folder:
        return prepare.load(build(name, Path(folder)))


@cache
def double_well_solution(friction: float) -> PhaseSpace1D:
    """The Langevin committor of the double well.

    Against 800 by 480 cells, p_B and p(transition) are within 3e-4, the mean path within 2e-3.
    """
    return langevin_1d(
        energy=lambda x: 5 * (x**2 - 1) ** 2,
        force=lambda x: -20 * x * (x**2 - 1),
        kt=1.0,
        friction=friction,
        ends=(-0.8, 0.8),
        cells=400,
        velocities=240,
    )


@cache
def double_well(friction: float) -> World:
    """One dimension, three frictions: from ballistic to diffusive over the barrier."""
    solution = double_well_solution(friction)
    p = np.clip(solution.p_b, 1e-6, 1 - 1e-6)
    prepared = replace(_load("double_well"), friction=friction)

    def logit(frames: NDArray[np.floating]) -> Array:
        return np.interp(frames[:, 0, 0], solution.x, np.log(p / (1 - p)))

    def cell(frames: Frames) -> NDArray[np.int64]:
        return np.clip(((frames[:, 0, 0] + 0.8) / 1.6 * 12).astype(int), 0, 11)

    def speed(paths: Sequence[Frames]) -> Array:
        frame = prepared.timestep * prepared.stride
        flat, before = _first_crossings(paths, lambda f: f[:, 0, 0].astype(float))
        return (flat[before + 1, 0, 0] - flat[before, 0, 0]) / frame

    starts = _starts(np.array([-1.0]), np.array([1.0]), 0.5)
    name = f"double well, friction {friction:g}"
    return World(name, prepared, logit, Observables(cell, 12, speed), starts, 30_000, 256, 200)


def _first_crossings(
    paths: Sequence[Frames], q: Callable[[Frames], Array]
) -> tuple[Frames, NDArray[np.int64]]:
    """All frames (F, N, 3) one after another, and for each path the last one before q = 0."""
    flat = np.concatenate(paths)
    number = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    value = q(flat)
    up = np.flatnonzero((value[:-1] < 0) & (value[1:] >= 0) & (number[:-1] == number[1:]))
    crossed, first = np.unique(number[up], return_index=True)
    assert len(crossed) == len(paths), "a path does not cross q = 0"
    return flat, up[first]


def _plane(
    name: str,
    grid: Grid2D,
    a: tuple[float, float],
    b: tuple[float, float],
    frames: int,
    moves: int,
) -> World:
    """A system in two dimensions; cells of a fifth of the distance between the states."""
    ends = np.array([a, b])
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    size = np.hypot(*along) / 5

    def cell(frames: Frames) -> NDArray[np.int64]:
        i, j = (np.clip(((frames[:, 0, k] + 2) / size).astype(int), 0, 15) for k in (0, 1))
        return 16 * i + j

    def place(paths: Sequence[Frames]) -> Array:
        flat, before = _first_crossings(paths, grid.q)
        q0, q1 = grid.q(flat[before]), grid.q(flat[before + 1])
        share = (q0 / (q0 - q1))[:, None]
        where = flat[before, 0, :2] * (1 - share) + flat[before + 1, 0, :2] * share
        return where @ across

    # The share of time after which B was the last state; inertia changes it little.
    starts = _starts(*ends, share=float((grid.density * grid.committor).sum()))
    look = Observables(cell, 256, place)
    return World(TITLES[name], _load(name), grid.q, look, starts, frames, 256, moves)


def _disc(centre: tuple[float, float], radius: float) -> Callable[[Array, Array], Array]:
    return lambda x, y: (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2


@cache
def aimmd_toy() -> World:
    """Two valleys, inertia at friction 2.5; its overdamped q is good but not exact."""

    def potential(x: Array, y: Array) -> Array:
        wells = [
            np.exp(-12 * ((x + s) ** 2 + (y + t) ** 2)) for s, t in ((0.75, 0.5), (-0.75, -0.5))
        ]
        return 0.2 * x**6 + y**6 - 0.7 * (wells[0] + wells[1])

    a, b = (-0.75, -0.5), (0.75, 0.5)
    grid = overdamped_2d(
        potential, 0.1, (-1.6, 1.6, -1.3, 1.3), _disc(a, 0.15), _disc(b, 0.15), 160
    )
    return _plane("aimmd_toy", grid, a, b, 20_000, 150)


@cache
def muller_brown() -> World:
    """A bent channel with a state between; its overdamped q is good but not exact."""

    def potential(x: Array, y: Array) -> Array:
        return (
            -200 * np.exp(-((x - 1) ** 2) - 10 * y**2)
            - 100 * np.exp(-(x**2) - 10 * (y - 0.5) ** 2)
            - 170
            * np.exp(-6.5 * (x + 0.5) ** 2 + 11 * (x + 0.5) * (y - 1.5) - 6.5 * (y - 1.5) ** 2)
            + 15 * np.exp(0.7 * (x + 1) ** 2 + 0.6 * (x + 1) * (y - 1) + 0.7 * (y - 1) ** 2)
        )

    a, b = (-0.5582, 1.4417), (0.6235, 0.028)
    grid = overdamped_2d(
        potential, 15.0, (-1.75, 1.25, -0.5, 2.25), _disc(a, 0.1), _disc(b, 0.1), 160
    )
    return _plane("muller_brown", grid, a, b, 20_000, 100)


WORLDS: dict[str, Callable[[], World]] = {
    "muller_brown": muller_brown,
    "aimmd_toy": aimmd_toy,
    **{f"double_well_{f:g}": partial(double_well, f) for f in FRICTIONS},
}
