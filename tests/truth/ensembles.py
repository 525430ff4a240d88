"""Path ensembles made by mechanist's own parts: first path, chains, selection, engine."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.progress import Progress
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import END_NAMES, ShotQueue
from mechanist.engine.plan import Plan, default_plan
from mechanist.engine.protocol import Engine
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.moves import Harvest
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Lorentzian, Selection, Uniform
from mechanist.sampling.chains.shoot import shoot
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.first_path.equilibrate import equilibrate
from mechanist.sampling.first_path.hot_md import hot_paths
from mechanist.sampling.streams import thermal_velocities
from mechanist.systems.prepared import Prepared
from tests.truth.paths import PathSet

FIRST_PATHS = 32

END_NUMBERS = np.array([-1, 1, 0, 0, 0])


@dataclass(frozen=True)
class Sampled:
    """What the chains made after burn-in: paths, with chains as units, and all shots."""

    paths: PathSet
    shots: Shots

    def count(self, reason: str) -> int:
        """Half-shots that ended so."""
        return int((END_NAMES[self.shots.ends] == reason).sum())

    @property
    def acceptance(self) -> float:
        """Share of accepted moves."""
        return float(np.mean(self.shots.accepted))

    def points(self) -> NDArray[np.float32]:
        """(S, N, 3) the points that were shot from."""
        return self.shots.points

    def ends(self) -> NDArray[np.int64]:
        """(S, 2) ends of the backward and the forward half: -1 A, +1 B, 0 neither."""
        return END_NUMBERS[self.shots.ends]


def first_paths(prepared: Prepared, seed: int) -> list[CurrentPath]:
    """Transition paths from hot dynamics, relaxed by shooting, as a run makes them."""

    def quiet(_: str) -> None:
        return None

    plan = default_plan(prepared, "Reference")
    [hot] = hot_paths(prepared, (2.0, 3.0), 16, 1e4, 1, plan, seed, quiet)
    [paths], _ = equilibrate(prepared, [hot.frames], FIRST_PATHS, 20_000, plan, seed, quiet)
    return paths


def sample(
    prepared: Prepared,
    starts: list[CurrentPath],
    selection: Selection,
    seed: int,
    chains: int,
    moves: int,
    burn_in: int,
    kind: type[Chains] = Chains,
    work: Callable[[Chains, Engine, int, Progress], Harvest] = shoot,
    below: float = 0.0,
    plan: Plan | None = None,
) -> Sampled:
    """Let ``chains`` make ``burn_in`` moves that do not count and then ``moves`` that do.

    The burn-in here is a fixed number of moves, as stopping at an accepted path would prefer the
    paths that follow an acceptance. Shots are stopped early where they join A and B with less than
    the chance ``below``. Without a plan the platform is Reference.
    """
    sigma = thermal_velocities(prepared)
    plan = plan or default_plan(prepared, "Reference")
    engine = make_engine(prepared, 2 * chains, plan, seed)

    numbers = np.arange(chains)

    def group(paths: list[CurrentPath], move: int) -> Chains:
        fresh = [replace(path, weight=0) for path in paths]
        made = kind(numbers, fresh, TransitionPaths(selection), seed, sigma, np.full(chains, move))
        if below and isinstance(selection, Lorentzian):
            made.early_stop = EarlyStop(selection.q, below, np.zeros(chains, dtype=np.bool_))
        return made

    def nothing(_: int, __: int) -> None:
        return None

    warm = group([starts[i % len(starts)] for i in range(chains)], 0)
    shoot(warm, engine, burn_in, nothing)
    harvest = work(group(warm.paths, burn_in), engine, moves, nothing)
    return Sampled(_paths(harvest, prepared), harvest.shots)


def _paths(harvest: Harvest, prepared: Prepared) -> PathSet:
    rows = [(chain, path) for chain, paths in harvest.paths.items() for path in paths]
    return PathSet(
        [path.frames for _, path in rows],
        np.array([chain for chain, _ in rows]),
        np.array([path.weight for _, path in rows]),
        prepared.timestep * prepared.stride,
    )


def two_way(prepared: Prepared, points: NDArray[np.floating], seed: int) -> NDArray[np.int64]:
    """(P, 2) ends of a two-way shot from each point (P, N, 3), made by a chain: -1 A, +1 B."""
    sigma = thermal_velocities(prepared)
    points = np.asarray(points, dtype=np.float32)
    # The only frame between the ends of each path is the point.
    paths = [CurrentPath(np.stack([point, point, point]), -1, 1) for point in points]
    numbers = np.arange(len(points))
    queue = ShotQueue()
    queue.put(Chains(numbers, paths, TransitionPaths(Uniform()), seed, sigma).propose(numbers))
    engine = make_engine(
        prepared, min(2000, 2 * len(points)), default_plan(prepared, "Reference"), seed
    )
    ends = np.zeros((len(points), 2), dtype=np.int64)
    for halves in engine.run(queue.take):
        ends[halves.keys // 2, halves.keys % 2] = END_NUMBERS[halves.ends]
    assert (ends != 0).all()
    return ends
