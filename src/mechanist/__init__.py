"""Mechanist: transition path sampling that ends in a formula."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Run", "open_run"]  # noqa: F822  Types are in __init__.pyi.


def __getattr__(name: str) -> Any:
    """`open_run` and `Run`, loaded when first used: the command line must start fast."""
    if name in __all__:
        return getattr(import_module("mechanist.report.run"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
