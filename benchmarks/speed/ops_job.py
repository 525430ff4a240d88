"""Two-way shooting by OpenPathSampling; runs in an environment of its own.

Same system, states, integrator, stride, limits and first path as `benchmarks.speed.one_walker`,
platform Reference. Both directions of the path are allowed, as in Mechanist, so that both halves of
every shot are run. OpenPathSampling reports no progress here and keeps its default of saving every
step. Its states can be written in two ways: by the torsion function of mdtraj, as in its own
examples, or by a plain function on one frame, which is faster.
"""

import contextlib
import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

warnings.simplefilter("ignore")

import mdtraj  # noqa: E402
import openpathsampling as paths  # noqa: E402
from openmm import unit  # noqa: E402
from openpathsampling import strategies  # noqa: E402
from openpathsampling.beta.hooks import PathSimulatorHook  # noqa: E402
from openpathsampling.engines import openmm as ops_openmm  # noqa: E402

from benchmarks.speed.child import serve  # noqa: E402
from benchmarks.speed.plain import read  # noqa: E402

PILOT_MOVES = 20


def torsion(snapshot: Any, atoms: list[int]) -> float:
    """Torsion of four atoms in radians; imports inside, because OpenPathSampling stores it."""
    import math

    from benchmarks.speed import one_walker

    return math.radians(one_walker.torsion(snapshot.coordinates._value, atoms))


class Counter(PathSimulatorHook):  # type: ignore[misc]
    """Counts moves, accepted moves and MD frames."""

    implemented_for = ("after_step",)

    def __init__(self) -> None:
        self.shots = self.accepted = self.frames = 0

    def after_step(
        self,
        sim: Any,
        step_number: Any,
        step_info: Any,
        state: Any,
        results: Any,
        hook_state: Any,
    ) -> None:
        """Called with each finished move."""
        change = results.change.canonical
        self.shots += 1
        self.accepted += bool(change.accepted)
        # All frames but the shooting point were made by MD.
        self.frames += len(change.trials[0].trajectory) - 1


def make_engine(folder: str, seed: int) -> tuple[Any, dict[str, Any]]:
    """Engine on the Reference platform, at the starting structure."""
    system, integrator, dynamics = read(folder, seed)
    options = {
        "n_steps_per_frame": dynamics["stride"],
        "n_frames_max": 2 * dynamics["max_half_frames"] + 1,
    }
    topology = ops_openmm.tools.topology_from_pdb(f"{folder}/system/topology.pdb")
    engine = ops_openmm.Engine(topology, system, integrator, options=options)
    engine.initialize("Reference")
    engine.simulation.context.setPositions(np.array(dynamics["start"]))
    return engine, dynamics


def make_states(engine: Any, content: dict[str, Any], mdtraj_torsions: bool) -> tuple[Any, Any]:
    """A and B as boxes in torsions that wrap."""
    variables = {}
    for entry in content["descriptors"]["descriptors"]:
        name, atoms = entry["name"], entry["atoms"]
        variables[name] = (
            paths.MDTrajFunctionCV(name, mdtraj.compute_dihedrals, engine.topology, indices=[atoms])
            if mdtraj_torsions
            else paths.CoordinateFunctionCV(name, torsion, atoms=atoms)
        )

    def volume(state: dict[str, Any]) -> Any:
        first, second = (
            paths.PeriodicCVDefinedVolume(
                variables[part["descriptor"]], part["low"], part["high"], -np.pi, np.pi
            )
            for part in state["boxes"][0]["intervals"]
        )
        return (first & second).named(state["name"])

    return volume(content["A"]), volume(content["B"])


def make_sampler(job: dict[str, Any]) -> tuple[Any, Any, int]:
    """Sampler at the first path, its storage, and the MD steps of a frame."""
    engine, dynamics = make_engine(job["folder"], job["seed"])
    a, b = make_states(engine, dynamics["states"], job["mdtraj_torsions"])
    beta = 1 / (dynamics["temperature"] * unit.kelvin * unit.BOLTZMANN_CONSTANT_kB)
    scheme = paths.MoveScheme(paths.TPSNetwork.from_states_all_to_all([a, b]))
    modifier = paths.RandomVelocities(beta=beta, engine=engine)
    shooting = strategies.TwoWayShootingStrategy(modifier=modifier, engine=engine)
    scheme.append([shooting, strategies.OrganizeByMoveGroupStrategy()])
    scheme.build_move_decision_tree()
    template = engine.current_snapshot
    still = np.zeros((dynamics["atoms"], 3)) * unit.nanometer / unit.picosecond
    path = np.load(Path(job["folder"]) / "first_path.npy", allow_pickle=False)
    frames = path.astype(float) * unit.nanometer
    start = paths.Trajectory(
        [template.copy_with_replacement(coordinates=frame, velocities=still) for frame in frames]
    )
    storage = None
    if job["store"]:
        storage = paths.Storage(str(Path(job["scratch"]) / "ops.nc"), "w", template)
    conditions = scheme.initial_conditions_from_trajectories(start)
    sampler = paths.PathSampling(storage=storage, move_scheme=scheme, sample_set=conditions)
    sampler.output_stream = io.StringIO()
    return sampler, storage, dynamics["stride"]


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Set up and make a few moves, from which the number of moves for the time follows."""
    import time

    np.random.seed(job["seed"])  # noqa: NPY002 - OpenPathSampling draws from this stream
    with contextlib.redirect_stdout(io.StringIO()):
        sampler, storage, stride = make_sampler(job)
        sampler.run(PILOT_MOVES)
        begin = time.perf_counter()
        sampler.run(PILOT_MOVES)
    pace = PILOT_MOVES / (time.perf_counter() - begin)
    counter = Counter()
    sampler.attach_hook(counter)
    return {
        "sampler": sampler,
        "storage": storage,
        "counter": counter,
        "stride": stride,
        "moves": max(1, round(pace * job["seconds"])),
    }


def work(state: dict[str, Any]) -> dict[str, Any]:
    """Make the moves and close the file."""
    state["sampler"].run(state["moves"])
    if state["storage"] is not None:
        state["storage"].close()
    return state


def tell(state: dict[str, Any]) -> dict[str, Any]:
    """What was done."""
    counter = state["counter"]
    return {
        "steps": counter.frames * state["stride"],
        "shots": counter.shots,
        "accepted": counter.accepted,
        "platform": "Reference",
    }


if __name__ == "__main__":
    serve(prepare, work, tell)
    # netCDF4 complains about a closed file when Python ends; nothing is lost by not ending.
    os._exit(0)
