"""Symbolic search with Operon (pyoperon), a genetic programme in C++.

Operon minimises squared error against length (NSGA-II) and fits the numbers of each expression by
Levenberg and Marquardt. It knows no weights, so the rows are drawn with chances in proportion to
them. Several searches with different seeds and lengths are run, since one long search leaves the
short end of the front thin.
"""

import time

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import symbol
from mechanist.formula.search.problem import Problem, draw, scaled_columns, scaling, translate
from mechanist.settings.formula import FormulaSettings

ROWS = 2000
"""Rows that a search sees: more cost time and tell no more about the form."""
LENGTHS = (15, 9, 21, 12)
"""Operon's node limits, in turn; Operon counts a weighted input as one node."""


class Operon:
    """The back end that comes as a wheel and is always there."""

    name = "operon"
    guided = False

    def search(
        self, problem: Problem, settings: FormulaSettings, seed: int, threads: int, log: Log
    ) -> list[str]:
        """See `mechanist.formula.search.engines.Engine.search`."""
        inputs, columns, target = problem.inputs, problem.columns, problem.target
        rng = np.random.default_rng([seed, 0])
        rows = draw(problem.weights, min(ROWS, len(target)), rng)
        scale, shift = scaling(inputs[rows], columns)
        x = (inputs[rows] - shift) / scale
        back = scaled_columns(columns, scale, shift)
        names = {symbol(f"X{i + 1}"): column for i, column in enumerate(back)}
        seeds = rng.integers(1, 2**31, settings.repeats)
        found: dict[str, None] = {}
        begun = time.monotonic()
        for i, one in enumerate(seeds):
            left = settings.seconds - (time.monotonic() - begun)
            if left <= 0:
                log(f"operon: stopped after {i} of {len(seeds)} searches, formula.seconds is over")
                break
            length = LENGTHS[i % len(LENGTHS)]
            models = _run(x, target[rows], settings, length, int(one), threads, left)
            texts, dropped = translate(models, names)
            if dropped:
                log(f"operon: {dropped} expressions without a finite value dropped")
            found |= dict.fromkeys(texts)
        return list(found)


def _run(
    x: Array,
    y: Array,
    settings: FormulaSettings,
    length: int,
    seed: int,
    threads: int,
    seconds: float,
) -> list[str]:
    """One search; the expressions of its front in X1, X2, ..."""
    import warnings

    from pyoperon.sklearn import SymbolicRegressor

    symbols = ",".join((*settings.operators, "constant", "variable"))
    search = SymbolicRegressor(
        allowed_symbols=symbols,
        objectives=["r2", "length"],
        max_length=length,
        max_depth=8,
        population_size=settings.population,
        generations=settings.generations,
        max_evaluations=2**31,
        optimizer_iterations=3,
        epsilon=1e-6,
        uncertainty=[1.0],
        n_threads=threads,
        max_time=max(1, int(seconds)),
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Its statistics of single expressions overflow now and then; we refit all of them anyway.
        warnings.simplefilter("ignore", RuntimeWarning)
        search.fit(x, y)
    front = sorted(search.pareto_front_, key=lambda entry: entry["length"])
    return [search.get_model_string(entry["tree"], 8) for entry in front]
