"""Engines of the symbolic search, by name, and which of them a run uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.search.julia import INSTALL, State, look
from mechanist.formula.search.problem import Problem
from mechanist.settings.formula import FormulaSettings

WITH_PYSR = ("pysr", "both")


class Engine(Protocol):
    """Searches expressions that follow given numbers."""

    @property
    def name(self) -> str:
        """As in ``formula.backend`` of the settings."""

    @property
    def guided(self) -> bool:
        """Whether the search starts from guesses, so that growth must precede it."""

    def search(
        self, problem: Problem, settings: FormulaSettings, seed: int, threads: int, log: Log
    ) -> list[str]:
        """Candidate expressions, good ones of each length.

        Parameters
        ----------
        problem
            The numbers, the texts of the columns, and guesses to start from.
        settings
            Operators, sizes and the limit on time.
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


def _operon() -> Engine:
    from mechanist.formula.search.operon import Operon

    return Operon()


def _pysr() -> Engine:
    from mechanist.formula.search.pysr import PySR

    return PySR()


ENGINES: Mapping[str, Callable[[], Engine]] = {"operon": _operon, "pysr": _pysr}
"""Loaders by name; a further engine is one entry here and one name in the settings."""

LIBRARIES = {"operon": "pyoperon.sklearn"}
"""What an engine imports into this process, for stages that time the import apart."""


@dataclass(frozen=True)
class EngineChoice:
    """Engines in the order in which they search, and in one line why these.

    Those of ``if_needed`` search only where formulas without them are worse than the network by
    more than ``formula.enough``, and may fail.
    """

    names: tuple[str, ...]
    reason: str
    if_needed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For files and reports: ``operon``, ``pysr`` or ``operon+pysr``."""
        return "+".join(self.names)

    @property
    def libraries(self) -> tuple[str, ...]:
        """Modules that the engines import into this process."""
        return tuple(LIBRARIES[name] for name in self.names if name in LIBRARIES)


def choose_engines(wanted: str, state: State | None = None) -> EngineChoice:
    """Engines for ``formula.backend``.

    Parameters
    ----------
    wanted
        ``auto``, ``operon``, ``pysr`` or ``both``.
    state
        Whether PySR can run; None: find out.

    Raises
    ------
    MechanistError
        If PySR is asked for by name and cannot run.
    """
    if wanted == "operon":
        return EngineChoice(("operon",), "formula.backend asks for it")
    state = state or look()
    if wanted == "auto":
        names = ("operon", "pysr") if state.ready else ("operon",)
        return EngineChoice(names, f"auto: {state.line}", names[1:])
    if not state.ready:
        raise MechanistError(
            "formula.backend",
            f"{wanted!r} needs PySR, but {state.line}; run {INSTALL}, or write operon or auto",
        )
    names = ("pysr",) if wanted == "pysr" else ("operon", "pysr")
    return EngineChoice(names, f"formula.backend asks for it; {state.line}")


def require(wanted: str) -> None:
    """Refuse ``formula.backend`` before any work is done if it needs PySR and PySR cannot run.

    Raises
    ------
    MechanistError
        As `choose_engines`.
    """
    if wanted in WITH_PYSR:
        choose_engines(wanted)
