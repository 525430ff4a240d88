"""Symbolic search with PySR, in a process of its own.

PySR (Cranmer, arXiv:2305.01582) starts Julia on import, must be imported before anything that links
numerical libraries, and handles the signals of its process. So a worker
(`mechanist.formula.search.pysr_worker`) imports it, with files in a temporary folder for input and
output.

Unlike Operon it maximises the likelihood: the loss of a row is n [softplus(q) - p q], with n shots
of which the fraction p ends in B (`mechanist.statistics.binomial`). It starts from formulas that
growth has found. With one thread, a seed and ``deterministic`` a search is reproducible unless it
is ended at its limit of time, so the iterations are sized to the limit.

A second process searches the parts of template expressions
(`mechanist.formula.search.pysr_templates`). If it fails, the formulas of the first are used.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import Log
from mechanist.errors import DataError, MechanistError
from mechanist.formula.data import angle_names, angle_values
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
from mechanist.formula.search.pysr_templates import Template, templates
from mechanist.formula.search.pysr_text import julia_text, read_hall_of_fame
from mechanist.formula.structure import column_symbols, normal
from mechanist.settings.formula import FormulaSettings

ROWS = 1000
"""Rows of the search, drawn by their shots: with more, PySR works in batches."""
POPULATIONS = 15
ITERATION, FIRST, SHARE = 1.3, 7.0, 0.8
"""Seconds of an iteration of all populations, seconds before the first one (of the guesses and of
the first populations), as measured on one core, and the share of formula.seconds that they fill: on
a machine that is a little slower all iterations are still done, and the search repeats itself."""
SMALLEST_MAXSIZE = 7
"""PySR refuses a smaller ``maxsize``; formulas that are too long are shortened later."""
BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
RUN_ID = "search"
WORKER = (sys.executable, "-P", "-m", "mechanist.formula.search.pysr_worker")
LOSS = (
    "mechanist_bernoulli(q, p, n) = n * (max(q, zero(q)) + log1p(exp(-abs(q))) - p * q)"  # softplus
)


class PySR:
    """The engine that needs Julia.

    Parameters
    ----------
    worker
        Command of the process that runs PySR; the folder of the request is appended.
    limits
        How long Julia may take to start, and a search beyond its own limit.
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
        shots = np.asarray(problem.outcomes.counts, dtype=np.float64)
        rows = draw(shots, min(ROWS, len(shots)), rng)
        scale, shift = scaling(problem.inputs[rows], problem.columns)
        angles = dict(
            zip(
                angle_names(problem.columns),
                angle_values(problem.columns, problem.inputs[rows]).T,
                strict=True,
            )
        )
        names = [name.name for name in column_symbols(len(problem.columns) + len(angles))]
        plain, extra = names[: len(problem.columns)], names[len(problem.columns) :]
        back = [*scaled_columns(problem.columns, scale, shift), *map(symbol, angles)]
        table = _Table(
            np.column_stack([(problem.inputs[rows] - shift) / scale, *angles.values()]),
            problem.outcomes.n_b[rows] / shots[rows],
            shots[rows],
        )
        if iterations(settings) < settings.iterations:
            log(
                f"pysr: {iterations(settings)} of {settings.iterations} iterations, since"
                f" formula.seconds = {settings.seconds:g} allows no more"
            )
        number = int(rng.integers(2**31 - 1))
        guesses = scaled_guesses(problem, scale, shift, settings)
        models = self._plain(table, plain, guesses, settings, number, log)
        forms = templates(plain, extra, settings.forms)
        if forms:
            models += self._templates(table, forms, settings, number, log)
        texts, dropped = translate(models, dict(zip(map(symbol, names), back, strict=True)))
        if dropped:
            log(f"pysr: {dropped} expressions that cannot be used dropped")
        return list(dict.fromkeys(texts))

    def _plain(
        self,
        table: "_Table",
        names: Sequence[str],
        guesses: Sequence[str],
        settings: FormulaSettings,
        seed: int,
        log: Log,
    ) -> list[str]:
        """Formulas of the search without a template."""
        with tempfile.TemporaryDirectory(prefix="mechanist_pysr_") as place:
            folder = Path(place)
            keywords = arguments(settings, seed, guesses, folder)
            write_request(folder, [_search(keywords, names, None)], table)
            return self._run(folder, [RUN_ID], settings, log)[0]

    def _templates(
        self,
        table: "_Table",
        forms: Sequence[Template],
        settings: FormulaSettings,
        seed: int,
        log: Log,
    ) -> list[str]:
        """Formulas of templates; none, and a line, if that fails."""
        share = settings.model_copy(update={"seconds": settings.seconds / len(forms)})
        with tempfile.TemporaryDirectory(prefix="mechanist_pysr_") as place:
            folder = Path(place)
            searches = []
            for form in forms:
                # Parameters are added to the inputs, and templates cost more to evaluate.
                own = {"run_id": form.name, "niterations": max(1, iterations(share) // 2)}
                keywords = {**arguments(share, seed, (), folder), **own}
                searches.append(_search(keywords, form.variables, form))
            write_request(folder, searches, table)
            try:
                found = self._run(folder, [form.name for form in forms], settings, log)
            except MechanistError as error:
                log(f"pysr: templates left out: {error.what}")
                return []
        models = []
        for form, equations in zip(forms, found, strict=True):
            for equation in equations:
                try:
                    models.append(form.expanded(equation))
                except DataError as error:
                    log(f"pysr: {error.what}")
        log(f"pysr: {len(models)} expressions of templates {', '.join(f.name for f in forms)}")
        return models

    def _run(
        self, folder: Path, run_ids: Sequence[str], settings: FormulaSettings, log: Log
    ) -> list[list[str]]:
        """Run the worker; the equations of each hall of fame."""

        def models() -> list[list[str]]:
            return [read_hall_of_fame(folder, run_id) for run_id in run_ids]

        seconds = settings.seconds
        command = [*self.worker, str(folder)]
        end = run_worker(command, folder, seconds, self.limits, lambda: any(models()), log)
        if end.fault and not (end.late and any(models())):
            _save_output(folder / "output.txt", log)
            raise MechanistError("pysr", end.fault)
        if not any(models()):
            raise MechanistError("pysr", "the search ended without a single formula")
        if end.late:
            log(
                f"pysr: {end.fault} before all {iterations(settings)} iterations were done"
                f" (formula.seconds = {seconds:g}); its formulas so far are used, and another run"
                " may find others"
            )
        return models()


@dataclass(frozen=True)
class _Table:
    """Inputs (N, P), shares of shots that end in B (N,) and numbers of shots (N,)."""

    x: Array
    share: Array
    shots: Array


def _search(
    keywords: dict[str, Any], names: Sequence[str], form: Template | None
) -> dict[str, Any]:
    """What the worker needs to know of a search."""
    fit = {"variable_names": list(names)}
    return {"arguments": keywords, "fit": fit, "template": form.spec if form else None}


def write_request(folder: Path, searches: Sequence[dict[str, Any]], table: _Table) -> None:
    """Write the files that the worker reads."""
    np.savez(folder / "data.npz", x=table.x, y=table.share, weights=table.shots)
    write_json(folder / "request.json", {"searches": list(searches)})


def _save_output(output: Path, log: Log) -> None:
    """Save the output of a failed process, since its folder is deleted."""
    if output.stat().st_size == 0:
        return
    handle, name = tempfile.mkstemp(prefix="mechanist_pysr_", suffix=".log")
    os.close(handle)
    shutil.copyfile(output, name)
    log(f"pysr: its whole output is in {name}")


def iterations(settings: FormulaSettings) -> int:
    """Iterations that can be done in ``formula.seconds``, at most ``formula.iterations``."""
    fit = int((SHARE * settings.seconds - FIRST) / ITERATION)
    return max(1, min(settings.iterations, fit))


def arguments(
    settings: FormulaSettings, seed: int, guesses: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Keywords for ``PySRRegressor``, as JSON can hold them.

    Parameters
    ----------
    settings
        Operators, sizes, iterations, and the limit on time.
    seed
        Of the search.
    guesses
        Julia text in x0, x1, ...
    folder
        The hall of fame is written here, in a subfolder by PySR.
    """
    unary = [name for name in settings.operators if name not in BINARY]
    return {
        "binary_operators": [BINARY[name] for name in settings.operators if name in BINARY],
        "unary_operators": unary or None,
        # Functions are not nested: nobody can read exp(log(tanh(x))).
        "nested_constraints": {one: dict.fromkeys(unary, 0) for one in unary} or None,
        "elementwise_loss": LOSS,
        "maxsize": max(SMALLEST_MAXSIZE, settings.max_nodes),
        "niterations": iterations(settings),
        "populations": POPULATIONS,
        # `run_worker` keeps the limit: this clock starts later, with the first formulas.
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
        # Given the name of a file, PySR would write a pickle beside it.
        "temp_equation_file": True,
        "tempdir": str(folder),
        "delete_tempfiles": False,
        "run_id": RUN_ID,
    }


def scaled_guesses(
    problem: Problem, scale: Array, shift: Array, settings: FormulaSettings
) -> list[str]:
    """The guesses as Julia text in the scaled inputs, without those that PySR cannot read."""
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
