"""The back end that needs Julia: what it asks PySR for, and how its process is watched.

Julia is not needed for these tests but the last: PySR's package is read, not imported, and the real
worker runs with a stand-in that has PySR's interface and leaves a recorded hall of fame.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.formula.expression import evaluate, parse
from mechanist.formula.fit.likelihood import Outcomes, point_losses
from mechanist.formula.search.julia import PYSR, SERIES, look
from mechanist.formula.search.problem import Problem
from mechanist.formula.search.pysr import LOSS, PySR, arguments
from mechanist.formula.search.pysr_process import Limits, last_fault
from mechanist.formula.search.pysr_text import equations, julia_text
from mechanist.settings.formula import FormulaSettings
from mechanist.statistics.logistic import q_to_p
from tests.conftest import REPOSITORY
from tests.formula.pysr_signature import signatures, source

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "pysr_signature.json").read_text(encoding="utf-8"))
COLUMNS = ("sin(phi)", "cos(phi)", "bond_C1_N2")
# Without templates, which are searched in a process of their own.
SETTINGS = FormulaSettings(
    backend="pysr", operators=("add", "sub", "mul", "div", "exp", "tanh"), forms=()
)
# The stand-in is up in a second; machines under load are given more.
QUICK = Limits(start=30, grace=2)


def given(operators=SETTINGS.operators):
    settings = SETTINGS.model_copy(update={"operators": operators})
    return arguments(settings, 5, ["(x0 * 2.0)"], Path("here"))


def check(signature):
    for operators in (("add",), SETTINGS.operators, ("add", "sub", "mul", "div", "log", "sqrt")):
        assert set(given(operators)) <= set(signature["__init__"])
    assert {"X", "y", "weights", "variable_names"} <= set(signature["fit"])


def test_every_keyword_is_one_of_the_recorded_version():
    assert RECORDED["version"] == PYSR
    assert len(RECORDED["__init__"]) > 100
    check(RECORDED)


def test_every_keyword_is_one_of_the_installed_version():
    place = source()
    if place is None:
        pytest.skip("PySR is not installed; the recorded signature was compared")
    check(signatures(place))


def test_the_version_is_pinned_alike():
    content = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"pysr=={PYSR}",' in content.split("dependencies = [")[1].split("]")[0]
    assert f"pysr=={PYSR}" in (REPOSITORY / "requirements.lock").read_text("utf-8").splitlines()
    assert PYSR.startswith(SERIES)


def test_the_search_repeats_itself_and_is_sized_by_the_settings():
    keywords = given()
    assert keywords["deterministic"] is True
    assert keywords["parallelism"] == "serial"
    assert keywords["random_state"] == 5
    assert keywords["maxsize"] == SETTINGS.max_nodes
    assert keywords["timeout_in_seconds"] == SETTINGS.seconds
    assert keywords["niterations"] <= SETTINGS.iterations
    assert json.loads(json.dumps(keywords)) == keywords


@pytest.mark.parametrize(
    ("seconds", "wanted", "given"),
    # An iteration takes 1.3 s, and 7 s go before the first: 60 s would do for 40 at the most.
    [(1, 40, 1), (15, 40, 3), (60, 40, 31), (60, 10, 10), (120, 40, 40), (86_400, 40, 40)],
)
def test_iterations_are_those_that_the_limit_of_time_allows(seconds, wanted, given):
    settings = SETTINGS.model_copy(update={"seconds": seconds, "iterations": wanted})
    assert arguments(settings, 5, [], Path("here"))["niterations"] == given


def test_operators_are_those_of_the_settings_and_functions_are_not_nested():
    keywords = given(("add", "mul", "exp", "log"))
    assert keywords["binary_operators"] == ["+", "*"]
    assert keywords["unary_operators"] == ["exp", "log"]
    none = {"exp": 0, "log": 0}
    assert keywords["nested_constraints"] == {"exp": none, "log": none}
    plain = given(("add", "sub", "mul", "div"))
    assert plain["binary_operators"] == ["+", "-", "*", "/"]
    assert plain["unary_operators"] is plain["nested_constraints"] is None


def test_the_loss_is_the_likelihood():
    # The body is Julia that Python reads alike; what differs are the names of two functions.
    head, body = LOSS.split(" = ")
    assert head.endswith("(q, p, n)")
    known = {"max": max, "abs": abs, "exp": math.exp, "log1p": math.log1p, "zero": lambda q: 0.0}
    rng = np.random.default_rng(3)
    q = np.concatenate([rng.normal(size=50) * 5, [-700.0, 0.0, 700.0]])
    n_a, n_b = rng.uniform(0, 3, len(q)), rng.uniform(0.1, 3, len(q))
    ours = point_losses(q, Outcomes(n_a, n_b, np.zeros(len(q), dtype=np.int64)))
    for i, expected in enumerate(ours):
        n = n_a[i] + n_b[i]
        loss = eval(body, {"__builtins__": {}}, {**known, "q": q[i], "p": n_b[i] / n, "n": n})
        assert loss == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "size"),
    [
        ("1.5", 1),
        ("0.26 + 8.4*x0 + 4.2*x1", 9),
        ("0.26 - 8.4*x0 - x1", 9),
        ("x0**2 - 1e-05*x1", 7),
        ("(0.5 + x0)/(1.7 + x1)/x2", 9),
        ("1/x0", 3),
        ("2.5*exp(x0*x1) + tanh(x2)", 9),
    ],
)
def test_guesses_are_written_with_two_arguments_for_each_operation(formula, size):
    written = julia_text(parse(formula), SETTINGS.operators)
    assert written is not None
    assert written.size == size
    # Julia and Python agree on this much of their grammar.
    rng = np.random.default_rng(1)
    values = {name: rng.uniform(0.5, 2, 20) for name in ("x0", "x1", "x2")}
    np.testing.assert_allclose(evaluate(written.text, values), evaluate(formula, values))
    operations = (
        written.text.count(" ") // 2 + written.text.count("exp") + written.text.count("tanh")
    )
    assert written.text.count("(") == operations
    assert "**" not in written.text


@pytest.mark.parametrize("formula", ["log(x0)", "sqrt(x0)", "x0**1.5", "x0**9"])
def test_guesses_with_other_operations_are_left_out(formula):
    assert julia_text(parse(formula), SETTINGS.operators) is None
    assert julia_text(parse("1/x0"), ("add", "mul")) is None


def test_the_hall_of_fame_is_read():
    found = equations((HERE / "standin" / "hall_of_fame.csv").read_text(encoding="utf-8"))
    assert found[:2] == ["0.041203316", "(x0 * 2.4471939)"]
    # Powers have another sign in Julia.
    assert found[3] == "tanh(x0 + 1.5e-7)"
    assert "** 1.0" in found[5]
    assert equations("Complexity,Loss,Equation\n") == equations("") == equations("x\n1\n") == []


@pytest.fixture
def problem():
    rng = np.random.default_rng(7)
    phi, bond = rng.uniform(-1, 1, 2500), 0.133 + 0.003 * rng.normal(size=2500)
    x = np.column_stack([np.sin(phi), np.cos(phi), bond])
    q = 3 * np.sin(phi) + 200 * (bond - 0.133)
    p = q_to_p(q)
    outcomes = Outcomes(2 * (1 - p), 2 * p, np.zeros(len(q), dtype=np.int64))
    guesses = ("0.1 + 3*sin(phi)", "2*sin(phi) + 190*bond_C1_N2", "log(bond_C1_N2)")
    return Problem(x, COLUMNS, q, p * (1 - p), outcomes, guesses)


def search(problem, seconds=60.0, limits=QUICK, seed=1):
    lines = []
    settings = SETTINGS.model_copy(update={"seconds": seconds})
    texts = PySR(limits=limits).search(problem, settings, seed, 1, lines.append)
    return texts, lines


def test_data_out_and_formulas_back(problem, standin):
    folder = standin("well")
    texts, lines = search(problem)
    rng = np.random.default_rng(1)
    values = {"phi": rng.uniform(-1, 1, 30), "bond_C1_N2": rng.uniform(0.12, 0.14, 30)}
    assert "2.4471939*sin(phi)" in texts
    # x2 is the bond, shifted by its mean and scaled by its spread.
    truth = 3 * np.sin(values["phi"]) + 200 * (values["bond_C1_N2"] - 0.133)
    errors = [np.abs(evaluate(one, values) - truth).max() for one in texts]
    assert min(errors) < 0.1
    # A number that is none and a row that is not whole.
    assert sum("2 expressions that cannot be used dropped" in line for line in lines) == 1
    assert len(texts) == 6
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["rows"] == 1000
    assert record["arguments"]["guesses"][0] == "(0.1 + (3.0 * x0))"
    assert len(record["arguments"]["guesses"]) == 2
    assert not list(folder.glob("mechanist_pysr_*"))


def test_the_seed_reaches_the_search(problem, standin):
    folder = standin("well")
    seeds = []
    for seed in (1, 1, 2):
        search(problem, seed=seed)
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        seeds.append(record["arguments"]["random_state"])
    assert seeds[0] == seeds[1] != seeds[2]


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("dies", "pysr: its process ended with exit status 1: RuntimeError: the loss is not a num"),
        # A line of the output that names an error is no cause of these.
        ("crashes", "pysr: its process ended with signal SIGSEGV$"),
        ("killed", "pysr: its process ended with signal SIGKILL; is there enough memory.$"),
        ("no_julia", "Temporary failure in name resolution.*run mechanist doctor --install-pysr"),
    ],
)
def test_a_process_that_dies_is_told_in_one_line(mode, message, problem, standin):
    folder = standin(mode)
    lines = []
    with pytest.raises(MechanistError, match=message) as caught:
        PySR(limits=QUICK).search(problem, SETTINGS, 1, 1, lines.append)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    # The rest is kept where the log says.
    kept = list(folder.glob("mechanist_pysr_*"))
    assert [path.suffix for path in kept] == [".log"]
    assert all(any(str(path) in line for line in lines) for path in kept)


def gone(pid):
    """Whether a process has ended; it may stay as a zombie where nobody waits for it."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"


