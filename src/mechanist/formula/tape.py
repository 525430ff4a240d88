"""Values and derivatives of an expression on many rows, by reverse differentiation.

An expression becomes a list of steps over numpy columns, one step for each distinct subexpression:
v_i = phi_i(v_j, v_k). Derivatives by the constants follow from one sweep back over the steps,

    dq/dv_j = sum over steps i that use v_j of  dq/dv_i * d phi_i / d v_j

(Griewank and Walther, Evaluating Derivatives, SIAM 2008, chapter 3), which costs about as much as
the value; symbolic derivatives would be longer than the formula and would have to be compiled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mechanist.arrays import Array, Features

Value = Any
"""A column (N,) or a plain number, which stands for a constant column."""

_FUNCTIONS: dict[str, tuple[Callable[[Value], Value], Callable[[Value, Value], Value]]] = {
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "exp": (np.exp, lambda x, y: y),
    "log": (np.log, lambda x, y: 1 / x),
    "tanh": (np.tanh, lambda x, y: 1 - y * y),
}


@dataclass(frozen=True)
class Step:
    """One operation on earlier steps; ``number`` is a value, an index or an exponent."""

    kind: str
    first: int = -1
    second: int = -1
    number: float = 0.0


@dataclass(frozen=True)
class Tape:
    """A compiled expression of columns and constants."""

    steps: tuple[Step, ...]
    constants: int

    @cached_property
    def _varies(self) -> tuple[bool, ...]:
        """Whether each step depends on a constant, so that derivatives must pass through it."""
        flags: list[bool] = []
        for step in self.steps:
            below = [flags[place] for place in (step.first, step.second) if place >= 0]
            flags.append(step.kind == "constant" or any(below))
        return tuple(flags)

    def value(self, columns: Features, constants: Sequence[float] | Array = ()) -> Array:
        """Values (N,) for ``columns`` (N, P) and ``constants`` (K,); may be inf or nan."""
        last = self._forward(columns, constants)[-1]
        return np.array(np.broadcast_to(last, len(columns)), dtype=np.float64)

    def jacobian(
        self, columns: Features, constants: Sequence[float] | Array
    ) -> tuple[Array, Array]:
        """Values (N,) and their derivatives (N, K) by the constants."""
        values = self._forward(columns, constants)
        slopes: list[Value] = [None] * len(values)
        slopes[-1] = 1.0
        result = np.zeros((len(columns), self.constants), order="F")
        with np.errstate(all="ignore"):
            for i in range(len(values) - 1, -1, -1):
                if slopes[i] is None:
                    continue
                step = self.steps[i]
                if step.kind == "constant":
                    result[:, int(step.number)] += slopes[i]
                for place, slope in _back(step, values, i, slopes[i]):
                    if not self._varies[place]:
                        continue
                    slopes[place] = slope if slopes[place] is None else slopes[place] + slope
        return np.array(np.broadcast_to(values[-1], len(columns)), dtype=np.float64), result

    def denominators(self, columns: Features, constants: Sequence[float] | Array) -> list[Value]:
        """Denominators, and arguments of logarithms and roots: none may reach 0.

        Those that cannot, such as a sum of exponentials, are left out.
        """
        values = self._forward(columns, constants)
        positive = self._positive(constants)
        return [
            values[step.first]
            for step in self.steps
            if not (step.first >= 0 and positive[step.first])
            and (
                step.kind == "log"
                or (step.kind == "power" and (step.number < 0 or step.number % 1 != 0))
            )
        ]

    def _positive(self, constants: Sequence[float] | Array) -> list[bool]:
        """Whether each step is positive whatever the columns are."""
        flags: list[bool] = []
        for step in self.steps:
            match step.kind:
                case "number":
                    flags.append(step.number > 0)
                case "constant":
                    flags.append(bool(constants[int(step.number)] > 0))
                case "exp":
                    flags.append(True)
                case "add" | "multiply":
                    flags.append(flags[step.first] and flags[step.second])
                case "power":
                    flags.append(flags[step.first])
                case _:
                    flags.append(False)
        return flags

    def _forward(self, columns: Features, constants: Sequence[float] | Array) -> list[Value]:
        values: list[Value] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                values.append(_apply(step, values, columns, constants))
        return values


def _apply(
    step: Step, values: list[Value], columns: Features, constants: Sequence[float] | Array
) -> Value:
    match step.kind:
        case "number":
            return np.float64(step.number)
        case "column":
            return columns[:, int(step.number)]
        case "constant":
            return np.float64(constants[int(step.number)])
        case "add":
            return values[step.first] + values[step.second]
        case "multiply":
            return values[step.first] * values[step.second]
        case "power":
            base = values[step.first]
            if step.number == 2:
                return base * base
            return 1 / base if step.number == -1 else np.power(base, step.number)
    return _FUNCTIONS[step.kind][0](values[step.first])


def _back(step: Step, values: list[Value], i: int, slope: Value) -> list[tuple[int, Value]]:
    first, second = step.first, step.second
    match step.kind:
        case "number" | "column" | "constant":
            return []
        case "add":
            return [(first, slope), (second, slope)]
        case "multiply":
            return [(first, slope * values[second]), (second, slope * values[first])]
        case "power":
            local = step.number * np.power(values[first], step.number - 1)
            return [(first, slope * local)]
    return [(first, slope * _FUNCTIONS[step.kind][1](values[first], values[i]))]


def compile_tape(expr: Any, columns: Sequence[Any], constants: Sequence[Any] = ()) -> Tape:
    """Compile a sympy expression.

    Parameters
    ----------
    expr
        The expression.
    columns, constants
        Its symbols, in the order of the columns of the data and of the constants.

    Raises
    ------
    ValueError
        If the expression contains another symbol or an unknown function.
    """
    known = {symbol: Step("column", number=i) for i, symbol in enumerate(columns)}
    known |= {symbol: Step("constant", number=i) for i, symbol in enumerate(constants)}
    steps: list[Step] = []
    seen: dict[Any, int] = {}
    _compile(expr, known, steps, seen)
    return Tape(tuple(steps), len(constants))


def _push(step: Step, steps: list[Step]) -> int:
    steps.append(step)
    return len(steps) - 1


def _compile(expr: Any, known: dict[Any, Step], steps: list[Step], seen: dict[Any, int]) -> int:
    if expr in seen:
        return seen[expr]
    if expr in known:
        place = _push(known[expr], steps)
    elif expr.is_number:
        place = _push(Step("number", number=float(expr)), steps)
    elif expr.is_Add or expr.is_Mul:
        kind = "add" if expr.is_Add else "multiply"
        place = _compile(expr.args[0], known, steps, seen)
        for part in expr.args[1:]:
            place = _push(Step(kind, place, _compile(part, known, steps, seen)), steps)
    elif expr.is_Pow and expr.args[1].is_number:
        base = _compile(expr.args[0], known, steps, seen)
        place = _push(Step("power", base, number=float(expr.args[1])), steps)
    elif type(expr).__name__ in _FUNCTIONS:
        argument = _compile(expr.args[0], known, steps, seen)
        place = _push(Step(type(expr).__name__, argument), steps)
    else:
        raise ValueError(f"cannot evaluate {expr}")
    seen[expr] = place
    return place
