"""make inputs: kinds of input by formats, against plain OpenMM; writes docs/inputs.md.

python -m tests.inputs.run FOLDER [--without-rounds] [--only NAME]

FOLDER keeps the files and what was found, so that a run that was stopped goes on.
"""

import argparse
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.inputs.cases import COLUMNS, IMPLICIT, MADE, Files, files_of, write
from tests.inputs.cell import Cell, examine
from tests.inputs.page import page
from tests.inputs.shipped import shipped

PAGE = REPOSITORY / "docs" / "inputs.md"


def every(folder: Path) -> Iterator[tuple[str, str, Files]]:
    """Key, name and files of all cells; files that are not there are written."""
    for name, case in (MADE | IMPLICIT).items():
        place = folder / "files" / name
        if not (place / "positions.npy").is_file():
            shutil.rmtree(place, ignore_errors=True)
            write(case, place)
        for column in COLUMNS:
            if column not in case.missing:
                yield f"{name}, {column}", name, files_of(case, column, place)
    for name, (_, files) in shipped(folder).items():
        yield name, name, files


def main() -> None:
    """Run all cells that were not run before, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without-rounds", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    store = options.folder / "cells.json"
    known = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    for key, name, files in every(options.folder):
        done = key in known and (known[key]["shots"] or options.without_rounds)
        if done or options.only not in key:
            continue
        with tempfile.TemporaryDirectory() as place:
            cell = examine(name, files, Path(place), not options.without_rounds)
        known[key] = asdict(cell)
        print(cell, flush=True)
        store.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    cells = {key: Cell(**row) for key, row in known.items()}
    PAGE.write_text(page(cells, shipped(options.folder)), encoding="utf-8")
    faults = [f"{key}: {cell.fault}" for key, cell in cells.items() if cell.fault]
    print(f"{len(cells)} cells, {len(faults)} with a fault", *faults, sep="\n")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