@pytest.mark.parametrize(
    ("mode", "limits", "message"),
    [
        ("hangs_at_start", Limits(start=3, grace=60), "the start of Julia was not finished"),
        ("hangs_early", QUICK, "the search was not finished"),
    ],
)
def test_a_process_that_hangs_is_ended_with_its_children(mode, limits, message, problem, standin):
    folder = standin(mode)
    begun = time.monotonic()
    with pytest.raises(MechanistError, match=message):
        search(problem, seconds=1.0, limits=limits)
    # 1 s for the search and 2 s of grace, or 3 s; 2 s between asking and forcing.
    assert time.monotonic() - begun < 20
    child = int((folder / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 10
    while not gone(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(child)


def test_what_a_search_had_found_before_it_was_ended_is_used(problem, standin):
    standin("hangs")
    texts, lines = search(problem, seconds=1.0)
    assert "2.4471939*sin(phi)" in texts
    assert any("before all 1 iterations were done" in line for line in lines)


def test_the_limit_of_time_is_kept_and_compilation_is_no_search(problem, standin, monkeypatch):
    folder = standin("well")
    # 600 cycles would take 60 s, and by its own clock the search would end after 1 + 2 s.
    monkeypatch.setattr("mechanist.formula.search.pysr.iterations", lambda settings: 40)
    for name, seconds in {"COMPILE": 3, "FIRST": 1, "CYCLE": 0.1}.items():
        monkeypatch.setenv(f"STANDIN_{name}", str(seconds))
    texts, lines = search(problem, seconds=2.0)
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    # The poll and the end of the process take less than half a second.
    assert time.time() - record["begun"] < 2.9
    assert "2.4471939*sin(phi)" in texts
    assert sum("before all 40 iterations were done" in line for line in lines) == 1


def test_a_search_without_formulas_at_its_limit_ends_with_the_first(problem, standin, monkeypatch):
    standin("well")
    monkeypatch.setattr("mechanist.formula.search.pysr.iterations", lambda settings: 40)
    monkeypatch.setenv("STANDIN_FIRST", "2")
    monkeypatch.setenv("STANDIN_CYCLE", "1")
    texts, lines = search(problem, seconds=0.5, limits=Limits(start=30, grace=30))
    assert "2.4471939*sin(phi)" in texts
    assert any("before all 40 iterations were done" in line for line in lines)


def test_a_search_with_all_iterations_done_was_not_cut_short(problem, standin, monkeypatch):
    standin("well")
    # With compilation it takes longer than its limit, without it does not.
    monkeypatch.setenv("STANDIN_COMPILE", "2")
    _, lines = search(problem, seconds=1.5)
    assert not any("may find other" in line for line in lines)
    assert sum("1 of 40 iterations, since formula.seconds = 1.5" in line for line in lines) == 1


def test_the_seconds_of_a_search_do_not_count_the_start(problem, standin, monkeypatch):
    standin("hangs_early")
    monkeypatch.setenv("STANDIN_IMPORT", "4")
    with pytest.raises(MechanistError, match=r"the search was not finished after [12] s"):
        search(problem, seconds=0.5, limits=Limits(start=30, grace=0.5))


def test_nothing_is_said_about_threads(problem, standin):
    folder = standin("dies")
    with pytest.raises(MechanistError):
        search(problem)
    (output,) = folder.glob("mechanist_pysr_*.log")
    assert "THREADS" not in output.read_text(encoding="utf-8")


PARENT = """
import sys
from pathlib import Path
from mechanist.formula.search.pysr import WORKER
from mechanist.formula.search.pysr_process import Limits, run_worker
folder = Path(sys.argv[1])
run_worker([*WORKER, str(folder)], folder, 600, Limits(), lambda: True, print)
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_the_worker_and_its_children_end_with_its_parent(way, standin, tmp_path):
    standin("hangs_early")
    np.savez(tmp_path / "data.npz", x=np.ones((2, 1)), y=np.ones(2), weights=np.ones(2))
    given = {"populations": 15, "niterations": 1, "run_id": "search", "tempdir": str(tmp_path)}
    fit, limit = {"variable_names": ["x0"]}, {"timeout_in_seconds": 600}
    searches = [{"arguments": given | limit, "fit": fit, "template": None}]
    request = json.dumps({"searches": searches})
    (tmp_path / "request.json").write_text(request, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)])
    child = tmp_path / "child"
    try:
        wait_for(lambda: child.exists() and child.read_text(encoding="utf-8"), 60)
        pid = int(child.read_text(encoding="utf-8"))
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        worker = int(status.split("PPid:")[1].split()[0])
        assert not gone(worker)
        parent.send_signal(way)
        parent.wait(timeout=10)
        wait_for(lambda: gone(worker) and gone(pid), 10)
        assert gone(worker)
        assert gone(pid)
    finally:
        parent.kill()
        if child.exists():
            with suppress(ProcessLookupError):
                os.killpg(os.getpgid(int(child.read_text(encoding="utf-8"))), signal.SIGKILL)


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_line_that_names_a_failure():
    julia = (
        "Traceback (most recent call last):\njuliacall.JuliaError: UndefVarError: `x` not defined"
    )
    assert last_fault(julia + "\nStacktrace:\n [1] top-level scope\n").startswith("juliacall.Julia")
    assert last_fault("ERROR: No matching distribution found\n\nnote") == (
        "ERROR: No matching distribution found"
    )
    assert last_fault("killed\n") == "killed"
    assert last_fault("") == ""


@pytest.mark.julia
@pytest.mark.slow
def test_the_real_thing_finds_a_planted_sum(problem, real_julia):
    state = look()
    if not state.ready:
        pytest.skip(state.line)
    texts, _ = search(problem, seconds=200, limits=Limits())
    values = {"phi": np.arcsin(problem.inputs[:, 0]), "bond_C1_N2": problem.inputs[:, 2]}
    # q has a spread of 1.8; the bond's part alone has 0.6.
    assert min(np.std(evaluate(one, values) - problem.target) for one in texts) < 0.05
    assert search(problem, seconds=200, limits=Limits())[0] == texts
