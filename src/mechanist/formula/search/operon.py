"""Symbolic search with Operon (pyoperon), a genetic programme in C++.

Operon (Burlacu, Kronberger and Kommenda, GECCO 2020 companion, p. 1562) minimises squared error and
length (NSGA-II) and fits the constants of each expression by the method of Levenberg and Marquardt.
It has no weights, so rows are drawn with probabilities proportional to them. Several searches with
different seeds and lengths are run, since one long search finds few short expressions.
"""

import time

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.journal import Log
from mechanist.formula.expression import symbol
from mechanist.formula.search.problem import Problem, draw, scaled_columns, scaling, translate
from mechanist.settings.formula import FormulaSettings

ROWS = 2000
"""Rows of a search: more cost time and do not determine the form better."""
LENGTHS = (15, 9, 21, 12)
"""Operon's limits on nodes, in turn; it counts a weighted input as one node."""


class Operon:
    """The engine that is always installed."""

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
        begun = time.process_time()
        for i, one in enumerate(seeds):
            left = settings.seconds - (time.process_time() - begun) / threads
            if left <= 0:
                log(f"operon: limit formula.seconds reached after {i} of {len(seeds)} searches")
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
    """One search; the expressions of its Pareto front in X1, X2, ..."""
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
        # Its statistics of single expressions may overflow; all of them are refitted later.
        warnings.simplefilter("ignore", RuntimeWarning)
        search.fit(x, y)
    front = sorted(search.pareto_front_, key=lambda entry: entry["length"])
    return [search.get_model_string(entry["tree"], 8) for entry in front]
