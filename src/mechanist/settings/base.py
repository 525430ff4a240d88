"""What every section of the settings shares: frozen, no unknown keys, units in the text."""

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

if TYPE_CHECKING:
    import pint


class Section(BaseModel):
    """A section of config.yaml or system.yaml: unknown keys are refused, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


START = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?(?![\d.])")
UNITS = re.compile(r"[\w\s*/^()°-]*")

LONGEST = 80
"""Letters of a quantity."""

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def harmless(value: str) -> bool:
    """Whether a text is a number and units with small exponents.

    pint works out whatever it is given, also 9^9^9^9.
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
    """Read a quantity such as ``"2 fs"`` and give its magnitude in the first fitting of ``units``.

    A plain number is refused, since nobody can tell its unit.

    Raises
    ------
    ValueError
        If the text is no quantity or its unit does not fit.
    """
    allowed = " or ".join(units)
    if not isinstance(value, str):
        raise ValueError(f"a quantity needs a unit: write '{value} {units[0]}'")
    number, _, unit = value.partition(" ")
    if unit == units[0] and NUMBER.fullmatch(number):
        # What the workflow hands from job to job; pint takes a quarter of a second to start.
        return float(number)
    if len(value) > LONGEST or not harmless(value):
        raise ValueError(f"this is not a quantity; write a number and a unit of {allowed}")
    import pint

    try:
        parsed: Any = _registry().Quantity(value)
        for unit in units:
            if parsed.check(_registry().Quantity(1.0, unit).dimensionality) and not parsed.unitless:
                return float(parsed.to(unit).magnitude)
    except (pint.PintError, AttributeError, TypeError, AssertionError, SyntaxError, ValueError):
        raise ValueError(
            f"this is not a quantity; write a number and a unit of {allowed}"
        ) from None
    raise ValueError(f"the unit does not fit; write a number and a unit of {allowed}")


def quantity(unit: str) -> Any:
    """Type of a field with a unit: text in and out, a float in ``unit`` in between."""
    return Annotated[
        float,
        BeforeValidator(lambda value: to_unit(value, unit)),
        PlainSerializer(lambda value: f"{value!r} {unit}", return_type=str),
        Field(json_schema_extra={"unit": unit}),
    ]
