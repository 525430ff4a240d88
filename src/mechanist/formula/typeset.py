"""Formulas as text and as LaTeX, with terms by relevance and shortest exact numbers.

The constant term comes first, then the terms from the most to the least relevant descriptor. The
printers of sympy write 15 digits and sort terms alphabetically; to override both means to override
sums, products, powers and numbers, which is nearly all of a printer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mechanist.formula.expression import Expr, inputs, nodes, split_product

_LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega"
)
GREEK = frozenset(_LETTERS.split())
SYMMETRY = re.compile(
    r"G([25])_([A-Za-z0-9]+)_([A-Za-z0-9]+)_(\d{3,})(?:_z(\d+)_([pm]))?", re.ASCII
)
SUM, PRODUCT, POWER, ATOM = range(4)
"""Precedence of a piece; one that binds less tightly than its place is bracketed."""


def name_latex(name: str) -> str:
    r"""LaTeX of a descriptor: ``phi`` as \phi, ``torsion_C1_N2_CA2_CB2`` as its atoms in brackets.

    A kind (torsion, angle, bond, distance, difference, height) becomes a letter with the atoms as
    index; a Greek name may carry a number (``chi1``). Of a symmetry function such as
    ``G5_Cl_O_025_z16_m`` the index has number, atoms, shift in nm, zeta and the sign of the cosine.
    """
    letter = re.fullmatch(r"([A-Za-z]+?)_?(\d*)", name)
    if letter and letter[1] in GREEK:
        return rf"\{letter[1]}" + (f"_{{{letter[2]}}}" if letter[2] else "")
    symmetry = SYMMETRY.fullmatch(name)
    if symmetry:
        return _symmetry_latex(*symmetry.groups())
    kind, _, rest = name.partition("_")
    letters = {"torsion": r"\tau", "angle": r"\alpha", "height": "h", "difference": r"\delta"}
    letters |= dict.fromkeys(("bond", "distance", "d"), "r")
    letters["n"] = "n"
    if rest and kind in letters:
        atoms = r"\,".join(part.replace("'", r"^{\prime}") for part in rest.split("_"))
        return rf"{letters[kind]}_{{\mathrm{{{atoms}}}}}"
    if letter and len(letter[1]) == 1:
        return letter[1] + (f"_{{{letter[2]}}}" if letter[2] else "")
    return r"\mathrm{" + name.replace("_", r"\_") + "}"


def _symmetry_latex(
    number: str, centre: str, of: str, shift: str, zeta: str | None, sign: str | None
) -> str:
    parts = [number, rf"\mathrm{{{centre}\,{of}}}", f"{shift[0]}.{shift[1:]}"]
    if zeta and sign:
        parts += [zeta, "+" if sign == "p" else "-"]
    # No superscript, since the name may be raised to a power.
    return "G_{" + r",\,".join(parts) + "}"


@dataclass(frozen=True)
class Style:
    """What differs between text and LaTeX."""

    tex: bool
    order: tuple[str, ...] = ()
    symbols: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[float, str] = field(default_factory=dict)

    def name(self, name: str) -> str:
        """A descriptor."""
        if not self.tex:
            return name
        return self.symbols.get(name) or name_latex(name)

    def number(self, value: float) -> str:
        """The shortest decimal that reads back as the same float."""
        if value in self.numbers:
            return self.numbers[value]
        short = repr(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)
        if self.tex and "e" in short:
            mantissa, exponent = short.split("e")
            return rf"{mantissa} \times 10^{{{int(exponent)}}}"
        return short

    def bracket(self, body: str) -> str:
        """Round brackets."""
        return rf"\left({body}\right)" if self.tex else f"({body})"


def text(expr: Expr, order: Sequence[str] = (), numbers: Mapping[float, str] | None = None) -> str:
    """Formula text that `mechanist.formula.expression.parse` reads back.

    Parameters
    ----------
    expr
        What to write.
    order
        Names of descriptors in the order that terms and factors follow.
    numbers
        Names to write in place of some numbers.
    """
    return _write(expr, Style(tex=False, order=tuple(order), numbers=numbers or {}))[0]


def latex(expr: Expr, symbols: Mapping[str, str] | None = None, order: Sequence[str] = ()) -> str:
    """LaTeX of a formula.

    Parameters
    ----------
    expr
        What to typeset.
    symbols
        LaTeX of descriptors by name, where it differs from `name_latex`.
    order
        Names of descriptors in the order that terms and factors follow.
    """
    return _write(expr, Style(tex=True, order=tuple(order), symbols=symbols or {}))[0]


def sort_key(expr: Expr, order: tuple[str, ...]) -> tuple[Any, ...]:
    """Order of terms and factors: numbers first, then by relevance, short before long."""
    rank = {name: i for i, name in enumerate(order)}
    places = sorted((rank.get(name, len(order)), name) for name in inputs(expr))
    cosine = type(expr).__name__ == "cos"
    return (len(places) > 0, places[:1], len(places), nodes(expr), places, cosine, str(expr))


def _write(expr: Expr, style: Style) -> tuple[str, int]:
    """One node: its text and its precedence."""
    if expr.is_number:
        value = float(expr)
        if expr.is_Float and abs(value) == 1:
            # A fitted constant equal to 1 is written out, so that it reads back as a constant.
            return "1.0" if value > 0 else "-1.0", SUM if value < 0 else ATOM
        return style.number(value), SUM if value < 0 else ATOM
    if expr.is_Symbol:
        return style.name(expr.name), ATOM
    if expr.is_Add:
        return _sum(expr, style), SUM
    if expr.is_Mul:
        return _product(expr, style)
    if expr.is_Pow:
        return _power(expr, style)
    name, body = type(expr).__name__, _write(expr.args[0], style)[0]
    if not style.tex:
        return f"{name}({body})", ATOM
    return rf"\{name} {body}" if expr.args[0].is_Symbol else rf"\{name}\left({body}\right)", ATOM


def _piece(expr: Expr, style: Style, place: int) -> str:
    body, tightness = _write(expr, style)
    return style.bracket(body) if tightness < place else body


def _sum(expr: Expr, style: Style) -> str:
    terms = sorted(expr.args, key=lambda term: sort_key(term, style.order))
    body = _write(terms[0], style)[0]
    for term in terms[1:]:
        sign, size = (" - ", -term) if _negative(term) else (" + ", term)
        body += sign + _piece(size, style, PRODUCT)
    return body


def _negative(term: Expr) -> bool:
    coefficient = term.as_coeff_Mul()[0]
    return bool(coefficient.is_negative)


def _product(expr: Expr, style: Style) -> tuple[str, int]:
    if _negative(expr):
        return "-" + _piece(-expr, style, PRODUCT), SUM
    above, below = split_product(expr)
    above = sorted(above, key=lambda factor: sort_key(factor, style.order))
    below = sorted(below, key=lambda factor: sort_key(factor, style.order))
    if style.tex:
        top = _factors(above, style, alone=bool(below))
        if not below:
            return top, PRODUCT
        return rf"\frac{{{top or '1'}}}{{{_factors(below, style, alone=True)}}}", PRODUCT
    top = _factors(above, style, alone=False) or "1"
    bottom = "".join("/" + _piece(factor, style, POWER) for factor in below)
    return top + bottom, PRODUCT


def _factors(factors: list[Expr], style: Style, *, alone: bool) -> str:
    if alone and len(factors) == 1:
        return _write(factors[0], style)[0]
    joint = r" \, " if style.tex else "*"
    return joint.join(_piece(factor, style, POWER) for factor in factors)


def _power(expr: Expr, style: Style) -> tuple[str, int]:
    base, exponent = expr.args
    if exponent.is_negative:
        under = base**-exponent
        if style.tex:
            return rf"\frac{{1}}{{{_write(under, style)[0]}}}", PRODUCT
        return "1/" + _piece(under, style, POWER), PRODUCT
    if float(exponent) == 0.5:
        body = _write(base, style)[0]
        return (rf"\sqrt{{{body}}}" if style.tex else f"sqrt({body})"), ATOM
    power = style.number(float(exponent))
    if style.tex and type(base).__name__ in ("sin", "cos", "tanh", "log") and float(exponent) > 0:
        name, body = type(base).__name__, _write(base.args[0], style)[0]
        bare = base.args[0].is_Symbol
        return rf"\{name}^{{{power}}} {body if bare else style.bracket(body)}", ATOM
    inside = _piece(base, style, ATOM)
    return (f"{inside}^{{{power}}}" if style.tex else f"{inside}**{power}"), POWER
