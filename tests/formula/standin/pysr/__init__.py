"""A stand-in for PySR with its interface and no search: it leaves a recorded hall of fame.

$STANDIN says how it ends: ``well``, ``hangs`` (after the first state of the hall of fame),
``hangs_early`` (before any), ``hangs_at_start``, ``dies``, ``crashes`` or ``no_julia``.
It is at home in the folder below, so that the process that imports it is the real worker.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError

__version__ = "2.7.2"

assert "numpy" not in sys.modules, "PySR wants to be imported first"
for name, value in {
    "PYTHON_JULIACALL_HANDLE_SIGNALS": "yes",
    "PYTHON_JULIACALL_THREADS": "1",
    "PYTHON_JULIAPKG_OFFLINE": "yes",
}.items():
    assert os.environ[name] == value, name

MODE = os.environ["STANDIN"]
HERE = Path(__file__).parents[1]
SIGNATURE = json.loads((HERE.parent / "pysr_signature.json").read_text(encoding="utf-8"))


def forever():
    """Wait with a child that does not end when asked to, and at the start neither does this."""
    handler = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if MODE != "hangs_at_start":
        signal.signal(signal.SIGTERM, handler)
    if "STANDIN_CHILD" in os.environ:
        Path(os.environ["STANDIN_CHILD"]).write_text(str(child.pid), encoding="utf-8")
    time.sleep(600)


if MODE == "hangs_at_start":
    forever()
if MODE == "no_julia":
    raise URLError("[Errno -3] Temporary failure in name resolution")


class PySRRegressor:
    """Checks what it is given."""

    def __init__(self, **keywords):
        unknown = set(keywords) - set(SIGNATURE["__init__"])
        if unknown:
            raise TypeError(f"{unknown} is not a valid keyword argument for PySRRegressor.")
        self.keywords = keywords

    def fit(self, x, y, **keywords):
        """Write the hall of fame, or end as $STANDIN says."""
        assert set(keywords) <= set(SIGNATURE["fit"])
        assert x.shape == (len(y), len(keywords["variable_names"]))
        assert len(keywords["weights"]) == len(y)
        assert (y >= 0).all()
        assert (y <= 1).all()
        if MODE == "dies":
            print("Stacktrace:\n [1] error(s::String)", file=sys.stderr)
            raise RuntimeError("the loss is not a number")
        if MODE == "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        if MODE == "hangs_early":
            forever()
        folder = Path(self.keywords["tempdir"]) / "tmp12345678" / self.keywords["run_id"]
        folder.mkdir(parents=True)
        fame = (HERE / "hall_of_fame.csv").read_text(encoding="utf-8")
        (folder / "hall_of_fame.csv").write_text(fame, encoding="utf-8")
        (folder / "hall_of_fame.csv.bak").write_text(fame, encoding="utf-8")
        record = {"arguments": self.keywords, "rows": len(y)}
        if "STANDIN_RECORD" in os.environ:
            Path(os.environ["STANDIN_RECORD"]).write_text(json.dumps(record), encoding="utf-8")
        if MODE == "hangs":
            forever()
