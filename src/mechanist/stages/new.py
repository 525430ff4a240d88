"""Stage ``new``: a folder below systems/ for a molecule of the user's own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mechanist.systems.build import new as build


def new(
    name: str,
    structure: Path,
    topology: Path | None = None,
    force_field: Sequence[str] = (),
    include: Path | None = None,
    define: Sequence[str] = (),
    said: Callable[[str], None] = lambda text: None,
) -> Path:
    """Make ./systems/NAME with copies of the files and a system.yaml to edit; its path."""
    sources = build.Sources(structure, topology, force_field, include, define)
    return build.new(name, sources, Path(), said)
