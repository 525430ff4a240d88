"""Names of descriptors: they stand in formulas, files and programs of many languages."""

import keyword
import re

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

FUNCTIONS = ("sin", "cos", "exp", "log", "tanh", "sqrt")
"""Functions of formulas; no descriptor has such a name."""


def checked_name(name: str) -> str:
    """The name, if formulas and the programs that read them can hold it.

    Raises
    ------
    ValueError
        If it is not made of ASCII letters, digits and _, or means something else in a formula.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name; use ASCII letters, digits and _, and no digit in front"
        )
    if keyword.iskeyword(name):
        raise ValueError(f"{name!r} is a keyword of Python; choose another name")
    if name in FUNCTIONS:
        raise ValueError(f"{name!r} is a function of formulas; choose another name")
    return name
