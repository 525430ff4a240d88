"""A Python environment with PySR and Julia as their installers leave them, made of empty shells."""

import importlib
import json
import os
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

HERE = Path(__file__).parent

MANIFEST = """\
julia_version = "1.11.5"
manifest_format = "2.0"

[[deps.PythonCall]]
uuid = "6099a3de-0909-46bc-b1f4-468b9a2dfc0d"
version = "0.9.36"

[[deps.SymbolicRegression]]
deps = ["Printf"]
git-tree-sha1 = "0123456789abcdef0123456789abcdef01234567"
uuid = "8254be44-1295-4e6a-a16d-46603ac705cb"
version = "2.7.2"
"""


@pytest.fixture
def standin(monkeypatch, tmp_path):
    """Lets the real worker find a stand-in for PySR, which ends in a given way."""

    def set_up(mode):
        path = (str(HERE / "standin"), os.environ.get("PYTHONPATH", ""), str(REPOSITORY / "src"))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
        monkeypatch.setenv("STANDIN", mode)
        monkeypatch.setenv("STANDIN_RECORD", str(tmp_path / "record.json"))
        monkeypatch.setenv("STANDIN_CHILD", str(tmp_path / "child"))
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        return tmp_path

    return set_up


class Installed:
    """Files by which an installed PySR is known."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.depot = folder / "depot"
        self.project = folder / "prefix" / "julia_env"
        self.julia = folder / "bin" / "julia"
        self.environ = {"JULIA_DEPOT_PATH": f"{self.depot}:", "PATH": "", "HOME": str(folder)}
        self.prefix = str(folder / "prefix")

    def pysr(self, version: str, asks: str = "~2.7.2") -> None:
        """What pip leaves."""
        package = self.site / "pysr"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("raise AssertionError('imported')", encoding="utf-8")
        wanted = {"julia": "=1.10.0, 1.10.3", "packages": {"SymbolicRegression": {"version": asks}}}
        (package / "juliapkg.json").write_text(json.dumps(wanted), encoding="utf-8")
        importlib.invalidate_caches()
        record = self.site / f"pysr-{version}.dist-info" / "METADATA"
        record.parent.mkdir(parents=True)
        record.write_text(
            f"Metadata-Version: 2.1\nName: pysr\nVersion: {version}\n", encoding="utf-8"
        )

    def julia_itself(self) -> None:
        """What juliapkg leaves of Julia."""
        self.julia.parent.mkdir(parents=True)
        self.julia.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        self.julia.chmod(0o755)
        record = self.project / "pyjuliapkg" / "meta.json"
        record.parent.mkdir(parents=True)
        content = {"meta_version": 8, "version": "1.11.5", "executable": str(self.julia)}
        record.write_text(json.dumps(content), encoding="utf-8")

    def packages(self, manifest: str = "Manifest.toml") -> None:
        """What Julia leaves of its packages."""
        (self.project / manifest).write_text(MANIFEST, encoding="utf-8")
        (self.depot / "packages" / "SymbolicRegression" / "x1Y2z" / "src").mkdir(parents=True)

    def manifest(self, old: str, new: str) -> None:
        """Change the manifest."""
        path = self.project / "Manifest.toml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.fixture
def installed(monkeypatch, tmp_path):
    files = Installed(tmp_path / "machine")
    files.site.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(files.site))
    return files
