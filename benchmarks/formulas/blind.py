"""Ten reaction coordinates drawn at random, on which nothing was tuned.

Each is a sum of two motifs, of which the first has the kind of the truth, with random inputs and
constants. A draw is used if both states take shots, and if a linear q in the inputs of the truth,
with or without one of them, is worse than the truth by `MATTERS`. Nobody chose the formulas, and no
setting was changed after they had been run.
"""

from collections.abc import Callable
from itertools import count, cycle

import numpy as np

from benchmarks.formulas.harder import CHANNELS, NESTED, PERIODIC, RATIOS, Planted
from benchmarks.formulas.world import LENGTHS, NUMBERS, TORSIONS, descriptors, draw
from mechanist.arrays import Array
from mechanist.formula.expression import evaluate, parse
from mechanist.formula.expression import inputs as names_in
from mechanist.statistics.logistic import q_to_p

SEED = 4242
MATTERS = 0.01
"""Nats per outcome."""
TRIAL = 4000
SIZES = ((4000, 12), (8000, 30), (20_000, 50))
KINDS = (PERIODIC, NESTED, RATIOS, CHANNELS, NESTED, PERIODIC, CHANNELS, RATIOS, NESTED, CHANNELS)

# t: torsion, x: number, l: length; a: factor, b: slope, p: phase, n: folds, c: centre, d: shift.
MOTIFS = {
    PERIODIC: ("a*cos(n*t - p)", "a*cos(t - p) + a*cos(n*t - p)", "a*x*cos(t - p)"),
    RATIOS: ("a*x*x", "a*x/l", "a*x*l", "a*l/l", "a*x*x/l", "a*x/(l + b*l)"),
    NESTED: ("a*tanh(b*(x - c))", "a*log(l/l)", "a*exp(-b*l)", "a*tanh(b*x + b*l - d)", "a*log(l)"),
    CHANNELS: (
        "log(exp(f*x - d) + exp(f*x - d))",
        "-log(exp(f*x - d) + exp(f*l - d))",
        "a*tanh(b*l - b*l)",
        "log(exp(f*x + f*x - d) + exp(f*cos(t) - d))",
    ),
}
PLAIN = ("a*x", "a*sin(t)", "a*l")


def ten(seed: int = SEED) -> list[Planted]:
    """The ten; the same for the same seed."""
    rng = np.random.default_rng(seed)
    found: list[Planted] = []
    for kind, (points, inputs) in zip(KINDS, cycle(SIZES), strict=False):
        for _ in count():
            planted = _drawn(kind, points, inputs, rng)
            if _usable(planted, rng):
                found.append(planted)
                break
    return found


def _drawn(kind: str, points: int, inputs: int, rng: np.random.Generator) -> Planted:
    motifs = [str(rng.choice(MOTIFS[kind])), str(rng.choice(PLAIN))]
    names = {
        "t": iter(rng.permutation(TORSIONS)),
        "x": iter(rng.permutation(NUMBERS)),
        "l": iter(rng.permutation(LENGTHS)),
    }
    signs = (-1, 1)
    values: dict[str, Callable[[], float]] = {
        "a": lambda: rng.choice(signs) * rng.uniform(1.5, 3.5),
        "b": lambda: rng.uniform(1.5, 3.0),
        "c": lambda: rng.uniform(-0.5, 0.5),
        "d": lambda: rng.uniform(0.5, 2.5),
        "f": lambda: rng.uniform(2.5, 4.5),
        "p": lambda: rng.uniform(0.3, 2.8),
    }
    constants: list[float] = []
    text = ""
    # A torsion that a motif names twice is one torsion.
    torsion = str(next(names["t"]))
    for i, motif in enumerate(motifs):
        for word in _words(motif):
            if word == "t":
                text += torsion
            elif word == "n":
                text += str(rng.integers(2, 4))
            elif word in names:
                text += str(next(names[word]))
            elif word in values:
                constants.append(round(float(values[word]()), 2))
                text += f"k{len(constants) - 1}"
            else:
                text += word
        torsion = str(next(names["t"]))
        text += " + " if i + 1 < len(motifs) else ""
    constants.append(0.0)
    form = f"{text} + k{len(constants) - 1}"
    planted = Planted(kind, form, tuple(constants), points, inputs)
    middle = round(-float(np.median(_q(planted, np.random.default_rng(0)))), 1)
    return Planted(kind, form, (*constants[:-1], middle), points, inputs)


def _words(motif: str) -> list[str]:
    """A motif in words, one-letter placeholders apart from functions and signs."""
    import re

    return re.findall(r"[a-z]+|[^a-z]+", motif)


def _q(planted: Planted, rng: np.random.Generator) -> Array:
    inputs = descriptors(12, names_in(parse(planted.text)))
    return np.asarray(evaluate(planted.text, draw(inputs, TRIAL, rng)))


def _usable(planted: Planted, rng: np.random.Generator) -> bool:
    """Whether both states take shots and a linear q in the same inputs is no substitute."""
    from mechanist.formula.fit.candidate import Points, fitted
    from mechanist.formula.fit.likelihood import Outcomes, loss
    from mechanist.formula.structure import column_symbols

    true = names_in(parse(planted.text))
    values = draw(descriptors(12, true), TRIAL, rng)
    q = np.asarray(evaluate(planted.text, values))
    p = q_to_p(q)
    if not (0.3 < p.mean() < 0.7 and 1.5 < q.std() < 4.5):
        return False
    outcomes = Outcomes(2 * (1 - p), 2 * p, np.zeros(TRIAL, dtype=np.int64))
    symbols = column_symbols(2 * len(true))
    columns = [
        np.sin(values[n]) if turn == 0 and n in TORSIONS else np.cos(values[n]) if n in TORSIONS
        else values[n] * (turn == 0)
        for n in true
        for turn in (0, 1)
    ]  # fmt: skip
    points = Points(np.asfortranarray(np.stack(columns, axis=1)), outcomes)
    best = loss(q, outcomes)
    for left_out in (None, *range(len(true))):
        kept = [
            symbol
            for i, symbol in enumerate(symbols)
            if i // 2 != left_out and points.columns[:, i].std() > 0
        ]
        linear = fitted(parse("0.1 + " + " + ".join(f"0.1*{s}" for s in kept)), points, "linear")
        if linear is None or linear.loss - best < MATTERS:
            return False
    return True
