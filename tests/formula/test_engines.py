"""Which engine searches: what is looked at, what is said, and what happens when PySR fails."""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.formula.distil import distil
from mechanist.formula.search.engines import ENGINES, choose_engines, require
from mechanist.formula.search.julia import UNFINISHED, State, look
from mechanist.formula.search.julia_packages import allowed
from mechanist.settings.formula import FormulaSettings
from tests.formula.test_distil import SMALL, TRUTH, planted

YES = State(True, "PySR 2.7.2 with Julia 1.11.5 and SymbolicRegression 2.7.2 is installed")
NO = State(False, "PySR is not installed")


def test_auto_takes_what_is_there_and_says_why():
    assert choose_engines("auto", YES).names == ("operon", "pysr")
    assert choose_engines("auto", YES).if_needed == ("pysr",)
    assert choose_engines("both", YES).if_needed == ()
    assert choose_engines("auto", NO).names == ("operon",)
    assert choose_engines("auto", NO).reason == "auto: PySR is not installed"
    assert "Julia 1.11.5" in choose_engines("auto", YES).reason


def test_a_wish_is_kept_or_refused():
    assert choose_engines("operon", YES).names == ("operon",)
    assert choose_engines("pysr", YES).names == ("pysr",)
    assert choose_engines("both", YES).names == ("operon", "pysr")
    assert choose_engines("both", YES).label == "operon+pysr"
    for wish in ("pysr", "both"):
        with pytest.raises(MechanistError, match="not installed; run mechanist doctor --install"):
            choose_engines(wish, NO)
    require("operon")
    require("auto")


def test_every_name_of_the_settings_can_be_searched_with():
    for wish in ("auto", "operon", "pysr", "both"):
        FormulaSettings(backend=wish)
        for name in choose_engines(wish, YES).names:
            assert ENGINES[name]().name == name


def test_nothing_is_installed(installed):
    try:
        version("pysr")
    except PackageNotFoundError:
        assert look(installed.environ, installed.prefix) == NO
    else:
        pytest.skip("PySR is installed, so that it is missing cannot be tried")


def test_the_files_of_an_installation_are_found_step_by_step(installed):
    def line():
        state = look(installed.environ, installed.prefix)
        assert "\n" not in state.line
        return state.ready, state.line

    installed.pysr("2.7.2")
    ready, why = line()
    assert not ready
    assert "without Julia" in why
    assert "julia_env" in why
    installed.julia_itself()
    ready, why = line()
    assert not ready
    assert "lacks the packages" in why
    installed.packages()
    assert line() == (True, YES.line)
    installed.julia.unlink()
    ready, why = line()
    assert not ready
    assert "no program at" in why


def test_another_version_is_not_used(installed):
    installed.pysr("1.5.9")
    state = look(installed.environ, installed.prefix)
    assert state == State(False, "PySR 1.5.9 is installed, 2.7.x is needed")


def test_packages_must_be_in_a_depot(installed):
    installed.pysr("2.7.0")
    installed.julia_itself()
    installed.packages("Manifest-v1.11.toml")
    assert look(installed.environ, installed.prefix).ready
    elsewhere = installed.environ | {"JULIA_DEPOT_PATH": str(installed.site)}
    assert "depot" in look(elsewhere, installed.prefix).line
    home = installed.environ | {"JULIA_DEPOT_PATH": ""}
    assert not look(home, installed.prefix).ready
    installed.depot.rename(installed.depot.parent / ".julia")
    assert look(home, installed.prefix).ready


