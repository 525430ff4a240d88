"""Stages ``prepare`` and ``describe``: from system.yaml to files that sampling reads."""

from pathlib import Path

from mechanist.layout import Layout
from mechanist.settings.load import find_system, load_system
from mechanist.systems import prepared


def system_folder(name: str) -> Path:
    """Folder of a system, looked for here and beside the installed workflow."""
    return find_system(name, Path.cwd(), Path(__file__).resolve().parents[3])


def prepare(name: str, layout: Layout) -> None:
    """Build the System, the starting structure and the states."""
    folder = system_folder(name)
    prepared.prepare(load_system(folder), folder, layout)


def describe_formula_inputs(name: str, layout: Layout) -> None:
    """List the descriptors that formulas may use beside the inputs."""
    folder = system_folder(name)
    prepared.describe_formula_inputs(load_system(folder), folder, layout)


def describe(name: str, layout: Layout) -> None:
    """List the descriptors that networks and formulas see."""
    folder = system_folder(name)
    prepared.describe(load_system(folder), folder, layout)
