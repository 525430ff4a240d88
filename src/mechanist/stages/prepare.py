"""Stages ``prepare`` and ``describe``: from system.yaml to files that sampling reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import find_system, load_system
from mechanist.settings.system import DynamicsSettings
from mechanist.systems import prepared

Log = Callable[[str], None]


def no_log(text: str) -> None:
    """Say nothing."""


def system_folder(name: str) -> Path:
    """Folder of a system, looked for here and beside the installed workflow."""
    return find_system(name, Path.cwd(), Path(__file__).resolve().parents[3])


def prepare(name: str, layout: Layout, seed: int = 1, log: Log = no_log) -> None:
    """Build the System, the starting structure and the states.

    Parameters
    ----------
    name
        Of the system.
    layout
        Where its files go.
    seed
        Of the run under a barostat, for a system with a pressure.
    log
        Called with its progress.
    """
    folder = system_folder(name)

    def settle(system: Any, positions: Array, dynamics: DynamicsSettings) -> tuple[Array, Array]:
        from mechanist.engine.volume import settle_volume

        return settle_volume(system, positions, dynamics, seed, log)

    prepared.prepare(load_system(folder), folder, layout, settle)


def describe_formula_inputs(name: str, layout: Layout) -> None:
    """List the descriptors that formulas may use beside the inputs."""
    folder = system_folder(name)
    prepared.describe_formula_inputs(load_system(folder), folder, layout)


def describe(name: str, layout: Layout) -> None:
    """List the descriptors that networks and formulas see."""
    folder = system_folder(name)
    prepared.describe(load_system(folder), folder, layout)
