"""Azobenzene at the barrier between cis and trans: contributions to its CNNC dihedral.

Two-way shots at constant energy start from geometries twisted to between cis and trans. The last
one starts at 90 degrees. The dihedral at its crossing of 90 degrees is attributed to the state a
time `AHEAD` earlier. Forces are learned from half of the other shots, and from geometries on the
straight line from the equilibrium to that state. Forces from the other half, and other baselines,
test the stability of the ranking; each half predicts where the shots of the other half end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.trajectory.measure.attribution import (
    Attribution,
    inputs_of,
    integrated_gradients,
    later,
    names,
)
from benchmarks.trajectory.measure.outcomes import agreement, ends_of, stability
from benchmarks.trajectory.reference.molecules import molecule
from benchmarks.trajectory.reference.nve import Potential, constant_energy, maxwell, still
from mechanist.arrays import Array
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.zmatrix import Zmatrix, unwrapped, zmatrix_of
from mechanist.trajectory.superres.forcefield import fit_forces
from mechanist.trajectory.superres.frame import Pose
from mechanist.trajectory.superres.likelihood import likely_metric
from mechanist.trajectory.trajectory import Meta, Trajectory, masses_of

CNNC = (8, 1, 0, 2)
"""Atoms of the dihedral."""

AHEAD = 0.01
"""Time in ps from the state to the dihedral that is explained."""

STEP = 0.0005
"""In ps."""

TWISTS = (85.0, 110.0)
"""CNNC in degrees at the starts of shots; both outcomes occur from there."""

BASELINES = (180.0, 150.0, 120.0)
"""CNNC in degrees of the baselines, molecules at rest; the equilibrium first."""

GEOMETRIES, LINE = 90, 20
"""Training geometries from shots, and on the straight line."""

SHOWN = 12
"""Number of inputs in the ranking."""


@dataclass(frozen=True)
class Twist:
    """Azobenzene.

    Parameters
    ----------
    numbers, masses
        (N,).
    rest
        (N, 3) in nm, equilibrium.
    zmatrix
        Its coordinates.
    row
        Of the dihedral in them.
    """

    numbers: NDArray[np.int64]
    masses: Array
    rest: Array
    zmatrix: Zmatrix
    row: int

    def dihedral(self, x: Array) -> Array:
        """CNNC (T,) in radians, between 0 and 2 pi."""
        return np.asarray(self.zmatrix.internal(torch.tensor(x))[:, self.row, 2] % (2 * np.pi))

    def turned(self, angle: float) -> Array:
        """The equilibrium (N, 3) with another CNNC dihedral in radians."""
        q = self.zmatrix.internal(torch.tensor(self.rest)[None])
        q[0, self.row, 2] = angle
        return np.asarray(self.zmatrix.cartesian(q)[0])

    @property
    def inputs(self) -> tuple[int, int]:
        """Of the dihedral and of its velocity among all inputs."""
        return 3 * self.row + 2, 3 * len(self.masses) + 3 * self.row + 2

    def resting(self, angle: float, near: Array) -> Tensor:
        """Inputs (6N,) of the equilibrium with another CNNC dihedral in radians, at rest."""
        x = self.turned(angle)
        return inputs_of(self.zmatrix, x, np.zeros_like(x), near)


def azobenzene() -> Twist:
    """The molecule with one Z-matrix for all its geometries."""
    known = molecule("azobenzene")
    masses = masses_of(known.numbers)
    rest = known.positions - masses @ known.positions / masses.sum()
    zmatrix = zmatrix_of(rest)
    row, column = zmatrix.find(*CNNC)
    assert column == 2
    return Twist(known.numbers, masses, rest, zmatrix, row)


def shoot(
    twist: Twist,
    potential: Potential,
    angle: float,
    temperature: float,
    steps: int,
    rng: np.random.Generator,
) -> Trajectory:
    """A shot both ways from CNNC in radians: 2 steps + 1 frames, the middle one is the start."""
    x = twist.turned(angle)
    v = still(x, maxwell(twist.masses, temperature, rng), twist.masses)
    # Time runs so that the dihedral grows, from cis to trans.
    speed = twist.zmatrix.there(torch.tensor(x)[None], torch.tensor(v)[None])[1]
    v = v * (1 if speed[0, twist.row, 2] > 0 else -1)
    ways = [
        constant_energy(
            potential, x, sign * v, twist.numbers, twist.masses, steps + 1, STEP, Meta()
        )
        for sign in (-1, 1)
    ]
    back, ahead = ways
    assert back.forces is not None
    assert ahead.forces is not None
    return Trajectory(
        np.concatenate([back.positions[:0:-1], ahead.positions]),
        STEP,
        twist.numbers,
        twist.masses,
        np.concatenate([-back.moving()[:0:-1], ahead.moving()]),
        np.concatenate([back.forces[:0:-1], ahead.forces]),
        meta=Meta(source="mechanist", integrator_dt_ps=STEP, temperature_K=temperature),
    )


def explain(
    potential: Potential,
    shots: int,
    shot_ps: float,
    temperature: float,
    seed: int,
    geometries: int = GEOMETRIES,
) -> dict[str, Any]:
    """Rank inputs by integrated gradients.

    Parameters
    ----------
    potential
        Of azobenzene.
    shots
        At least three; the last one is explained.
    shot_ps
        Length of each way in ps.
    temperature
        Of starts, in K.
    seed
        Of velocities.
    geometries
        Of each half of the shots that forces are learned from.

    Returns
    -------
    dict
        ``ranking``: names and values in degrees, the largest first; ``incompleteness``;
        ``difference`` in degrees; ``error``: of the learned motion, in degrees; ``outcomes`` and
        ``stability``: see `outcomes`; and so on.
    """
    rng = np.random.default_rng(seed)
    twist = azobenzene()
    steps, ahead = round(shot_ps / STEP), round(AHEAD / STEP)
    angles = [*np.radians(np.linspace(*TWISTS, shots - 1)), np.pi / 2]
    made = [shoot(twist, potential, one, temperature, steps, rng) for one in angles]
    test, halves = made[-1], (made[:-1:2], made[1:-1:2])
    turns = twist.dihedral(test.positions)
    crossing = int(np.argmin(np.abs(turns[ahead:] - np.pi / 2))) + ahead
    first = crossing - ahead
    x, v = test.positions[first], test.moving()[first]
    placed = Pose(twist.rest, twist.masses).place(x[None])
    point = inputs_of(twist.zmatrix, placed.there(x[None])[0], placed.turn_there(v[None])[0])
    baselines = [twist.resting(np.radians(angle), point.numpy()) for angle in BASELINES]
    ends = point.numpy(), baselines[0].numpy()
    motions = [learn(twist, potential, half, ends, geometries) for half in halves]
    results = []
    for motion in motions:
        output = later(motion, twist.zmatrix, (twist.row, 2), ahead)
        results += [integrated_gradients(output, point, one) for one in baselines]
    return {
        **_ranking(twist, results[0]),
        "before": float(np.degrees(turns[first])),
        "after": float(np.degrees(turns[crossing])),
        "error": held_out(twist, motions[0], test, ahead),
        "outcomes": _outcomes(twist, motions, halves),
        "stability": stability([one.values for one in results], twist.inputs),
        "shots": shots,
    }


def _outcomes(
    twist: Twist, motions: Sequence[LearnedMotion], halves: Sequence[Sequence[Trajectory]]
) -> dict[str, Any]:
    """Where shots end with forces that were learned from the other half of them."""
    found = [ends_of(motions[1 - i], shot) for i in (0, 1) for shot in halves[i]]
    true = [shot.positions[[0, -1]] for half in halves for shot in half]
    turned = [[twist.dihedral(one) for one in some] for some in (found, true)]
    return agreement(turned[0], turned[1])


def _ranking(twist: Twist, result: Attribution) -> dict[str, Any]:
    """The ranking with names of inputs, in degrees."""
    degrees = np.degrees(result.values)
    order = np.argsort(-np.abs(degrees))
    label = names(twist.zmatrix, twist.numbers)
    return {
        "ranking": [{"input": label[i], "degrees": float(degrees[i])} for i in order[:SHOWN]],
        "dihedral": label[twist.inputs[0]],
        "difference": float(np.degrees(result.difference)),
        "incompleteness": result.incompleteness,
        "others": float(np.abs(degrees[order[2:]]).sum()),
    }


def learn(
    twist: Twist,
    potential: Potential,
    shots: list[Trajectory],
    ends: tuple[Array, Array],
    geometries: int,
) -> LearnedMotion:
    """Forces of the shots and of the straight line between two states (6N,)."""
    point, baseline = ends
    x = np.concatenate([one.positions for one in shots])
    f = np.concatenate([one.forces for one in shots if one.forces is not None])
    rows = np.linspace(0, len(x) - 1, geometries).round().astype(np.int64)
    parts = np.linspace(0, 1, LINE)[:, None]
    line = torch.tensor(baseline + parts * (point - baseline)).reshape(LINE, 2, -1, 3)[:, 0]
    there = twist.zmatrix.cartesian(line).numpy()
    pulls = np.array([potential(one)[1] for one in there])
    x, f = np.concatenate([x[rows], there]), np.concatenate([f[rows], pulls])
    orders = molecule("azobenzene").permutations
    forces = fit_forces(x, f, orders, likely_metric(x, f, orders))
    return LearnedMotion(forces, twist.masses, STEP)


def held_out(twist: Twist, motion: LearnedMotion, test: Trajectory, ahead: int) -> float:
    """Root mean square error in degrees of CNNC a time `AHEAD` after states of the last shot."""
    starts = np.arange(0, len(test) - ahead, 8)
    made = motion(test.positions[starts], test.moving()[starts], np.array([ahead * STEP]))
    off = twist.dihedral(made.positions[:, 0]) - twist.dihedral(test.positions[starts + ahead])
    wrapped = unwrapped(torch.tensor(off), torch.zeros(()))
    return float(np.degrees(float((wrapped**2).mean().sqrt())))
