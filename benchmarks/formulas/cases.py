"""Sets of planted formulas as cases: data to draw, and how a found formula is judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from benchmarks.formulas import blind as drawn
from benchmarks.formulas import harder, truths, world
from benchmarks.formulas.equivalent import same_form
from benchmarks.formulas.same import terms
from mechanist.arrays import Array
from mechanist.formula.expression import inputs as names_in
from mechanist.formula.expression import parse
from mechanist.settings.config import Config
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

DEFAULT_OPERATORS = Config(system="planted").formula.operators


@dataclass(frozen=True)
class Case:
    """One planted formula.

    Parameters
    ----------
    kind
        Heading of the table that it is in.
    text
        The formula.
    points
        Number of shooting points.
    inputs
        Descriptors that the network sees.
    draw
        Values of these at some points.
    same
        Whether a formula's text has the structure of this one.
    operators
        Setting ``formula.operators``.
    """

    kind: str
    text: str
    points: int
    inputs: DescriptorSet
    draw: Callable[[int, np.random.Generator], Mapping[str, Array]]
    same: Callable[[str], bool]
    operators: tuple[str, ...] = DEFAULT_OPERATORS


def ten() -> list[Case]:
    """The cases of `truths`."""

    def same(truth: truths.Truth, found: str) -> bool:
        return terms(found) == terms(truth.text)

    inputs = truths.descriptors()
    return [
        Case(
            *(truth.name, truth.text, truths.POINTS, inputs, truths.draw),
            same=partial(same, truth),
            operators=truth.operators,
        )
        for truth in truths.TRUTHS
    ]


def of_planted(planted: harder.Planted) -> Case:
    """One of `harder`, or of a set like it."""
    inputs = world.descriptors(planted.inputs, names_in(parse(planted.text)))

    def draw(points: int, rng: np.random.Generator) -> Mapping[str, Array]:
        return world.draw(inputs, points, rng)

    def same(found: str) -> bool:
        return same_form(found, planted)

    return Case(planted.kind, planted.text, planted.points, inputs, draw, same)


def thirty() -> list[Case]:
    """The cases of `harder`."""
    return [of_planted(planted) for planted in harder.PLANTED]


@cache
def blind() -> tuple[Case, ...]:
    """The cases of `benchmarks.formulas.blind`, whose drawing takes some seconds."""
    return tuple(of_planted(planted) for planted in drawn.ten())


SETS: Mapping[str, Callable[[], Sequence[Case]]] = {"thirty": thirty, "blind": blind, "ten": ten}
