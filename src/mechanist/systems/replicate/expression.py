"""Names in OpenMM's algebraic expressions; absolute coordinates made relative to an origin.

Only names are matched; nothing is parsed or evaluated.
"""

import re
from collections.abc import Collection, Iterable

AXES = ("x", "y", "z")

# A name that is no function: not inside a longer word or number, and no parenthesis behind it.
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w]|\s*\()")
_ASSIGNED = re.compile(r";\s*([A-Za-z_]\w*)\s*=")


def coordinates(points: int) -> frozenset[str]:
    """Names of the coordinates of ``points`` points: x1, y1, z1, x2, ..."""
    return frozenset(f"{axis}{k}" for axis in AXES for k in range(1, points + 1))


def used(expression: str, names: Collection[str]) -> bool:
    """Whether an expression uses any of the variables ``names``."""
    return any(match in names for match in _NAME.findall(expression))


def ambiguous(expression: str, names: Collection[str], parameters: Iterable[str]) -> str | None:
    """One of ``names`` to which the expression or a parameter gives another meaning, or None."""
    taken = {*_ASSIGNED.findall(expression), *parameters}
    return min(taken.intersection(names), default=None)


def relative(expression: str, names: Collection[str], origin: tuple[str, ...]) -> str:
    """The expression with every coordinate replaced by itself minus the origin.

    Parameters
    ----------
    expression
        Text as OpenMM reads it.
    names
        Coordinates; the first letter is the axis.
    origin
        Names of the parameters that hold the origin: for x, y and z.
    """

    def shifted(match: re.Match[str]) -> str:
        name = match.group()
        return f"({name}-{origin[AXES.index(name[0])]})" if name in names else name

    return _NAME.sub(shifted, expression)


def fresh_names(expression: str, parameters: Iterable[str]) -> tuple[str, ...]:
    """Three unused parameter names for an origin."""
    taken = {*_NAME.findall(expression), *parameters}
    tail = ""
    while any(f"copy_{axis}{tail}" in taken for axis in AXES):
        tail += "_"
    return tuple(f"copy_{axis}{tail}" for axis in AXES)
