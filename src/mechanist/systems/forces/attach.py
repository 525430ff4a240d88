"""Force laws in OpenMM: a PythonForce that calls one, in memory only.

Everything that moves a System then moves it under the force law. Serialised, the force holds a key
to the law of the same process and nothing else: no code and no weights.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError, SystemBuildError
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.forces.law import ForceLaw, ForceLawError
from mechanist.systems.forces.law_spec import LawSpec

FAILED = "the force law failed"
"""Begins the message of an exception that is an outcome of a shot: it has exploded."""

WALL = 1e12
"""kJ/mol, where a minimiser asks for an energy that does not exist."""

SAME, RELATIVE = 0.05, 1e-6
"""kJ/mol, and fraction of the energy, by which single precision on another machine may differ."""

_KNOWN: "WeakValueDictionary[str, Attached]" = WeakValueDictionary()


class Attached:
    """A force law as a function of an OpenMM State; it is made when it is first called.

    Parameters
    ----------
    spec
        What it is.
    known
        Positions (N, 3) in nm, and the energy there in kJ/mol when the system was prepared; None:
        it is being prepared.

    Attributes
    ----------
    widest
        Distance of two of its atoms in nm from which there is no result: half of the box, where a
        part would meet its own image; infinite without a box.
    """

    def __init__(self, spec: LawSpec, known: tuple[Array, float] | None = None) -> None:
        self.spec = spec
        self._known = known
        self.failures = 0
        self._law: ForceLaw | None = None
        self._wall = False
        self.widest = np.inf

    @property
    def whole(self) -> bool:
        """Whether it treats all atoms of the system."""
        return not self.spec.atoms

    def part(self, positions: Array) -> Array:
        """Of positions (..., N, 3) of a system those that it treats."""
        return positions if self.whole else positions[..., list(self.spec.atoms), :]

    @property
    def law(self) -> ForceLaw:
        """The force law, made once.

        Raises
        ------
        SystemBuildError
            If it cannot be made, or has another energy than when the system was prepared: weights
            and programs behind a law may change without a change of its name or version.
        """
        if self._law is None:
            law = self.spec.make()
            if self._known is not None:
                _compare(law, self.spec.name, *self._known)
            self._law = law
        return self._law

    def __call__(self, state: Any) -> tuple[float, Array]:
        """Energy and forces for OpenMM; an exception with `FAILED` where there are none."""
        positions = state.getPositions(asNumpy=True)._value
        try:
            energies, forces = self.energy_forces(np.asarray(positions)[None])
        except ForceLawError as error:
            if self._wall:
                return WALL, np.zeros(positions.shape)
            self.count(str(error))
            raise ValueError(f"{FAILED}: {error}") from None
        return float(energies[0]), forces[0]

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """See `ForceLaw`; a result that is not finite is an error as well."""
        if not np.isfinite(positions).all():
            raise ForceLawError(self.spec.name, "a position is not finite")
        if np.isfinite(self.widest) and max(map(width, positions)) > self.widest:
            raise ForceLawError(self.spec.name, "its part is wider than half of the box")
        energies, forces = self.law.energy_forces(positions)
        if not (np.isfinite(energies).all() and np.isfinite(forces).all()):
            raise ForceLawError(self.spec.name, "returned a non-finite energy or force")
        return energies, forces

    def each(self, positions: Array) -> Array:
        """Forces (R, N, 3); NaN for replicas that have none, each of which is counted."""
        forces = np.full(positions.shape, np.nan)
        rows = np.flatnonzero(np.isfinite(positions).all(axis=(1, 2)))
        if len(rows) == 0:
            return forces
        try:
            energies, found = self.law.energy_forces(positions[rows])
        except ForceLawError as error:
            if len(rows) == 1:
                self.count(str(error))
                return forces
            # One replica without a result must not end the others.
            for row in rows.tolist():
                forces[row] = self.each(positions[row : row + 1])[0]
            return forces
        fine = np.isfinite(energies) & np.isfinite(found).all(axis=(1, 2))
        for _ in range(int((~fine).sum())):
            self.count(f"{self.spec.name}: returned a non-finite energy or force")
        forces[rows[fine]] = found[fine]
        return forces

    @contextmanager
    def walled(self) -> Iterator[None]:
        """Let positions without a result have a high energy, so that a minimiser steps back."""
        self._wall = True
        try:
            yield
        finally:
            self._wall = False

    def forget(self) -> None:
        """See `ForceLaw`."""
        self.law.forget()

    def count(self, reason: str) -> None:
        """Count a failure; the 1st, 10th, 100th, ... are said in the log of the job."""
        self.failures += 1
        if str(self.failures).rstrip("0") == "1":
            print(
                f"mechanist: {FAILED}, {self.failures:,} times in this job: {reason}",
                file=sys.stderr,
                flush=True,
            )

    def __reduce__(self) -> Any:
        _KNOWN[self.spec.identity] = self
        return _known, (self.spec.identity,)


def _compare(law: ForceLaw, name: str, positions: Array, expected: float) -> None:
    """Refuse a law whose energy in kJ/mol at positions (N, 3) in nm is not as expected."""
    energies, _ = law.energy_forces(positions[None])
    if abs(energies[0] - expected) > max(SAME, RELATIVE * abs(expected)):
        raise SystemBuildError(
            name,
            f"has an energy of {energies[0]:.6g} kJ/mol at the structure of this run, but had"
            f" {expected:.6g} when it was prepared; have weights or a program changed?",
        )
    law.forget()


def _known(identity: str) -> Attached:
    """The force law of this process that has this identity."""
    if identity not in _KNOWN:
        raise DataError("force law", "is made in each process, not read from a file")
    return _KNOWN[identity]


def attach(system: Any, law: Attached) -> None:
    """Add a force law to an OpenMM System, whose other forces leave out what it treats."""
    import openmm

    force = openmm.PythonForce(law)
    box = box_of(system)
    if not law.whole:
        force.setParticles(list(law.spec.atoms))
        law.widest = np.inf if box is None else 0.5 * float(np.diag(np.array(box)).min())
    system.addForce(force)


def width(positions: Array) -> float:
    """Largest distance of two of the positions (N, 3)."""
    from scipy.spatial.distance import pdist

    return float(pdist(positions).max()) if len(positions) > 1 else 0.0


def walled(law: Attached | None) -> AbstractContextManager[None]:
    """See `Attached.walled`; nothing without a force law."""
    return nullcontext() if law is None else law.walled()


def detached(system: Any) -> Any:
    """A copy of a System without force laws, for a file."""
    import copy

    result = copy.deepcopy(system)
    for i in reversed(range(result.getNumForces())):
        if has_law(result.getForce(i)):
            result.removeForce(i)
    return result


def has_law(force: Any) -> bool:
    """Whether a force is a PythonForce."""
    return type(force).__name__ == "PythonForce"
