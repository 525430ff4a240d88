"""Stage ``new``: a folder below systems/ for a molecule of the user's own."""

from collections.abc import Sequence
from pathlib import Path

from mechanist.systems.build import new as build


def new(
    name: str,
    structure: Path,
    topology: Path | None = None,
    force_field: Sequence[str] = (),
    include: Path | None = None,
    define: Sequence[str] = (),
) -> Path:
    """Make ./systems/NAME with copies of the files and a system.yaml to edit; its path."""
    return build.new(name, build.Sources(structure, topology, force_field, include, define), Path())
