"""Numbers and units in a page: powers of ten, digits that the spread leaves, true minus signs."""

import re
from dataclasses import dataclass
from decimal import Decimal

NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
CELL = re.compile(rf"({NUMBER})(?: ± ({NUMBER}))?(?: ([^\s±].*))?")
POWER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?e[+-]\d+(?!\w)")
UNITS = re.compile(r"(?<![\w/])1/(cm|s|ps|fs|K|nm|Å)(?!\w)")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MINUS, BOUND = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
TOGETHER = re.compile(r"\((?:\w, )+\w\)|\d (?:Å|rad|fs|ps|s|K|%|kcal/mol)(?!\w)")
"""What must not stand on two lines: (x, v), and a number with its unit."""

LEAST, MOST = -3, 5
"""Powers of ten, from and below, that are written out: 0.001 to 99,999."""

FINEST = -5
"""Power of ten of the last digit of numbers that are written out."""


@dataclass(frozen=True)
class Measured:
    """What a cell of a table holds.

    Parameters
    ----------
    value
        As it was given.
    shown
        The same to read, with as many digits as the spread leaves.
    text
        With spread and unit.
    """

    value: float
    shown: str
    text: str


def measured(text: str) -> Measured | None:
    """A cell such as ``5.86e-06 ± 4e-07 Å``; None if it holds no number."""
    found = CELL.fullmatch(text.strip())
    if not found:
        return None
    value, spread = Decimal(found[1]), Decimal(found[2] or 0)
    if spread:
        step = _step(value, spread)
        value, spread = _cut(value, step), _cut(spread, _last(spread))
    shown = _written(value, spread)
    unit = f" {readable(found[3])}" if found[3] else ""
    return Measured(float(found[1]), shown, shown + unit)


def readable(text: str) -> str:
    """Running text with 1e-4 as a power of ten, 1/cm as a power of the unit, and bound spaces."""
    text = POWER.sub(lambda found: _written(Decimal(found[0]), Decimal(0)), text)
    text = UNITS.sub(lambda found: f"{found[1]}⁻¹", text)
    return TOGETHER.sub(lambda found: found[0].replace(" ", BOUND), text)


def _exponent(value: Decimal) -> int:
    """Power of ten of the last digit."""
    return int(value.as_tuple().exponent)


def _step(value: Decimal, spread: Decimal) -> int:
    """Power of ten of the last digit to show.

    That of the spread, but two digits of the value at least, and no more than it was given with:
    three, or more if they are there, since zeros at its end may have been left out.
    """
    step = _last(spread)
    if not value:
        return step
    given = min(_exponent(value), value.adjusted() - 2)
    return max(min(step, value.adjusted() - 1), given)


def _last(spread: Decimal) -> int:
    """Power of ten of the last digit of a spread: its second, if it was given."""
    return max(_exponent(spread), spread.adjusted() - 1)


def _cut(value: Decimal, step: int) -> Decimal:
    return value.quantize(Decimal((0, (1,), step)))


def _written(value: Decimal, spread: Decimal) -> str:
    power = (value or spread).adjusted()
    if LEAST <= power < MOST and min(_exponent(value), power) >= FINEST:
        power = 0
    parts = [f"{one.scaleb(-power):,f}" for one in (value, spread) if one or one is value]
    text = f"{BOUND}±{BOUND}".join(parts).replace("-", MINUS)
    if power == 0:
        return text
    text = f"({text})" if len(parts) > 1 else text
    return f"{text}×10{str(power).translate(RAISED)}"
