"""Reading a results folder for the molecule in the report."""

from typing import Any

from mechanist.bookkeeping.layout import Layout
from mechanist.report.data import Dynamics
from mechanist.report.molecule.atoms import read_atoms
from mechanist.report.molecule.scenes import Scenes, make_scenes
from mechanist.sampling.records.tables import PathTable
from mechanist.systems.prepared import load_formula_inputs, load_inputs


def read_scenes(
    layout: Layout, dynamics: Dynamics, table: PathTable | None, groups: list[dict[str, Any]]
) -> Scenes | None:
    """Frames to be shown; None for a potential, or a run without paths or a model.

    Raises
    ------
    DataError
        If a file is damaged.
    """
    files = layout.committor
    if table is None or not len(table) or not files.model.is_file():
        return None
    from mechanist.committor.network import load

    atoms = read_atoms(layout.topology, table.frames[0][: dynamics.atoms])
    if atoms is None:
        return None
    known = load_formula_inputs(layout) if layout.formula_inputs.is_file() else load_inputs(layout)
    model = load(files.model, files.model_card)
    return make_scenes(atoms, table, groups, known, load_inputs(layout), model, dynamics.frame_time)
