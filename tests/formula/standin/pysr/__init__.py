"""A stand-in for PySR with its interface and no search: it leaves a recorded hall of fame.

$STANDIN says how it ends: ``well``, ``hangs`` (after the first state of the hall of fame),
``hangs_early`` (before any), ``hangs_at_start``, ``dies``, ``crashes``, ``killed``, ``no_julia``
or ``no_templates`` (fails in these).
As with Julia, descriptor 0 is non-blocking after the import, signals wake the threads, the first
fit compiles, and the clock of a fit starts when it has its first formulas. These take the seconds
of $STANDIN_IMPORT, $STANDIN_COMPILE, $STANDIN_FIRST and, for a cycle, $STANDIN_CYCLE.
It is at home in the folder below, so that the process that imports it is the real worker.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from urllib.error import URLError

__version__ = "2.7.2"

assert "numpy" not in sys.modules, "PySR wants to be imported first"
for name, value in {
    "PYTHON_JULIACALL_HANDLE_SIGNALS": "yes",
    "PYTHON_JULIACALL_THREADS": "1",
    "PYTHON_JULIAPKG_OFFLINE": "yes",
    "JULIA_PKG_OFFLINE": "true",
}.items():
    assert os.environ[name] == value, name
if os.environ["PYTHON_JULIACALL_THREADS"] != "auto":
    warnings.warn(
        "PYTHON_JULIACALL_THREADS environment variable is set to other than 'auto'", stacklevel=1
    )

MODE = os.environ["STANDIN"]
HERE = Path(__file__).parents[1]
SIGNATURE = json.loads((HERE.parent / "pysr_signature.json").read_text(encoding="utf-8"))


def lasts(what):
    """Take the time of a step."""
    time.sleep(float(os.environ.get(f"STANDIN_{what}", 0)))


def start_julia():
    """Change the process as Julia does."""
    lasts("IMPORT")
    os.set_blocking(0, False)
    # One that arrives while the interpreter ends is ignored.
    signal.signal(signal.SIGURG, lambda *_: None)
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            signal.pthread_kill(thread.ident, signal.SIGURG)


def forever():
    """Wait with a child that does not end when asked to, and at the start neither does this."""
    handler = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if MODE != "hangs_at_start":
        signal.signal(signal.SIGTERM, handler)
    if "STANDIN_CHILD" in os.environ:
        Path(os.environ["STANDIN_CHILD"]).write_text(str(child.pid), encoding="utf-8")
    time.sleep(600)


start_julia()
if MODE == "hangs_at_start":
    forever()
if MODE == "no_julia":
    raise URLError("[Errno -3] Temporary failure in name resolution")


class TemplateExpressionSpec:
    """Keeps what it is given; its fields are those of the recorded version."""

    def __init__(self, combine, expressions, variable_names, parameters=None):
        self.combine = combine
        self.expressions = expressions
        self.variable_names = variable_names
        self.parameters = parameters


class PySRRegressor:
    """Checks what it is given."""

    compiled = False

    def __init__(self, **keywords):
        unknown = set(keywords) - set(SIGNATURE["__init__"])
        if unknown:
            raise TypeError(f"{unknown} is not a valid keyword argument for PySRRegressor.")
        self.keywords = keywords

    def fit(self, x, y, **keywords):
        """Write the hall of fame, or end as $STANDIN says."""
        begun = time.time()
        assert set(keywords) <= set(SIGNATURE["fit"])
        assert x.shape == (len(y), len(keywords["variable_names"]))
        assert len(keywords["weights"]) == len(y)
        assert (y >= 0).all()
        assert (y <= 1).all()
        if not PySRRegressor.compiled:
            lasts("COMPILE")
            PySRRegressor.compiled = True
        # What goes wrong does in long searches.
        mode = MODE if self.keywords["populations"] > 1 else "well"
        if mode == "dies":
            print("Stacktrace:\n [1] error(s::String)", file=sys.stderr)
            raise RuntimeError("the loss is not a number")
        if mode in {"crashes", "killed"}:
            print("BlockingIOError: [Errno 11] Resource temporarily unavailable", flush=True)
            os.kill(os.getpid(), signal.SIGSEGV if mode == "crashes" else signal.SIGKILL)
        if mode == "hangs_early":
            forever()
        spec = self.keywords.pop("expression_spec", None)
        if MODE == "no_templates" and spec is not None:
            raise RuntimeError("MethodError: no method matching cos(::ValidVector)")
        lasts("FIRST")
        folder = Path(self.keywords["tempdir"]) / "tmp12345678" / self.keywords["run_id"]
        folder.mkdir(parents=True)
        if spec is None:
            fame = (HERE / "hall_of_fame.csv").read_text(encoding="utf-8")
        else:
            assert spec.variable_names == keywords["variable_names"]
            sizes = (spec.parameters or {}).items()
            parts = [f"{name} = (#1 * 2.0) - #2" for name in spec.expressions]
            parts += [f"{name} = {[0.5 + i for i in range(size)]}" for name, size in sizes]
            fame = f'Complexity,Loss,Equation\n7,0.5,"{"; ".join(parts)}"\n'
        (folder / "hall_of_fame.csv").write_text(fame, encoding="utf-8")
        (folder / "hall_of_fame.csv.bak").write_text(fame, encoding="utf-8")
        record = {"arguments": self.keywords, "rows": len(y), "begun": begun}
        if "STANDIN_RECORD" in os.environ:
            Path(os.environ["STANDIN_RECORD"]).write_text(json.dumps(record), encoding="utf-8")
        if mode == "hangs":
            forever()
        clock = time.monotonic()
        for _ in range(self.keywords["niterations"] * self.keywords["populations"]):
            lasts("CYCLE")
            if time.monotonic() - clock > self.keywords["timeout_in_seconds"]:
                break
