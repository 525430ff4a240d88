"""Bridges on disk."""

from pathlib import Path

from mechanist.bookkeeping.model_files import FORCES_FORMAT, write_model
from mechanist.errors import DataError
from mechanist.systems.forces.kernel import KernelForces, read_forces
from mechanist.trajectory.superres.bridge import Bridge


def save(bridge: Bridge, weights_path: Path, json_path: Path) -> None:
    """Write a model.

    Raises
    ------
    DataError
        If its forces are not `KernelForces`.
    """
    forces = bridge.forces
    if not isinstance(forces, KernelForces):
        raise DataError(weights_path, "only learned forces can be written")
    tensors = {
        "points": forces.points,
        "weights": forces.weights,
        "scale": forces.scale,
        "masses": bridge.masses,
        "errors": bridge.errors,
    }
    write_model(
        weights_path,
        json_path,
        tensors,
        FORCES_FORMAT,
        {
            "meaning": "sGDML forces over scaled inverse distances, Matern 7/2; bridges over gaps",
            "units": "points and width in 1/nm, masses in Da, errors in kJ/mol/nm, memory in ps",
            "width": forces.width,
            "memory": bridge.memory,
            "iterations": bridge.iterations,
        },
    )


def load(weights_path: Path, json_path: Path) -> Bridge:
    """Read a model written by `save`.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not match.
    """
    found = read_forces(weights_path, json_path)
    return Bridge(found.forces, found.masses, found.errors, found.memory, found.iterations)
