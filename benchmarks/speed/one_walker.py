"""Transition path sampling as one would write it by hand: one walker, one OpenMM context, a loop.

It does what one chain of Mechanist does: two-way shooting from a frame picked uniformly, new
velocities, accepted with min(1, frames of the old path / frames of the new one) if the ends differ
(Dellago, Bolhuis, Chandler, J. Chem. Phys. 108, 1964 (1998)), frames kept, shots and paths saved.
Nothing in it is slow on purpose: positions come as numpy arrays, the states are
written out for one frame in plain arithmetic, which beats array code there, and setting up the
context is not timed. The half kick makes velocities on-step ones, as in Mechanist.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from openmm import unit

from benchmarks.speed.child import serve
from benchmarks.speed.plain import CONSTRAINT_TOLERANCE, masses, open_context

FORCE = unit.kilojoule_per_mole / unit.nanometer

Row = tuple[int, int, int, int, bool]
"""Of a shot: ends and frames of both halves, and whether it was accepted."""

State = Callable[[Any], int]
"""From the positions (N, 3) of one frame in nm to -1 in A, +1 in B, 0 in neither."""


def torsion(positions: Any, atoms: list[int]) -> float:
    """Torsion of four atoms in degrees, -180 to 180."""
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2), (x3, y3, z3) = positions[atoms].tolist()
    ax, ay, az = x1 - x0, y1 - y0, z1 - z0
    bx, by, bz = x2 - x1, y2 - y1, z2 - z1
    cx, cy, cz = x3 - x2, y3 - y2, z3 - z2
    mx, my, mz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    nx, ny, nz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    sine = math.sqrt(bx * bx + by * by + bz * bz) * (ax * nx + ay * ny + az * nz)
    return math.degrees(math.atan2(sine, mx * nx + my * ny + mz * nz))


def alanine_dipeptide(positions: Any) -> int:
    """C7eq or C7ax."""
    phi = torsion(positions, [4, 6, 8, 10])
    if -150 < phi < -30:
        return -1 if torsion(positions, [6, 8, 10, 16]) > 0 else 0
    if 30 < phi < 130:
        return 1 if torsion(positions, [6, 8, 10, 16]) < 0 else 0
    return 0


def double_well(positions: Any) -> int:
    """Left or right."""
    x = positions[0, 0]
    return -1 if x < -0.8 else 1 if x > 0.8 else 0


def aimmd_toy(positions: Any) -> int:
    """Lower left or upper right."""
    x, y = positions[0, 0], positions[0, 1]
    if (x + 0.75) ** 2 + (y + 0.5) ** 2 < 0.15**2:
        return -1
    return 1 if (x - 0.75) ** 2 + (y - 0.5) ** 2 < 0.15**2 else 0


STATES: dict[str, State] = {
    "alanine_dipeptide": alanine_dipeptide,
    "double_well": double_well,
    "aimmd_toy": aimmd_toy,
}


class Walker:
    """One context that runs half-shots."""

    def __init__(self, folder: str, state: State, platform: str, seed: int) -> None:
        self.context, dynamics = open_context(folder, platform, seed)
        self.integrator = self.context.getIntegrator()
        self.state = state
        self.stride: int = dynamics["stride"]
        self.longest: int = dynamics["max_half_frames"]
        mass = masses(self.context)[:, None]
        self.sigma = np.sqrt(dynamics["kT"] / mass)
        self.kick = 0.5 * dynamics["timestep"] / mass

    def half(self, point: Any, velocities: Any) -> tuple[list[Any], int]:
        """Run until a state is entered: frames without the point, and the state (0: too long)."""
        self.context.setPositions(point)
        forces = self.context.getState(getForces=True).getForces(asNumpy=True)
        kick = self.kick * forces.value_in_unit(FORCE)
        self.context.setVelocities(velocities - kick)
        self.context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)
        frames: list[Any] = []
        end = 0
        while not end and len(frames) < self.longest:
            self.integrator.step(self.stride)
            state = self.context.getState(getPositions=True)
            positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
            frames.append(positions.astype(np.float32))
            end = self.state(positions)
        return frames, end


def sample(
    walker: Walker, path: list[Any], rng: np.random.Generator, seconds: float, shots: int = 10**9
) -> tuple[list[list[Any]], list[Row]]:
    """Make shots until the time is over or their number is reached.

    Returns
    -------
    list of path, list of shot
        Accepted paths; of each shot the ends and frames of its halves and whether it was accepted.
    """
    paths, rows = [path], list[Row]()
    deadline = time.perf_counter() + seconds
    while len(rows) < shots and time.perf_counter() < deadline:
        point = path[rng.integers(1, len(path) - 1)].astype(float)
        velocities = rng.standard_normal(point.shape) * walker.sigma
        backward, from_state = walker.half(point, -velocities)
        forward, to_state = walker.half(point, velocities)
        accepted = False
        if from_state * to_state == -1:
            new = [*backward[::-1], point.astype(np.float32), *forward]
            accepted = rng.random() < (len(path) - 2) / (len(new) - 2)
            if accepted:
                path = new if from_state == -1 else new[::-1]
                paths.append(path)
        rows.append((from_state, to_state, len(backward), len(forward), accepted))
    return paths, rows


def save(file: Path, paths: list[list[Any]], rows: list[Row]) -> None:
    """Frames of all paths one after the other, their lengths, and the table of shots."""
    frames = np.concatenate([np.array(path) for path in paths])
    np.savez(file, frames=frames, lengths=[len(path) for path in paths], shots=np.array(rows))


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Open the walker and the first path."""
    walker = Walker(job["folder"], STATES[job["system"]], job["platform"], job["seed"])
    path = list(np.load(Path(job["folder"]) / "first_path.npy", allow_pickle=False))
    walker.half(path[len(path) // 2], np.zeros_like(path[0]))
    return {"walker": walker, "path": path, "rng": np.random.default_rng(job["seed"]), "job": job}


def work(state: dict[str, Any]) -> dict[str, Any]:
    """Sample and save."""
    job, walker = state["job"], state["walker"]
    paths, rows = sample(walker, state["path"], state["rng"], job["seconds"])
    save(Path(job["scratch"]) / "one_walker.npz", paths, rows)
    steps = walker.stride * sum(row[2] + row[3] for row in rows)
    accepted = sum(row[4] for row in rows)
    return {"steps": steps, "shots": len(rows), "accepted": accepted, "platform": job["platform"]}


if __name__ == "__main__":
    serve(prepare, work, dict)
