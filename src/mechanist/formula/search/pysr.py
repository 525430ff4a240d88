"""Symbolic search with PySR, in a process of its own.

PySR (Cranmer, arXiv:2305.01582) starts Julia when it is imported, wants to be imported before
anything that links numerical libraries, and takes over the signals of its process. So a worker
(`mechanist.formula.search.pysr_worker`) imports it, and files in a temporary folder go back and
forth.

Other than Operon it knows the likelihood: each row's loss is the Bernoulli loss on the logit,
n [softplus(q) - p q], with n shots of which the share p ends in B
(see
`mechanist.formula.fit.likelihood`). It starts from the formulas that growth has found. One thread,
a seed and ``deterministic`` make a search repeat itself as long as the clock does not end it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.expression import symbol
from mechanist.formula.search.problem import (
    Problem,
    draw,
    in_symbols,
    scaled_columns,
    scaling,
    translate,
)
from mechanist.formula.search.pysr_process import Limits, run_worker
from mechanist.formula.search.pysr_text import julia_text, read_hall_of_fame
from mechanist.formula.structure import column_symbols, normal
from mechanist.settings.formula import FormulaSettings

ROWS = 1000
"""Rows that the search sees, drawn by their shots: up to here PySR does not work in batches."""
POPULATIONS = 15
SMALLEST_MAXSIZE = 7
"""PySR refuses a smaller ``maxsize``; longer formulas than asked for are shortened later."""
BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
RUN_ID = "search"
WORKER = (sys.executable, "-P", "-m", "mechanist.formula.search.pysr_worker")
LOSS = (
    "mechanist_bernoulli(q, p, n) = n * (max(q, zero(q)) + log1p(exp(-abs(q))) - p * q)"  # softplus
)


class PySR:
    """The back end that needs Julia.

    Parameters
    ----------
    worker
        Command of the process that runs PySR; the folder of the request follows it.
    limits
        How long Julia may take to start, and how long after its time a search may last.
    """

    name = "pysr"
    guided = True

    def __init__(self, worker: Sequence[str] = WORKER, limits: Limits | None = None) -> None:
        self.worker = tuple(worker)
        self.limits = limits or Limits()

    def search(
        self, problem: Problem, settings: FormulaSettings, seed: int, threads: int, log: Log
    ) -> list[str]:
        """See `mechanist.formula.search.engines.Engine.search`."""
        rng = np.random.default_rng([seed, 2])
        shots = np.asarray(problem.outcomes.n_a + problem.outcomes.n_b)
        rows = draw(shots, min(ROWS, len(shots)), rng)
        scale, shift = scaling(problem.inputs[rows], problem.columns)
        names = column_symbols(len(problem.columns))
        back = scaled_columns(problem.columns, scale, shift)
        guesses = scaled_guesses(problem, scale, shift, settings)
        with tempfile.TemporaryDirectory(prefix="mechanist_pysr_") as place:
            folder = Path(place)
            keywords = arguments(settings, int(rng.integers(2**31 - 1)), guesses, folder)
            x = (problem.inputs[rows] - shift) / scale
            share = problem.outcomes.n_b[rows] / shots[rows]
            np.savez(folder / "data.npz", x=x, y=share, weights=shots[rows])
            fit = {"variable_names": [name.name for name in names]}
            write_json(folder / "request.json", {"arguments": keywords, "fit": fit})
            models = self._run(folder, settings.seconds, log)
        texts, dropped = translate(
            models, {symbol(s.name): c for s, c in zip(names, back, strict=True)}
        )
        if dropped:
            log(f"pysr: {dropped} expressions that cannot be used dropped")
        return list(dict.fromkeys(texts))

    def _run(self, folder: Path, seconds: float, log: Log) -> list[str]:
        """Run the worker; the equations of its hall of fame."""
        end = run_worker([*self.worker, str(folder)], folder, seconds, self.limits, log)
        models = read_hall_of_fame(folder, RUN_ID)
        if end.fault and not (end.late and models):
            _keep(folder / "output.txt", log)
            raise MechanistError("pysr", end.fault)
        if not models:
            raise MechanistError("pysr", "the search ended without a single formula")
        if end.late:
            log(f"pysr: {end.fault}; what it had found is used, another run may find other things")
        elif end.searched >= seconds:
            # PySR does not tell; its clock starts a little later than the worker's.
            log(
                f"pysr: the search took {end.searched:.0f} s, formula.seconds may have cut it "
                "short; then another run may find other things"
            )
        return models


def _keep(output: Path, log: Log) -> None:
    """Save what a failed process has printed; its folder is about to go."""
    if output.stat().st_size == 0:
        return
    handle, name = tempfile.mkstemp(prefix="mechanist_pysr_", suffix=".log")
    os.close(handle)
    shutil.copyfile(output, name)
    log(f"pysr: all that it has printed is in {name}")


def arguments(
    settings: FormulaSettings, seed: int, guesses: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Keywords for ``PySRRegressor``, as JSON can hold them.

    Parameters
    ----------
    settings
        Operators, sizes, iterations, and the seconds after which the search returns early.
    seed
        Of the search.
    guesses
        Julia text in x0, x1, ...
    folder
        Where the hall of fame is written, in a subfolder that PySR makes.
    """
    unary = [name for name in settings.operators if name not in BINARY]
    return {
        "binary_operators": [BINARY[name] for name in settings.operators if name in BINARY],
        "unary_operators": unary or None,
        # Nobody reads exp(log(tanh(x))): a function never stands within another.
        "nested_constraints": {one: dict.fromkeys(unary, 0) for one in unary} or None,
        "elementwise_loss": LOSS,
        "maxsize": max(SMALLEST_MAXSIZE, settings.max_nodes),
        "niterations": settings.iterations,
        "populations": POPULATIONS,
        "timeout_in_seconds": settings.seconds,
        "guesses": list(guesses) or None,
        "deterministic": True,
        "parallelism": "serial",
        "random_state": seed,
        "precision": 32,
        "batching": False,
        "verbosity": 0,
        "update_verbosity": 0,
        "progress": False,
        "input_stream": "devnull",
        # With a file of its own choice PySR would lay a pickle beside it.
        "temp_equation_file": True,
        "tempdir": str(folder),
        "delete_tempfiles": False,
        "run_id": RUN_ID,
    }


def scaled_guesses(
    problem: Problem, scale: Array, shift: Array, settings: FormulaSettings
) -> list[str]:
    """The problem's guesses as Julia text in the scaled inputs; those that do not fit left out."""
    import sympy

    names = column_symbols(len(problem.columns))
    raw = {
        x: sympy.Float(float(s)) * x + sympy.Float(float(m))
        for x, s, m in zip(names, scale, shift, strict=True)
        if (s, m) != (1, 0)
    }
    limit = max(SMALLEST_MAXSIZE, settings.max_nodes)
    result = []
    for expr in in_symbols(problem.guesses, problem.columns):
        written = julia_text(normal(sympy.expand(expr.xreplace(raw))), settings.operators)
        if written is not None and written.size <= limit:
            result.append(written.text)
    return list(dict.fromkeys(result))
