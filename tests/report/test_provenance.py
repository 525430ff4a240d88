"""Hashes of what a run was made from."""

import pytest

from mechanist.bookkeeping.files import sha256
from mechanist.bookkeeping.layout import Layout
from mechanist.report.provenance import provenance
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from tests.bring import FORMATS, write_system

OWN = {"r": {"function": "r"}}


@pytest.mark.parametrize(
    ("kind", "topology"),
    [("Amber", "peroxide.prmtop"), ("GROMACS", "peroxide.top"), ("CHARMM", "peroxide.psf")],
)
def test_all_files_of_a_system_have_a_hash(kind, topology, tmp_path):
    folder = write_system(tmp_path / "peroxide", FORMATS[kind], descriptors=OWN)
    (folder / "descriptors.py").write_text("def r(x):\n    return x[:, 0, 0]\n", encoding="utf-8")
    config = validate(Config, {"system": str(folder)}, "test")
    found = provenance(config, Layout(tmp_path / "results"), 0)["inputs"]
    named = {"system.yaml", topology, "descriptors.py", FORMATS[kind]["structure"]}
    assert named <= set(found)
    assert all(found[name] == sha256(folder / name) for name in named)


def test_a_run_has_the_same_settings_in_any_folder(tmp_path):
    layout = Layout(tmp_path)
    one, other = (
        provenance(validate(Config, {"results": name}, "test"), layout, 0)["config"]
        for name in ("a", "b/c")
    )
    assert one == other
