"""Setting up PySR: bounded in time, one line on failure, half-made installations are mended.

The process of the installation is the real one; juliapkg and PySR are stand-ins.
"""

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mechanist.errors import MechanistError
from mechanist.formula.search import install_pysr as module
from mechanist.formula.search.bounded import run
from mechanist.formula.search.install_pysr import PIP, SETUP, Patience, install_pysr
from mechanist.formula.search.julia import UNFINISHED, look
from tests.conftest import REPOSITORY
from tests.formula.test_pysr import gone, wait_for


def script(code):
    return [sys.executable, "-c", code]


def test_progress_is_passed_on_line_by_line():
    lines = []
    run("here", "step", script("print('one'); print('two')"), 60, lines.append)
    assert lines == ["step: one", "step: two"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "from urllib.error import URLError; raise URLError('Name or service not known')",
            "step failed: urllib.error.URLError: .* is there a network",
        ),
        (
            "import sys; sys.exit('ERROR: No matching distribution found for pysr==2.7.2')",
            "No matching distribution found.* is there a network",
        ),
        ("raise SystemExit(7)", "exit status 7$"),
        ("raise ValueError('no such folder')", "ValueError: no such folder$"),
        ("raise OSError(28, 'No space left on device')", "No space left.*; free some space"),
        ("import time; time.sleep(60)", "step was not finished after 2 s and was ended"),
    ],
)
def test_a_failure_is_one_line(code, message):
    with pytest.raises(MechanistError, match=message) as caught:
        run("here", "step", script(code), 2, lambda line: None)
    assert str(caught.value).startswith("here: step ")
    assert "\n" not in str(caught.value)


def test_what_is_run():
    assert PIP[0] == SETUP[0] == sys.executable
    assert PIP[-1] == "pysr==2.7.2"


def test_the_installation_is_bounded_by_a_quarter_of_an_hour():
    # Ending a process takes up to 2 s, starting the command some more.
    assert Patience().reach <= 25
    assert Patience().total <= 900 - 15


class Machine:
    """An empty environment with PySR's Python part."""

    def __init__(self, folder, files, monkeypatch):
        self.folder, self.files, self.monkeypatch = folder, files, monkeypatch
        self.calls = folder / "calls"
        self.lines = []

    def julia(self, mode):
        self.monkeypatch.setenv("STANDIN_JULIA", mode)

    def install(self, **patience):
        self.lines.clear()
        install_pysr(self.lines.append, Patience(**patience))

    def found(self):
        """What the calls of juliapkg have found."""
        return [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()]

    @property
    def place(self):
        return self.files.project / "pyjuliapkg"

    @property
    def child(self):
        return int((self.folder / "child").read_text(encoding="utf-8"))


@pytest.fixture
def machine(installed, standin, monkeypatch):
    folder = standin("well")
    installed.pysr("2.7.2")
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(installed.project))
    monkeypatch.setenv("JULIA_DEPOT_PATH", str(installed.depot))
    monkeypatch.setenv("STANDIN_JULIA_CALLS", str(folder / "calls"))
    monkeypatch.setattr(module, "SPACE", 0)
    for name in ("PYTHON_JULIAPKG_OFFLINE", "JULIA_PKG_OFFLINE", "PYTHON_JULIAPKG_EXE"):
        monkeypatch.delenv(name, raising=False)
    return Machine(folder, installed, monkeypatch)


