"""A stand-in for juliapkg: it leaves what the real one leaves, or ends as $STANDIN_JULIA says.

``well``; ``hangs`` while Julia is installed, with a child; ``half``: Julia is there, its packages
fail; ``full``: the disk is full while Julia is installed. What each call finds is noted in
$STANDIN_JULIA_CALLS.
"""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

MODE = os.environ["STANDIN_JULIA"]
PROJECT = Path(os.environ["PYTHON_JULIAPKG_PROJECT"])
DEPOT = Path(os.environ["JULIA_DEPOT_PATH"])
MANIFEST = """
[[deps.SymbolicRegression]]
git-tree-sha1 = "0123456789abcdef0123456789abcdef01234567"
version = "2.7.4"
"""


def resolve():
    """Install."""
    folder = PROJECT / "pyjuliapkg"
    julia = folder / "install" / "bin" / "julia"
    found = {"julia": julia.exists(), "meta": (folder / "meta.json").exists()}
    with Path(os.environ["STANDIN_JULIA_CALLS"]).open("a", encoding="utf-8") as calls:
        print(json.dumps(found), file=calls)
    if found["meta"]:
        return
    julia.parent.mkdir(parents=True, exist_ok=True)
    if MODE == "full":
        (folder / "install" / "part").write_text("of Julia", encoding="utf-8")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    julia.write_text("#!/bin/sh\n", encoding="utf-8")
    julia.chmod(0o755)
    if MODE == "hangs":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ["STANDIN_CHILD"]).write_text(str(child.pid), encoding="utf-8")
        time.sleep(600)
    print(f"[juliapkg] Using Julia 1.11.5 at {julia}")
    if MODE == "half":
        print("ERROR: Unsatisfiable requirements detected for package Printf", file=sys.stderr)
        raise subprocess.CalledProcessError(1, "julia")
    (DEPOT / "packages" / "SymbolicRegression" / "x1Y2z" / "src").mkdir(parents=True, exist_ok=True)
    (PROJECT / "Manifest.toml").write_text(MANIFEST, encoding="utf-8")
    meta = {"version": "1.11.5", "executable": str(julia)}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
