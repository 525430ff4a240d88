"""Setting up PySR: commands whose output is passed on and whose failure is one line."""

import sys

import pytest

from mechanist.errors import MechanistError
from mechanist.formula.search.install_pysr import PIP, RESOLVE, install_pysr, run


def script(code):
    return [sys.executable, "-c", code]


def test_progress_is_passed_on_line_by_line():
    lines = []
    run("step", script("print('one'); print('two')"), lines.append)
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
    ],
)
def test_a_failure_is_one_line(code, message):
    with pytest.raises(MechanistError, match=message) as caught:
        run("step", script(code), lambda line: None)
    assert str(caught.value).startswith("doctor --install-pysr: step failed")
    assert "\n" not in str(caught.value)


def test_what_is_run():
    assert PIP[0] == RESOLVE[0] == sys.executable
    assert PIP[-1] == "pysr==2.7.2"


def test_offline_is_said_before_anything_is_downloaded(monkeypatch, tmp_path):
    record = tmp_path / "pysr-2.7.2.dist-info" / "METADATA"
    record.parent.mkdir()
    record.write_text("Metadata-Version: 2.1\nName: pysr\nVersion: 2.7.2\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHON_JULIAPKG_OFFLINE", "yes")
    with pytest.raises(MechanistError, match="PYTHON_JULIAPKG_OFFLINE=yes forbids"):
        install_pysr(lambda line: None)


def test_julia_that_cannot_be_set_up(monkeypatch, tmp_path):
    record = tmp_path / "pysr-2.7.2.dist-info" / "METADATA"
    record.parent.mkdir()
    record.write_text("Metadata-Version: 2.1\nName: pysr\nVersion: 2.7.2\n", encoding="utf-8")
    # Stands in for the package of this name, on a machine without a network.
    (tmp_path / "juliapkg.py").write_text(
        "from urllib.error import URLError\n"
        "def resolve():\n"
        "    print('[juliapkg] Querying Julia versions')\n"
        "    raise URLError('[Errno -3] Temporary failure in name resolution')\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("PYTHON_JULIAPKG_OFFLINE", raising=False)
    lines = []
    with pytest.raises(MechanistError, match=r"setting up Julia failed: .*is there a network"):
        install_pysr(lines.append)
    assert "setting up Julia: [juliapkg] Querying Julia versions" in lines
