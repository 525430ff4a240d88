"""Which engines search for formulas, and why."""

from dataclasses import dataclass

from mechanist.errors import MechanistError
from mechanist.formula.search.julia import INSTALL, State, look

WITH_PYSR = ("pysr", "both")


@dataclass(frozen=True)
class Engines:
    """Engines in the order that they search in, and in one line why these."""

    names: tuple[str, ...]
    reason: str

    @property
    def label(self) -> str:
        """For files and reports: ``operon``, ``pysr`` or ``operon+pysr``."""
        return "+".join(self.names)


def choose(wanted: str, state: State | None = None) -> Engines:
    """Engines for ``formula.backend``.

    Parameters
    ----------
    wanted
        ``auto``, ``operon``, ``pysr`` or ``both``.
    state
        Whether PySR can run; None: look.

    Raises
    ------
    MechanistError
        If PySR is asked for by name and cannot run.
    """
    if wanted == "operon":
        return Engines(("operon",), "formula.backend asks for it")
    state = state or look()
    if wanted == "auto":
        return Engines(("pysr",) if state.ready else ("operon",), f"auto: {state.line}")
    if not state.ready:
        raise MechanistError(
            "formula.backend",
            f"{wanted!r} needs PySR, but {state.line}; run {INSTALL}, or write operon or auto",
        )
    names = ("pysr",) if wanted == "pysr" else ("operon", "pysr")
    return Engines(names, f"formula.backend asks for it; {state.line}")


def require(wanted: str) -> None:
    """Refuse a wish for PySR that cannot be met, before any work is done.

    Raises
    ------
    MechanistError
        As `choose`.
    """
    if wanted in WITH_PYSR:
        choose(wanted)
