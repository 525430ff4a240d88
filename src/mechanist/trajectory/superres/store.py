"""Bridges on disk."""

from pathlib import Path

from mechanist.systems.forces.kernel import ForcesOnFile, KernelForces, read_forces, write_forces
from mechanist.trajectory.superres.bridge import Bridge


def save(bridge: Bridge, weights_path: Path, json_path: Path) -> None:
    """Write a bridge of learned forces."""
    assert isinstance(bridge.forces, KernelForces)
    write_forces(ForcesOnFile(**vars(bridge)), weights_path, json_path)


def load(weights_path: Path, json_path: Path) -> Bridge:
    """Read a bridge that `save` has written.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not match.
    """
    return Bridge(**vars(read_forces(weights_path, json_path)))
