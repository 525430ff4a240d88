"""Template expressions of PySR: forms in which it searches the parts.

A template combines expressions f, g, ... and vectors of parameters in a line of Julia. PySR writes
a formula of it as ``f = (#1 * 2.0) + #3; g = #2; a = [1.5, 0.3]``, with ``#1`` for the first
argument of each expression (``string_tree`` of a TemplateExpression in SymbolicRegression.jl). The
templates are those of `mechanist.formula.search.forms`:

====== =============================================== =========================
name   q                                               parts
====== =============================================== =========================
waves  f(x) + sum_i a_i cos(n_i phi_i + c_i)           f without the angles phi_i
exits  log(exp(f(x)) + exp(g(x)))                      rates by two exits to B
joins  -log(exp(f(x)) + exp(g(x)))                     rates by two exits to A
====== =============================================== =========================
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mechanist.errors import DataError

FOLDS = (1, 2, 3)
ANGLES = 2
"""Angles with waves, the most relevant ones: each has as many waves as there are folds."""


@dataclass(frozen=True)
class Template:
    """A form with expressions to be found.

    Parameters
    ----------
    name
        For files and messages.
    combine
        Julia text, which Python's operators and `mechanist.formula.expression.parse` read alike but
        for the indices of parameters, which begin with 1.
    expressions
        Names of the expressions, each a function of the same variables.
    arguments
        Names of these variables.
    variables
        Names of all columns.
    parameters
        Length of each vector of parameters.
    """

    name: str
    combine: str
    expressions: tuple[str, ...]
    arguments: tuple[str, ...]
    variables: tuple[str, ...]
    parameters: Mapping[str, int] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        """Keywords of PySR's ``TemplateExpressionSpec``, as JSON can hold them."""
        return {
            "combine": self.combine,
            "expressions": list(self.expressions),
            "variable_names": list(self.variables),
            "parameters": dict(self.parameters) or None,
        }

    def expanded(self, equation: str) -> str:
        """The formula in the variables that an equation of the hall of fame stands for.

        Raises
        ------
        DataError
            If the equation does not have the parts of this template.
        """
        sides = [part.split("=", 1) for part in equation.split(";") if "=" in part]
        parts = {name.strip(): text.strip() for name, text in sides}
        if set(parts) != {*self.expressions, *self.parameters}:
            raise DataError("pysr", f"{equation[:80]!r} is not of the template {self.name}")
        text = self.combine
        for name, length in self.parameters.items():
            numbers = parts[name].strip("[] ").split(",")
            if len(numbers) != length:
                raise DataError("pysr", f"{name} in {equation[:80]!r} has not {length} numbers")
            for i, number in enumerate(numbers):
                text = text.replace(f"{name}[{i + 1}]", f"({number.strip()})")
        call = f"({', '.join(self.arguments)})"
        for name in self.expressions:
            text = text.replace(f"{name}{call}", f"({self._with_arguments(parts[name])})")
        return text

    def _with_arguments(self, text: str) -> str:
        def argument(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            if place >= len(self.arguments):
                raise DataError("pysr", f"{found[0]} is no argument in the template {self.name}")
            return self.arguments[place]

        return re.sub(r"#(\d+)", argument, text)


def templates(plain: Sequence[str], angles: Sequence[str], forms: Sequence[str]) -> list[Template]:
    """Templates for the ``forms`` of the settings.

    Parameters
    ----------
    plain, angles
        Names of the variables: those of expressions, and angles by relevance.
    forms
        Section ``formula.forms``.
    """
    arguments, variables = tuple(plain), (*plain, *angles)
    call = f"({', '.join(arguments)})"
    found = []
    if "periodic" in forms and angles:
        waves = [(n, angle) for angle in angles[:ANGLES] for n in FOLDS]
        terms = [f"a[{i}] * cos({n} * {x} + c[{i}])" for i, (n, x) in enumerate(waves, start=1)]
        sizes = {"a": len(waves), "c": len(waves)}
        combine = " + ".join([f"f{call}", *terms])
        found.append(Template("waves", combine, ("f",), arguments, variables, sizes))
    if "channels" in forms:
        two = f"log(exp(f{call}) + exp(g{call}))"
        for name, combine in (("exits", two), ("joins", f"-{two}")):
            found.append(Template(name, combine, ("f", "g"), arguments, variables))
    return found
