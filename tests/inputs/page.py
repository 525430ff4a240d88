"""docs/inputs.md from the cells of the matrix."""

from collections.abc import Mapping

from tests.inputs.cases import COLUMNS, IMPLICIT, MADE, MODELS, Files
from tests.inputs.cell import CLOSE, Cell

ROWS = (
    *("vacuum", *(f"implicit {model}" for model in MODELS), "cubic", "triclinic", "octahedral"),
    *("TIP3P", "TIP4P", "OPC", "ions", "disulfide", "two equal chains", "nucleic acid"),
    *("lone pairs", "CMAP", "HMR"),
)
HEAD = f"""# Inputs

Written by `make inputs`. Each cell is a set of files that went through `mechanist new`, preparation
and description. A number is the largest relative difference of the energy from plain OpenMM's
reading of the same files, at the positions of the files and at the minimum; it must be below
{CLOSE:g}. The inputs of the networks (distances, angles and torsions of bonded heavy atoms, of all
atoms where there are no such, never of water) are counted on the graph of bonds of OpenMM's
topology and must be as many. "round" means that all this went through Snakemake, with first paths,
a round of 16 shots, networks and assessment after it; `make inputs` runs those that are missing. A
fault would stand in its cell; "-" means that there are no such files.

## Kinds of input by formats
"""


def page(cells: Mapping[str, Cell], shipped: Mapping[str, tuple[str, Files]]) -> str:
    """The page in Markdown."""
    made = MADE | IMPLICIT
    lines = [HEAD, f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in ROWS:
        name = next(name for name, case in made.items() if row in case.rows)
        shown = [
            "-" if column in made[name].missing else _cell(cells.get(f"{name}, {column}"))
            for column in COLUMNS
        ]
        lines.append(f"| {row} | {' | '.join(shown)} |")
    lines += ["", "Without files:", ""]
    reasons = {
        (column, why): [other for other in made if made[other].missing.get(column) == why]
        for case in made.values()
        for column, why in case.missing.items()
    }
    lines += [f"- {column}, {', '.join(n)}: {why}." for (column, why), n in reasons.items()]
    lines += ["", "## The files", "", "| case | from | rows | atoms | inputs | rounds |"]
    lines.append("|---|---|---|---|---|---|")
    for name, case in made.items():
        own = [cells[key] for c in COLUMNS if (key := f"{name}, {c}") in cells]
        numbers = [_span([getattr(cell, what) for cell in own]) for what in NUMBERS]
        numbers.append(f"{sum(cell.shots > 0 for cell in own)} of {len(own)}")
        rows = ", ".join(case.rows)
        lines.append(f"| {name} | {case.origin} | {rows} | {' | '.join(numbers)} |")
    lines += ["", FORMATS, "## Files that packages ship", ""]
    lines += ["| files | from | format | difference | atoms | inputs |", "|---" * 6 + "|"]
    for name, (origin, files) in shipped.items():
        cell = cells.get(name)
        numbers = [_span([getattr(cell, what)] if cell else []) for what in NUMBERS]
        found = [name, origin, files.column, _cell(cell), *numbers]
        lines.append(f"| {' | '.join(found)} |")
    return "\n".join(lines) + "\n"


NUMBERS = ("atoms", "inputs")
FORMATS = """PDB, mmCIF and the serialised System are written by OpenMM. prmtop and rst7, top and
gro, psf, prm and crd are written by ParmEd from OpenMM's Systems; energies of CHARMM's files differ
from the others, since CHARMM does not scale 1-4 charges.
"""


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "not run"
    if cell.fault:
        return cell.fault
    return (f"{cell.difference:.0e}" if cell.difference else "0") + ", round" * bool(cell.shots)


def _span(values: list[int]) -> str:
    """One number, or the smallest and the largest."""
    if not values:
        return "not run"
    ends = sorted({min(values), max(values)})
    return " to ".join(f"{value:,}" for value in ends)
