"""Rates of plain runs: python -m tests.truth.plain_rates SYSTEM [WALKERS FRAMES BURN_IN].

SYSTEM is the name of one in tests/truth/systems, or a folder with a system.yaml.

Walkers in two or three dimensions start in both states, are dropped for a burn-in, and are labelled
at every frame. The integrator is OpenMM's LangevinMiddle.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sympy
import yaml

from tests.truth.rate_runs import SYSTEMS

STARTS = {
    "slow_inv": [(-1.9, 0.7), (-1.9, -0.7), (1.9, 0.7), (1.9, -0.7)],
    "two_channels": [(-1.9, 0.0), (1.9, 0.0)],
    "uneq": [(-1.9, 0.0), (1.9, 0.0)],
    "asym1": [(-1.0, 0.0), (1.0, 0.0)],
    # Three quarters of A is its deeper part: as many walkers as there are in equilibrium.
    "hidden_basin": [(-1.05, 0.0)] * 14 + [(-1.05, 2.0)] * 60 + [(1.0, 0.0)] * 26,
}

WELLS = [(-1.0, 0.0), (1.0, 0.0)]
"""Starts of other systems."""


def forces(expression: str, dimensions: int) -> Callable[..., tuple]:
    """Force along each axis of a potential."""
    axes = sympy.symbols("x y z"[: 2 * dimensions - 1], real=True)
    names = {"step": lambda a: sympy.Heaviside(a, 1)} | {str(v): v for v in axes}
    energy = sympy.sympify(expression.replace("^", "**"), locals=names)
    minus = [-sympy.diff(energy, v).replace(sympy.DiracDelta, lambda *_: 0) for v in axes]
    heaviside = {"Heaviside": lambda a, _=1: (a >= 0) * 1.0}
    return sympy.lambdify(axes, minus, [heaviside, "numpy"], cse=True)


def inside(box: dict, x: np.ndarray, y: np.ndarray, *_: np.ndarray) -> np.ndarray:
    """Which walkers are in a box."""
    here = np.ones(len(x), dtype=bool)
    for name, values in (("x", x), ("y", y)):
        if name in box:
            low, high = (float(str(end).split()[0]) for end in box[name])
            here &= (values >= low) & (values <= high)
    return here


def plain_rates(system: str, walkers: int, frames: int, burn_in: int) -> np.ndarray:
    """k_AB, k_BA (per ps) and ln(pi_A / pi_B), and their standard errors, (2, 3)."""
    path = Path(SYSTEMS / system / "system.yaml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    dynamics, boxes = content["dynamics"], content["states"]
    expression, dimensions = (content["potential"][key] for key in ("expression", "dimensions"))
    force, rng = forces(expression, dimensions), np.random.default_rng(1)
    step = float(dynamics["timestep"].split()[0]) / 1000
    gamma = float(str(dynamics["friction"]).split()[0])
    starts = np.zeros((len(wells := STARTS.get(system, WELLS)), dimensions))
    starts[:, :2] = wells
    x = starts[rng.integers(len(starts), size=walkers)].T.copy()
    v = rng.normal(size=(dimensions, walkers))
    keep, kick = np.exp(-gamma * step), np.sqrt(1 - np.exp(-2 * gamma * step))
    last, crossings, time = np.zeros(walkers, int), np.zeros((2, walkers)), np.zeros((2, walkers))
    for frame in range(burn_in + frames):
        for _ in range(dynamics["stride"]):
            v += step * np.array(np.broadcast_arrays(*force(*x), x[0])[:-1])
            x += step / 2 * v
            v = keep * v + kick * rng.normal(size=v.shape)
            x += step / 2 * v
        now = inside(boxes["B"]["box"], *x) * 1 - inside(boxes["A"]["box"], *x)
        if frame >= burn_in:
            crossings += [(last == -1) & (now == 1), (last == 1) & (now == -1)]
        last = np.where(now != 0, now, last)
        if frame >= burn_in:
            time += [last == -1, last == 1]
    unit = step * dynamics["stride"]

    def rates(rows: np.ndarray) -> list[float]:
        n, t = crossings[:, rows].sum(axis=1), time[:, rows].sum(axis=1)
        return [*(n / t / unit), float(np.log(t[0] / t[1]))]

    drawn = [rates(rng.integers(walkers, size=walkers)) for _ in range(200)]
    return np.array([rates(np.arange(walkers)), np.std(drawn, axis=0)])


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[2:]] or [4000, 40_000, 4000]
    found, errors = plain_rates(sys.argv[1], *given)
    for name, value, error in zip(("k_AB", "k_BA", "ln odds"), found, errors, strict=True):
        print(f"{name} {value:.4g} +- {error:.2g}")
