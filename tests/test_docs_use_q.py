"""The example of docs/use-q-elsewhere.md, as it is printed."""

import re
import subprocess
import sys

from mechanist.bookkeeping.layout import Layout
from mechanist.formula.export import write_exports
from mechanist.settings.load import load_system
from mechanist.systems.descriptors.describe import formula_inputs
from mechanist.systems.prepared import load_formula_inputs
from tests.conftest import REPOSITORY, build

PAGE = REPOSITORY / "docs" / "use-q-elsewhere.md"


def test_metadynamics_along_q(tmp_path):
    """Seed 1 as on the page: B is reached, and left again."""
    layout = build("alanine_dipeptide", tmp_path / "results")
    source = REPOSITORY / "systems" / "alanine_dipeptide"
    formula_inputs(load_system(source), source, Layout(layout.root))
    page = PAGE.read_text(encoding="utf-8")
    formula = re.search(r"With q = (.*?), a formula", page, re.DOTALL)[1]
    text = re.sub(r"(\d) (height)", r"\1*\2", formula.replace("\n", " "))
    write_exports(text, load_formula_inputs(layout), layout.root)
    (block,) = (b for b in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Metad" in b)
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    states = done.stdout.split()[-1]
    visits = re.sub(r"(.)\1+", r"\1", states.replace(".", ""))
    assert len(states) == 200
    assert 10 <= states.index("B") <= 60
    assert len(visits) >= 4
