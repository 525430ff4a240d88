"""The process that runs PySR: ``python -m mechanist.formula.search.pysr_worker FOLDER``.

FOLDER contains ``request.json``, with keywords of one search after the other, and ``data.npz`` (x,
y, weights). The worker creates ``started`` when Julia is running and has compiled the searches, and
``answer.json`` when all iterations are done; the formulas are in the halls of fame that PySR writes
below FOLDER.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

from mechanist.formula.search.watchdog import end_with_parent

COMPILED = "compiled"
"""Folder of the hall of fame of the search that compiles."""


def main(folder: str) -> None:
    """Answer the request in a folder."""
    end_with_parent()
    # One thread is meant: the search is serial, so that it repeats itself.
    warnings.filterwarnings("ignore", message="PYTHON_JULIACALL_THREADS")
    # Before anything that links numerical libraries, as its authors require.
    import pysr  # isort: skip

    import json

    import numpy as np

    place = Path(folder)
    request = json.loads((place / "request.json").read_text(encoding="utf-8"))
    with np.load(place / "data.npz", allow_pickle=False) as data:
        x, y, weights = data["x"], data["y"], data["weights"]
    (place / COMPILED).mkdir()

    def search(one: dict[str, Any], arguments: dict[str, Any]) -> None:
        if one["template"]:
            spec = pysr.TemplateExpressionSpec(**one["template"])
            arguments = {**arguments, "expression_spec": spec}
        columns = x[:, : len(one["fit"]["variable_names"])]
        pysr.PySRRegressor(**arguments).fit(columns, y, weights=weights, **one["fit"])

    for one in request["searches"]:
        search(one, brief(one["arguments"], place))
    (place / "started").touch()
    for one in request["searches"]:
        search(one, one["arguments"])
    (place / "answer.json").write_text(json.dumps({"pysr": pysr.__version__}), encoding="utf-8")


def brief(arguments: dict[str, Any], place: Path) -> dict[str, Any]:
    """The shortest search that compiles what the search with these arguments needs."""
    return {**arguments, "niterations": 1, "populations": 1, "tempdir": str(place / COMPILED)}


if __name__ == "__main__":
    main(sys.argv[1])
