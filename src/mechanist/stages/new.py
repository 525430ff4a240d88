"""Stage ``new``: a folder below systems/ for a molecule of the user's own."""

from collections.abc import Callable
from pathlib import Path

from mechanist.report.figures.basins import draw_basins
from mechanist.report.figures.states import draw_states
from mechanist.starts.basin_md import RunLength
from mechanist.starts.explore import Exploration
from mechanist.starts.make import Made, make
from mechanist.starts.react import react
from mechanist.systems.build.request import Request

STATES, BASINS = "states.png", "basins.png"


def new(
    name: str,
    request: Request,
    exploration: Exploration | None = None,
    length: RunLength | None = None,
    said: Callable[[str], None] = lambda text: None,
    reaction: str | None = None,
) -> Made:
    """Make ./systems/NAME with all files, a system.yaml, and figures of what was found.

    Parameters
    ----------
    name
        Of the system.
    request
        What it is made from.
    exploration
        How to look for basins; None: not at all.
    length
        Of the MD in each basin; None: by the cost of a step.
    said
        Called with every step.
    reaction
        Bonds that break and form, which give the states; see `mechanist.starts.react`.
    """
    if reaction is not None:
        return Made(react(name, request, reaction, Path(), said))
    made = make(name, request, Path(), said, exploration, length)
    if made.basins is not None:
        draw_basins(made.basins, made.folder / BASINS)
        said(f"{made.folder / BASINS}: the basins; their structures are in {made.folder}/basins")
    if made.states is not None:
        draw_states(made.states, made.names, made.folder / STATES)
        said(f"{made.folder / STATES}: the MD of both states and their intervals")
    return made
