"""Whether a formula has the form of a planted one, up to algebra, numbers and twins.

A form is the set of functions that its constants c can give. The formula that was found has the
form of the truth if each form contains the function of the other one: the constants of the truth's
form are fitted to the values of the formula, and those of the formula's form to the values of the
truth. Both residuals must vanish,

    min_c sqrt(<[f(x; c) - g(x)]^2>) <= TOLERANCE std(g),

over points drawn like those of the search. So a form is the same however it is written, and one
with a term too many or too few is not. Twins are replaced by what they are made of, or, where that
is one input, by this input: x/twin is then as good as x/r.
"""

import numpy as np
from scipy.optimize import least_squares

from benchmarks.formulas.harder import Planted
from benchmarks.formulas.world import BASIC, TWINS, descriptors, draw
from mechanist.arrays import Array
from mechanist.formula.expression import Expr, parse, symbol
from mechanist.formula.expression import inputs as names_in
from mechanist.formula.tape import Tape, compile_tape

TOLERANCE = 1e-3
POINTS = 3000
SEED = 7


def same_form(found: str, truth: Planted) -> bool:
    """Whether a formula has the form of a truth; an added constant never counts."""
    made_of = {symbol(twin): parse(of) for twin, of in TWINS.items()}
    stand_for = {twin: of for twin, of in made_of.items() if len(of.free_symbols) > 1}
    stand_for |= {
        twin: next(iter(of.free_symbols))
        for twin, of in made_of.items()
        if len(of.free_symbols) == 1
    }
    return any(_same(parse(found).xreplace(twins), truth) for twins in (made_of, stand_for))


def _same(text: Expr, truth: Planted) -> bool:
    if not set(names_in(text)) <= set(BASIC):
        return False
    values = draw(descriptors(len(BASIC), BASIC), POINTS, np.random.default_rng(SEED))
    columns = np.stack([values[name] for name in BASIC], axis=1)
    known = [symbol(f"k{i}") for i in range(len(truth.constants))]
    truths = _Form(compile_tape(parse(truth.form) + symbol("k"), _BASIC, [*known, symbol("k")]))
    free, start = _free_numbers(text)
    founds = _Form(compile_tape(free, _BASIC, [symbol(f"k{i}") for i in range(len(start))]))
    ours = np.array([*truth.constants, 0.0])
    there, here = truths.tape.value(columns, ours), founds.tape.value(columns, start)
    return truths.holds(columns, here, ours) and founds.holds(columns, there, start)


_BASIC = [symbol(name) for name in BASIC]


class _Form:
    """The functions that the constants of an expression can give."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def holds(self, columns: Array, wanted: Array, start: Array) -> bool:
        """Whether one of them has the values ``wanted`` (N,) at ``columns`` (N, P)."""
        if not np.isfinite(wanted).all():
            return False

        def residuals(constants: Array) -> Array:
            apart = self.tape.value(columns, constants) - wanted
            return np.nan_to_num(apart, nan=1e6, posinf=1e6, neginf=-1e6)

        def slopes(constants: Array) -> Array:
            return np.nan_to_num(self.tape.jacobian(columns, constants)[1])

        fit = least_squares(residuals, start, jac=slopes, x_scale="jac", xtol=1e-12, ftol=1e-12)
        return bool(np.sqrt(np.mean(fit.fun**2)) <= TOLERANCE * wanted.std())


def _free_numbers(expr: Expr) -> tuple[Expr, Array]:
    """An expression plus a constant with k0, k1, ... for its numbers but exponents; the numbers."""
    start: list[float] = []

    def constant(value: float) -> Expr:
        start.append(value)
        return symbol(f"k{len(start) - 1}")

    def walk(part: Expr) -> Expr:
        if part.is_Number:
            return part if part in (1, -1) else constant(float(part))
        if not part.args:
            return part
        if part.is_Pow:
            return part.func(walk(part.args[0]), part.args[1])
        return part.func(*[walk(one) for one in part.args])

    return walk(expr) + constant(0.0), np.array(start) if start else np.zeros(1)