class Answer(BaseHTTPRequestHandler):
    """Any answer is one."""

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture
def network(machine, monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    proxies(monkeypatch, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("JULIA_PKG_SERVER", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


def proxies(monkeypatch, address):
    """All that is asked for goes this way."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, address)
    for name in ("no_proxy", "NO_PROXY", "JULIA_PKG_SERVER"):
        monkeypatch.delenv(name, raising=False)


def test_an_installation_ends_with_a_search(machine, network):
    machine.julia("well")
    machine.install()
    assert look().ready
    assert not (machine.place / UNFINISHED).exists()
    assert any(line.startswith("a first search found: ") for line in machine.lines)
    assert machine.found() == [{"julia": False, "meta": False}]
    # The second time nothing is downloaded, nor is the network looked for.
    proxies(machine.monkeypatch, "http://127.0.0.1:1")
    machine.install()
    assert "auto uses it" in machine.lines[-1]
    assert len(machine.found()) == 1


def test_without_a_network_one_line_says_so_at_once(machine, monkeypatch):
    machine.julia("well")
    proxies(monkeypatch, "http://127.0.0.1:1")
    begun = time.monotonic()
    with pytest.raises(MechanistError, match=r"no server of Julia answers.*refused") as caught:
        machine.install()
    assert time.monotonic() - begun < 30
    assert "\n" not in str(caught.value)
    assert machine.lines == []
    assert not machine.files.project.exists()


def test_a_network_that_says_nothing_is_not_waited_for(machine, monkeypatch):
    machine.julia("well")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxies(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with pytest.raises(MechanistError, match="no server of Julia answers"):
            machine.install(reach=1)
    assert time.monotonic() - begun < 15


def test_an_installation_that_hangs_is_ended_and_mended(machine, network):
    machine.julia("hangs")
    begun = time.monotonic()
    with pytest.raises(MechanistError, match="setting up Julia was not finished after"):
        machine.install(total=6)
    assert time.monotonic() - begun < 30
    wait_for(lambda: gone(machine.child), 10)
    assert gone(machine.child)
    assert "was not finished" in look().line
    # Julia may be incomplete, so it is installed again.
    machine.julia("well")
    machine.install()
    assert look().ready
    assert any("is mended" in line for line in machine.lines)
    assert machine.found() == [{"julia": False, "meta": False}] * 2


def test_an_installation_that_fails_half_way_is_mended(machine, network):
    machine.julia("half")
    with pytest.raises(MechanistError, match="ERROR: Unsatisfiable requirements detected"):
        machine.install()
    assert "was not finished" in look().line
    machine.julia("well")
    machine.install()
    assert look().ready
    # Julia itself was complete and is kept.
    assert machine.found() == [{"julia": False, "meta": False}, {"julia": True, "meta": False}]


def test_a_full_disk_is_left_with_the_space_it_had(machine, network):
    machine.julia("full")
    with pytest.raises(MechanistError, match="No space left on device; free some space"):
        machine.install()
    assert not (machine.place / "install").exists()
    assert not look().ready
    machine.julia("well")
    machine.install()
    assert look().ready


def test_a_disk_that_would_be_filled_is_not_begun_with(machine, network, monkeypatch):
    machine.julia("well")
    monkeypatch.setattr(module, "SPACE", 1e18)
    with pytest.raises(MechanistError, match=r"GB of free space, .* GB are needed"):
        machine.install()
    assert not machine.files.project.exists()


def test_a_julia_that_cannot_search_is_not_used(machine, network, monkeypatch):
    machine.julia("well")
    monkeypatch.setenv("STANDIN", "dies")
    with pytest.raises(MechanistError, match="pysr: its process ended with exit status 1"):
        machine.install()
    assert "was not finished" in look().line
    monkeypatch.setenv("STANDIN", "well")
    machine.install()
    assert look().ready
    # One that was sound and is not any more is resolved anew.
    monkeypatch.setenv("STANDIN", "dies")
    with pytest.raises(MechanistError, match="pysr: its process ended with exit status 1"):
        machine.install()
    assert not look().ready
    assert [call["meta"] for call in machine.found()] == [False] * 3


@pytest.mark.parametrize(("name", "value"), list(module.OFFLINE.items()))
def test_offline_is_said_before_anything_is_downloaded(name, value, machine, monkeypatch):
    machine.julia("well")
    monkeypatch.setenv(name, value)
    with pytest.raises(MechanistError, match=f"{name}={value} forbids"):
        machine.install()


def test_a_julia_of_ones_own_is_left_alone(machine, monkeypatch):
    machine.julia("well")
    monkeypatch.setenv("PYTHON_JULIACALL_PROJECT", str(machine.folder))
    with pytest.raises(MechanistError, match="is set without PYTHON_JULIACALL_EXE"):
        machine.install()


def test_an_installer_that_is_killed_leaves_no_process_and_a_mark(machine, network):
    machine.julia("hangs")
    code = (
        "from mechanist.formula.search import install_pysr as m; m.SPACE = 0; m.install_pysr(print)"
    )
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(machine.files.site)])
    environ = {**os.environ, "PYTHONPATH": path}
    installer = subprocess.Popen(script(code), env=environ, stdout=subprocess.DEVNULL)
    try:
        child = machine.folder / "child"
        wait_for(lambda: child.exists() and child.read_text(encoding="utf-8"), 60)
        assert not gone(machine.child)
        installer.send_signal(signal.SIGKILL)
        installer.wait(timeout=10)
        wait_for(lambda: gone(machine.child), 10)
        assert gone(machine.child)
    finally:
        installer.kill()
    assert "was not finished" in look().line


def test_nothing_else_imports_what_starts_or_downloads_julia():
    found = {}
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.split(".")[0] in {"pysr", "juliacall", "juliapkg"}:
                    found.setdefault(Path(path).stem, set()).add(name)
    assert found == {"pysr_worker": {"pysr"}, "julia_setup": {"juliapkg"}}
