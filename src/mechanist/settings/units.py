"""Quantities with units in the settings: text that pint reads, a float inside."""

import re
from functools import cache
from tokenize import TokenError
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

if TYPE_CHECKING:
    import pint

START = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?(?![\d.])")
UNITS = re.compile(r"[\w\s*/^()°-]*")

LONGEST = 80
"""Characters of a quantity at most."""

UNREADABLE = (AttributeError, TypeError, AssertionError, SyntaxError, ValueError, TokenError)
"""What pint raises beside its own errors for text that is no quantity, such as an open bracket."""

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def harmless(value: str) -> bool:
    """Whether a text is a number and units with small exponents.

    pint evaluates whatever it is given, including 9^9^9^9.
    """
    start = START.match(value)
    rest = value[start.end() :] if start else ""
    if start is None or not UNITS.fullmatch(rest) or rest.lstrip().startswith(("^", "**")):
        return False
    for digits in re.finditer(r"\d+", rest):
        before, after = rest[: digits.start()].rstrip(" -"), rest[digits.end() :].lstrip(" )")
        power = before.endswith(("^", "**"))
        if not power or len(digits[0]) > 2 or after.startswith(("^", "**", "(")):
            return False
    return True


@cache
def _registry() -> "pint.UnitRegistry[Any]":
    import pint

    return pint.UnitRegistry()


def to_unit(value: object, *units: str) -> float:
    """The magnitude of a quantity such as ``"2 fs"`` in the first of ``units`` that fits.

    A plain number is refused, since its unit would be a guess.

    Raises
    ------
    ValueError
        If the text is not a quantity or its unit does not fit.
    """
    allowed = " or ".join(units)
    if not isinstance(value, str):
        raise ValueError(f"a quantity needs a unit: write '{value} {units[0]}'")
    number, _, unit = value.partition(" ")
    if unit == units[0] and NUMBER.fullmatch(number):
        # The form that the workflow passes to jobs; importing pint takes a quarter of a second.
        return float(number)
    if len(value) > LONGEST or not harmless(value):
        raise ValueError(f"this is not a quantity; write a number and a unit of {allowed}")
    import pint

    try:
        parsed: Any = _registry().Quantity(value)
        for unit in units:
            if parsed.check(_registry().Quantity(1.0, unit).dimensionality) and not parsed.unitless:
                return float(parsed.to(unit).magnitude)
    except (pint.PintError, *UNREADABLE):
        raise ValueError(
            f"this is not a quantity; write a number and a unit of {allowed}"
        ) from None
    raise ValueError(f"the unit does not fit; write a number and a unit of {allowed}")


def quantity(unit: str) -> Any:
    """Type of a field with a unit: text in files, a float in ``unit`` in memory."""
    return Annotated[
        float,
        BeforeValidator(lambda value: to_unit(value, unit)),
        PlainSerializer(lambda value: f"{value!r} {unit}", return_type=str),
        Field(json_schema_extra={"unit": unit}),
    ]


Nanometre: Any = quantity("nm")
Picoseconds: Any = quantity("ps")
Femtoseconds: Any = quantity("fs")
PerPicosecond: Any = quantity("1/ps")
PerNanometre: Any = quantity("1/nm")
PerSquareNanometre: Any = quantity("1/nm**2")
PerCubicNanometre: Any = quantity("1/nm**3")
Degree: Any = quantity("deg")
Dalton: Any = quantity("dalton")
Kelvin: Any = quantity("K")
Bar: Any = quantity("bar")
Stiffness: Any = quantity("kJ/mol/nm**2")
