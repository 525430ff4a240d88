"""Stage ``new``: a folder below systems/ for a molecule of the user's own."""

from collections.abc import Callable
from pathlib import Path

from mechanist.report.figures.states import draw_states
from mechanist.starts.from_to import from_to
from mechanist.starts.react import react
from mechanist.systems.build import new as build
from mechanist.systems.build.new import Sources

FIGURE = "states.png"


def new(
    name: str,
    sources: Sources,
    to: Path | None = None,
    said: Callable[[str], None] = lambda text: None,
    reaction: str | None = None,
) -> Path:
    """Make ./systems/NAME with copies of the files and a system.yaml; its path.

    Parameters
    ----------
    name
        Of the system.
    sources
        Files of its structure and of its forces.
    to
        Structure of the other end: states are found and nothing is left to edit; None: states are
        left to the editor of system.yaml.
    said
        Called with every step.
    reaction
        Bonds that break and form, which give the states; see `mechanist.starts.react`.
    """
    if reaction is not None:
        return react(name, sources, reaction, Path(), said)
    if to is None:
        return build.new(name, sources, Path(), said)
    folder, found = from_to(name, sources, to, Path(), said)
    draw_states(found, (Path(sources.structure).stem, to.stem), folder / FIGURE)
    said(f"{folder / FIGURE}: the MD of both basins and the intervals")
    return folder
