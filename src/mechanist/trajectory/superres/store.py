"""Bridges on disk."""

from pathlib import Path

import numpy as np

from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import FORCES_FORMAT, read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import KernelForces


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
        "scale": np.broadcast_to(forces.scale, forces.points.shape[1:]),
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
    card, tensors = read_model(weights_path, json_path, FORCES_FORMAT, "model card")
    with damage_reported(json_path):
        points, weights, scale = tensors["points"], tensors["weights"], tensors["scale"]
        masses, errors = tensors["masses"], tensors["errors"]
        numbers = float(card["width"]), float(card["memory"]), int(card["iterations"])
    atoms = len(masses)
    fits = points.shape == weights.shape == (len(points), atoms * (atoms - 1) // 2)
    fits = fits and scale.shape == points.shape[1:] and bool((scale > 0).all())
    if not fits or errors.shape != masses.shape or min(numbers) <= 0:
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both")
    if not all(np.isfinite(value).all() for value in tensors.values()):
        raise DataError(weights_path, "holds numbers that are not finite; delete it")
    return Bridge(KernelForces(points, weights, numbers[0], scale), masses, errors, *numbers[1:])
