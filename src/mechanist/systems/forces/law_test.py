"""Whether a force law has what dynamics needs: forces that are minus the gradient of its energy.

Along a displacement u the energy changes by minus the work of the forces, which Simpson's rule
gives from the forces at its beginning, middle and end:

    E(x + u) - E(x) = -(F(x) + 4 F(x + u/2) + F(x + u)) . u / 6 + O(u^5)

Without this there is no equilibrium that shots could sample.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.forces.law import ForceLawError, Forces

SHIFTS = (0.003, 0.0003)
"""Spread of the displacements in nm, as of thermal motion; the second if a law has no result at
the first."""

DIRECTIONS = 2

WRONG, DOUBTFUL = 0.05, 0.01
"""Relative differences from which a law is refused, and from which it is said."""

ROUNDING = 2e-7
"""Of energies in single precision, relative."""

NOISE = 1e-3
"""Largest relative difference of forces that single precision explains."""

NET = 0.01
"""Largest net force or torque relative to those of single atoms; grids that do not turn with the
molecule, as of an implicit solvent, leave some tenths of a per cent."""

HINTS = {
    **{-1.0: "the gradient in place of the forces", 0.1: "forces per angstrom"},
    **{10.0: "forces converted to nm twice", 0.0529177: "forces per bohr"},
    **{4.184: "energies in kcal/mol", 96.485: "energies in eV", 2625.5: "energies in hartree"},
    **{1 / 4.184: "forces in kcal/mol/nm", 0.1 / 4.184: "forces in kcal/mol/angstrom"},
    **{1 / 96.485: "forces in eV/nm", 0.1 / 96.485: "forces in eV/angstrom"},
    **{1 / 2625.5: "forces in hartree/nm", 0.0529177 / 2625.5: "forces in hartree/bohr"},
}
"""What may be wrong if forces are so many times those that the energy gives."""


@dataclass(frozen=True)
class LawTest:
    """What is wrong with a law, in words.

    Parameters
    ----------
    faults, doubts
        What makes it useless, and what may be meant or does little harm.
    stiffness
        Root mean square of the eigenvalues of the Hessian, in kJ/mol/nm^2; None: not known.
    """

    faults: tuple[str, ...]
    doubts: tuple[str, ...]
    stiffness: float | None = None


def law_test(law: Forces, positions: Array) -> LawTest:
    """Test a force law near positions (N, 3) in nm.

    Raises
    ------
    ForceLawError
        If it has no result at the positions themselves.
    """
    rows = []
    for _ in range(2):
        law.forget()  # electrons that start from those of a call before differ within accuracy
        rows.append(law.energy_forces(positions[None]))
    law.forget()
    shifted = _shifted(law, positions)
    if shifted is None:
        return LawTest((), ("it has no result near the structure, so its forces were not tested",))
    path, energies, forces = shifted
    alone, again = (force[0] for _, force in rows)
    faults, doubts = _sorted(_differ(alone, again), "its forces change from call to call")
    if not faults:
        others, small = _sorted(_differ(again, forces[0]), "replicas change each other's forces")
        faults, doubts = others, doubts + small
    if not faults:
        others, small = _gradient(path, energies, forces)
        faults, doubts = others, doubts + small
    doubts += _net(path[-1], forces[-1])
    return LawTest(tuple(faults), tuple(doubts), _stiffness(path, forces))


def _shifted(law: Forces, positions: Array) -> tuple[Array, Array, Array] | None:
    """Positions (1 + 2 D, N, 3) of D displacements, with middles and ends, and their results."""
    rng = np.random.default_rng(1)
    directions = rng.standard_normal((DIRECTIONS, *positions.shape))
    for shift in SHIFTS:
        steps = [part * shift * u for u in directions for part in (0.5, 1.0)]
        path = np.stack([positions, *(positions + step for step in steps)])
        try:
            energies, forces = law.energy_forces(path)
        except ForceLawError:
            continue
        finally:
            law.forget()
        if np.isfinite(energies).all() and np.isfinite(forces).all():
            return path, energies, forces
    return None


def _differ(one: Array, other: Array) -> float:
    """Largest difference of forces relative to the largest force."""
    largest = max(float(np.abs(one).max()), float(np.abs(other).max()))
    return float(np.abs(one - other).max()) / largest if largest > 0 else 0.0


def _sorted(size: float, what: str) -> tuple[list[str], list[str]]:
    """A difference among faults or doubts, by its size."""
    text = [f"{what}, by {100 * size:.2g} % of the largest"]
    return (text, []) if size > WRONG else ([], text if size > NOISE else [])


def _gradient(path: Array, energies: Array, forces: Array) -> tuple[list[str], list[str]]:
    """Compare changes of energy with the work of the forces."""
    changes, works = [], []
    for k in range(1, len(path), 2):
        mean = (forces[0] + 4 * forces[k] + forces[k + 1]) / 6
        works.append(float((mean * (path[k + 1] - path[0])).sum()))
        changes.append(float(energies[k + 1] - energies[0]))
    change, work = np.array(changes), np.array(works)
    scale = np.maximum(np.abs(change), np.abs(work))
    floor = ROUNDING * float(np.abs(energies).max())
    sizes = np.maximum(0.0, np.abs(change + work) - floor) / np.maximum(scale, 1e-300)
    size = float(sizes.min())  # of one direction alone, a step of the energy may be in the way
    if size <= DOUBTFUL:
        return [], []
    k = int(scale.argmax())
    text = (
        "its forces are not minus the gradient of its energy: along a displacement the energy"
        f" changes by {change[k]:.4g} kJ/mol, and the work of the forces says {-work[k]:.4g}"
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = -work / change
    for factor, hint in HINTS.items():
        if np.allclose(factors, factor, rtol=0.02):
            text += f", as with {hint}"
            break
    return ([text], []) if size > WRONG else ([], [text])


def _stiffness(path: Array, forces: Array) -> float:
    """Root mean square eigenvalue of the Hessian H, |H u| / |u| for random displacements u."""
    steps, changes = path[2::2] - path[0], forces[2::2] - forces[0]
    return float(np.linalg.norm(changes) / np.linalg.norm(steps))


def _net(positions: Array, forces: Array) -> list[str]:
    """Net force and torque, which no molecule exerts on itself."""
    arms = positions - positions.mean(axis=0)
    turns = np.cross(arms, forces)
    found = []
    for what, rows, unit in (("force", forces, "kJ/mol/nm"), ("torque", turns, "kJ/mol")):
        net, all_ = float(np.linalg.norm(rows.sum(axis=0))), np.linalg.norm(rows, axis=1).sum()
        if len(rows) > 1 and net > NET * max(float(all_), 1.0):
            found.append(
                f"a net {what} of {net:.3g} {unit} acts on all atoms, as in an external field"
            )
    return found