def test_the_project_may_be_named(installed):
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    named = installed.environ | {"PYTHON_JULIAPKG_PROJECT": str(installed.project)}
    assert look(named, "/nowhere").ready
    assert not look(installed.environ, "/nowhere").ready
    conda = installed.environ | {"CONDA_PREFIX": installed.prefix}
    # A prefix of its own that is no virtual environment is what conda has.
    assert look(conda, installed.prefix).ready
    both = installed.environ | {
        "PYTHON_JULIACALL_EXE": str(installed.julia),
        "PYTHON_JULIACALL_PROJECT": str(installed.project),
    }
    assert look(both, "/nowhere").ready
    for name in ("EXE", "PROJECT"):
        # Juliacall refuses one without the other.
        alone = {k: v for k, v in both.items() if k != f"PYTHON_JULIACALL_{name}"}
        state = look(alone, installed.prefix)
        assert not state.ready
        assert f"is set without PYTHON_JULIACALL_{name}" in state.line
    exe = installed.environ | {"PYTHON_JULIAPKG_EXE": "/no/julia"}
    assert "/no/julia" in look(exe, installed.prefix).line


def test_the_package_must_be_of_the_series_that_pysr_asks_for(installed):
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    assert look(installed.environ, installed.prefix).ready
    for other in ("1.11.3", "2.0.0-alpha.10", "2.7.1", "2.8.0", "3.0.0"):
        installed.manifest('version = "2.7.2"', f'version = "{other}"')
        state = look(installed.environ, installed.prefix)
        line = f"SymbolicRegression {other} is installed, PySR 2.7.2 needs ~2.7.2"
        assert state == State(False, line)
        installed.manifest(f'version = "{other}"', 'version = "2.7.2"')
    installed.manifest('version = "2.7.2"', 'version = "2.7.5"')
    assert look(installed.environ, installed.prefix).ready
    (installed.site / "pysr" / "juliapkg.json").write_text("{", encoding="utf-8")
    assert "is damaged" in look(installed.environ, installed.prefix).line


# Expected by the chapter Compatibility of the manual of Pkg.
@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ("~2.7.2", ("2.7.2", "2.7.9"), ("2.7.1", "2.8.0")),
        ("~2.7", ("2.7.0",), ("2.8.0", "2.6.9")),
        ("~2", ("2.9.0",), ("3.0.0",)),
        ("2.7.2", ("2.7.2", "2.8.0"), ("2.7.1", "3.0.0")),
        ("^0.2.3", ("0.2.3", "0.2.9"), ("0.3.0", "0.2.2")),
        ("^0.0.3", ("0.0.3",), ("0.0.4",)),
        ("0", ("0.9.1",), ("1.0.0",)),
        ("=1.10.0, 1.10.3", ("1.10.0", "1.10.3", "1.12.0"), ("1.10.1", "2.0.0")),
        (">=1.2, ", ("1.2.0", "7.0.0"), ("1.1.9",)),
        ("<2.1", ("2.0.9",), ("2.1.0",)),
        ("1.2 - 2.3", ("1.2.0", "2.3.9"), ("2.4.0", "1.1.0")),
        ("none", (), ("1.0.0", "of unknown version")),
    ],
)
def test_ranges_of_versions_are_those_of_julia(wanted, inside, outside):
    assert all(allowed(one, wanted) for one in inside)
    assert not any(allowed(one, wanted) for one in outside)


def test_a_package_under_development_or_with_julia_is_no_missing_one(installed):
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    (installed.depot / "packages").rename(installed.depot / "elsewhere")

    def ready():
        return look(installed.environ, installed.prefix).ready

    assert not ready()
    # Beside the program, as some distributions have it.
    share = installed.julia.parents[1] / "share" / "julia"
    share.mkdir(parents=True)
    (installed.depot / "elsewhere").rename(share / "packages")
    assert ready()
    own = installed.environ | {"JULIA_DEPOT_PATH": str(installed.depot)}
    assert not look(own, installed.prefix).ready
    (share / "packages").rename(installed.depot / "elsewhere")
    hash_ = 'git-tree-sha1 = "0123456789abcdef0123456789abcdef01234567"'
    installed.manifest(hash_, 'path = "../dev"')
    assert not ready()
    module = installed.project.parent / "dev" / "src" / "SymbolicRegression.jl"
    module.parent.mkdir(parents=True)
    module.touch()
    assert ready()
    installed.manifest('path = "../dev"', "")
    assert ready()


