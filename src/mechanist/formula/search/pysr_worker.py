"""The process that runs PySR: ``python -m mechanist.formula.search.pysr_worker FOLDER``.

FOLDER contains ``request.json`` (keywords) and ``data.npz`` (x, y, weights). The worker creates
``started`` when Julia is running and ``answer.json`` when the search has ended; the formulas are in
the hall of fame that PySR writes below FOLDER.
"""

import os
import sys
import threading


def main(folder: str) -> None:
    """Answer the request in a folder."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Before anything that links numerical libraries, as its authors require.
    import pysr  # isort: skip

    import json
    import time
    from pathlib import Path

    import numpy as np

    place = Path(folder)
    request = json.loads((place / "request.json").read_text(encoding="utf-8"))
    with np.load(place / "data.npz", allow_pickle=False) as data:
        x, y, weights = data["x"], data["y"], data["weights"]
    (place / "started").touch()
    begun = time.monotonic()
    model = pysr.PySRRegressor(**request["arguments"])
    model.fit(x, y, weights=weights, **request["fit"])
    answer = {"seconds": time.monotonic() - begun, "pysr": pysr.__version__}
    (place / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _end_with_parent() -> None:
    """End when the parent closes the pipe, as it also does when it dies."""
    # Not sys.stdin, whose lock this thread would hold when the interpreter ends.
    os.read(0, 1)
    os._exit(3)


if __name__ == "__main__":
    main(sys.argv[1])
