"""Mechanist: transition path sampling that ends in a formula."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mechanist.report.run import Run, open_run

__version__ = "0.1.0"
__all__ = ["Run", "open_run"]


def __getattr__(name: str) -> Any:
    """`open_run` and `Run`, loaded when first used: the command line must start fast."""
    if name in __all__:
        from mechanist.report import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