def test_an_unfinished_installation_is_none(installed):
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    (installed.project / "pyjuliapkg" / UNFINISHED).touch()
    assert "was not finished" in look(installed.environ, installed.prefix).line


def test_a_damaged_record_is_no_installation(installed):
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    (installed.project / "Manifest.toml").write_text("[[deps", encoding="utf-8")
    assert "lacks the packages" in look(installed.environ, installed.prefix).line
    (installed.project / "pyjuliapkg" / "meta.json").write_text("[1]", encoding="utf-8")
    assert "without Julia" in look(installed.environ, installed.prefix).line


def test_looking_imports_nothing_heavy():
    code = (
        "import sys; from mechanist.formula.search.julia import look; look(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pysr", "juliacall", "juliapkg"} & set(done.stdout.split())


@pytest.fixture
def ready(installed, monkeypatch):
    """This process believes that PySR is there."""
    installed.pysr("2.7.2")
    installed.julia_itself()
    installed.packages()
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(installed.project))
    monkeypatch.setenv("JULIA_DEPOT_PATH", str(installed.depot))
    monkeypatch.delenv("PYTHON_JULIAPKG_EXE", raising=False)
    monkeypatch.delenv("PYTHON_JULIACALL_EXE", raising=False)


def run(backend, **changes):
    data, _, _ = planted(TRUTH, points=1600)
    lines = []
    changed = {"backend": backend, "max_nodes": 9, "forms": (), **changes}
    settings = SMALL.model_copy(update=changed)
    return distil(data, settings, 1, 1, lines.append), lines


def test_auto_asks_pysr_where_formulas_are_not_enough(ready, standin):
    folder = standin("well")
    # One descriptor of the two is not enough.
    result, lines = run("auto", max_nodes=3)
    assert result.backend == "operon+pysr"
    assert result.backend_reason.startswith("auto: pysr searches, too: the best formula without it")
    assert result.backend_reason.endswith(f"formula.enough is 0.003; {YES.line}")
    assert any("search by operon+pysr if needed (auto: PySR 2.7.2" in line for line in lines)
    # The best formula of each length so far is a guess.
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert len(record["arguments"]["guesses"]) == 2


def test_auto_does_not_start_pysr_where_a_formula_is_as_good_as_the_network(ready, standin):
    folder = standin("well")
    result, _ = run("auto")
    assert result.backend == "operon"
    assert result.backend_reason.startswith("auto: pysr left out: the best formula without it is ")
    assert result.chosen.descriptors == ("phi", "theta")
    assert not (folder / "record.json").exists()


def test_pysr_alone_starts_from_growth(ready, standin):
    folder = standin("well")
    result, _ = run("pysr")
    assert result.backend == "pysr"
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    guesses = record["arguments"]["guesses"]
    assert len(guesses) > 2
    assert any("x0" in guess and "x2" in guess for guess in guesses)


def test_both_find_what_either_finds(ready, standin):
    standin("well")
    result, lines = run("both")
    assert result.backend == "operon+pysr"
    assert [line.split(":")[0] for line in lines if " expressions in " in line] == [
        *("operon", "pysr"),
    ]


def test_when_pysr_fails_auto_goes_on_with_operon(ready, standin):
    standin("dies")
    result, lines = run("auto", max_nodes=3)
    assert result.backend == "operon"
    assert "auto: pysr failed: its process ended" in result.backend_reason
    assert "\n" not in result.backend_reason
    assert result.backend_reason in lines
    plain, _ = run("operon", max_nodes=3)
    assert [f.text for f in plain.pareto_front] == [f.text for f in result.pareto_front]


def test_when_pysr_fails_a_wish_is_not_quietly_dropped(ready, standin):
    standin("dies")
    for wish in ("pysr", "both"):
        with pytest.raises(MechanistError, match="pysr: its process ended"):
            run(wish)


def test_operon_alone_does_not_look_for_pysr(standin):
    standin("dies")
    result, _ = run("operon")
    assert (result.backend, result.backend_reason) == ("operon", "formula.backend asks for it")
    assert np.isfinite(result.chosen.heldout_loss)
