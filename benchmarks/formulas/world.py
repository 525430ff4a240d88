"""Inputs of planted formulas: what matters, its twins, and correlated inputs without a part in q.

A twin is a function of other inputs up to 2 % of noise, such as a height beside the torsions that
it is made of: no data could tell it from them. A companion is correlated 0.9 with one input and has
no part in q.
"""

from collections.abc import Mapping
from itertools import count, islice

import numpy as np

from mechanist.arrays import Array
from mechanist.formula.expression import evaluate, parse
from mechanist.formula.expression import inputs as names_in
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

TORSIONS = ("phi", "psi", "chi", "theta")
LENGTHS = ("r", "s", "u", "v")
"""Lengths that are far from 0, so that they can be divided by."""
NUMBERS = ("d1", "d2", "d3", "d4")
BASIC = (*TORSIONS, *LENGTHS, *NUMBERS)

TWINS: Mapping[str, str] = {
    "height_phi": "0.12*sin(phi - 0.4) + 0.05*sin(theta)",
    "twin_d1": "0.7*d1",
    "height_psi": "0.1*cos(psi + 0.5)",
    "twin_r": "0.1 + 0.8*r",
    "twin_s": "0.05 + 0.9*s",
    "twin_d2": "-1.3*d2",
}
"""The text of each twin in basic inputs, without its noise."""
TWIN_NOISE = 0.02
CORRELATION = 0.9
SPREAD = float(np.sqrt(-2 * np.log(CORRELATION)))
"""Standard deviation (rad) of a normal difference of two torsions, <cos> of which is 0.9."""


def descriptors(inputs: int, true: tuple[str, ...]) -> DescriptorSet:
    """Some number of inputs: those of a truth, their twins and companions, then others."""
    made_of = {twin: names_in(parse(text)) for twin, text in TWINS.items()}
    near = [twin for twin, of in made_of.items() if set(of) & set(true)]
    near += [f"{name}_{turn}" for turn in (1, 2) for name in true]
    companions = (f"{name}_{turn}" for turn in count(1) for name in BASIC)
    every = dict.fromkeys([*true, *near, *BASIC, *TWINS])
    more = (name for name in companions if name not in every)
    chosen = [*every, *islice(more, inputs)][:inputs]
    return DescriptorSet(tuple(_descriptor(name) for name in sorted(chosen)))


def _descriptor(name: str) -> Descriptor:
    if name in TWINS:
        kind = "height" if name.startswith("height") else "distance"
    else:
        kind = "torsion" if name.split("_")[0] in TORSIONS else "distance"
    return Descriptor(name, kind, tuple(range({"torsion": 4, "height": 4, "distance": 2}[kind])))


def draw(inputs: DescriptorSet, points: int, rng: np.random.Generator) -> dict[str, Array]:
    """Values (N,) of all basic inputs and of ``inputs`` at some points."""
    values = {name: rng.uniform(-np.pi, np.pi, points) for name in TORSIONS}
    values |= {name: rng.uniform(0.25, 2.0, points) for name in LENGTHS}
    values |= {name: rng.normal(size=points) for name in NUMBERS}
    basic = dict(values)
    for name in inputs.names:
        if name in TWINS:
            exact = evaluate(TWINS[name], basic)
            values[name] = exact + TWIN_NOISE * exact.std() * rng.normal(size=points)
        elif name not in basic:
            values[name] = _companion(name.split("_")[0], basic, rng)
    return values


def _companion(of: str, basic: Mapping[str, Array], rng: np.random.Generator) -> Array:
    x, noise = basic[of], rng.normal(size=len(basic[of]))
    if of in TORSIONS:
        return np.mod(x + SPREAD * noise + np.pi, 2 * np.pi) - np.pi
    own = np.sqrt(1 - CORRELATION**2)
    mixed = CORRELATION * (x - x.mean()) / x.std() + own * noise
    # A length stays a length.
    return np.maximum(x.mean() + x.std() * mixed, 0.1) if of in LENGTHS else np.asarray(mixed)
