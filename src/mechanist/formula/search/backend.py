"""Engines of the symbolic search, by name."""

from collections.abc import Callable, Mapping
from typing import Protocol

from mechanist.formula.search.problem import Problem
from mechanist.settings.formula import FormulaSettings

Log = Callable[[str], None]


class Backend(Protocol):
    """Searches expressions that fit numbers."""

    @property
    def name(self) -> str:
        """As in ``formula.backend`` of the settings."""

    @property
    def guided(self) -> bool:
        """Whether the search starts from guesses, so that growth must go before it."""

    def search(
        self, problem: Problem, settings: FormulaSettings, seed: int, threads: int, log: Log
    ) -> list[str]:
        """Candidate expressions, short and long, good ones of each length.

        Parameters
        ----------
        problem
            The numbers, the columns' texts, and guesses to start from.
        settings
            Operators, sizes and the ceiling on time.
        seed
            The result depends on this, not on ``threads``.
        threads
            Processor cores.
        log
            Takes one line of progress.

        Returns
        -------
        list of str
            Text that `mechanist.formula.expression.parse` reads.

        Raises
        ------
        MechanistError
            If the engine cannot run.
        """


def _operon() -> Backend:
    from mechanist.formula.search.operon import Operon

    return Operon()


def _pysr() -> Backend:
    from mechanist.formula.search.pysr import PySR

    return PySR()


BACKENDS: Mapping[str, Callable[[], Backend]] = {"operon": _operon, "pysr": _pysr}
"""Loaders by name; a further engine is one entry here and one name in the settings."""
