"""Rates and p_B of a finished run against plain MD; writes benchmarks/truth/implicit.md and .json.

python -m benchmarks.truth.implicit.run [RESULTS [WALKERS [NANOSECONDS]]]
"""

import itertools
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from benchmarks.truth.implicit.walk import Walk, walk
from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_q, load_round_model
from mechanist.formula.store import load_formula
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.prepared import load, load_formula_inputs, load_inputs

HERE = Path(__file__).resolve().parent.parent
SEED, CORES = 1007, 2
WALKERS, NANOSECONDS = 16, 20.0
BARRIER = np.radians([30, 120])
"""Values of psi between the facing edges of the states, where transition paths run."""
EDGES = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1])


def rate(count: int, time_ps: float) -> dict[str, float]:
    """Transitions per time with the exact 95 % interval of a Poisson count."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return {
        "value": count / time_ps,
        "low": low / time_ps,
        "high": chi2.ppf(0.975, 2 * count + 2) / 2 / time_ps,
        "transitions": count,
    }


def calibration(
    p: Array, found: Walk, use: NDArray[np.bool_], edges: Array = EDGES
) -> list[dict[str, float]]:
    """What came next in bins of the predicted p_B of some frames; errors from blocks of walkers."""
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = use & (p >= low) & (p < high)
        if inside.sum() < 20:
            continue
        miss = found.reached[inside] - p[inside]
        # Looks of one walker hang together, those of different walkers do not.
        sums = np.bincount(found.walker[inside], miss, minlength=found.walker.max() + 1)
        rows.append(
            {
                "low": float(low),
                "high": float(high),
                "points": int(inside.sum()),
                "predicted": float(p[inside].mean()),
                "plain": float(found.reached[inside].mean()),
                "error": float(np.sqrt((sums**2).sum()) / inside.sum()),
            }
        )
    return rows


def compare(results: Path, found: Walk, spent: float) -> dict[str, Any]:
    """Everything that is on the page."""
    layout = Layout(results)
    prepared, inputs = load(layout), load_inputs(layout)
    summary = json.loads(layout.summary.read_text(encoding="utf-8"))
    ours = json.loads(layout.kinetics.read_text(encoding="utf-8"))
    model = load_round_model(layout, summary["rounds"] - 1, inputs)
    frame = prepared.timestep * prepared.stride
    rates = []
    for column, key in enumerate(("k_AB_per_ps", "k_BA_per_ps")):
        count, seen = found.transitions[:, column].sum(), found.since[:, column].sum()
        plain = rate(int(count), float(seen * frame))
        rates.append({"rate": key, "run": ours[key], "plain": plain})
    network = q_to_p(frame_q(found.points, inputs, model))
    psi = inputs.values(found.points)[:, inputs.names.index("psi")]
    between = (psi > BARRIER[0]) & (psi < BARRIER[1])
    formula = load_formula(layout.formula)
    by_formula = q_to_p(formula.frame_q(found.points, load_formula_inputs(layout)))
    return {
        "shots": summary["shots"],
        "formula": formula.text,
        "verdict": json.loads(layout.verdict.read_text(encoding="utf-8"))["text"],
        "plain_ns": float(found.since.sum() * frame / 1000),
        "plain_seconds": spent,
        "rates": rates,
        "network": calibration(network, found, between),
        "formula_bins": calibration(by_formula, found, between),
        "network_elsewhere": calibration(network, found, ~between, np.array([0.0, 0.5, 1.0])),
    }


def page(result: dict[str, Any]) -> str:
    """The page in Markdown."""
    lines = [
        "# Alanine dipeptide in implicit water against plain MD",
        "",
        f"Made by `make implicit`. The run made {result['shots']:,} shots for the network. Plain MD"
        f" of {result['plain_ns']:.0f} ns with the same integrator and stride (walkers with their"
        " own contexts, Reference platform) knows nothing of shooting. Intervals are 95 %.",
        "",
        "| rate, 1/ps | run | plain MD | transitions | apart, standard errors |",
        "|---|---|---|---|---|",
    ]
    for row in result["rates"]:
        run, plain = row["run"], row["plain"]
        lines.append(
            f"| {row['rate'].removesuffix('_per_ps')} | {_number(run)} | {_number(plain)} |"
            f" {plain['transitions']} | {apart(run, plain):.1f} |"
        )
    tables = (
        ("between the states (psi from 30 to 120 degrees), by p_B of the network", "network"),
        ("between the states (psi from 30 to 120 degrees), by p_B of the formula", "formula_bins"),
        ("on the far sides of the states, by p_B of the network", "network_elsewhere"),
    )
    for name, key in tables:
        lines += [
            "",
            f"Frames of plain MD {name}: the share that came to B before A. Errors are standard"
            " errors over walkers.",
            "",
            "| p_B | frames | predicted | plain MD | error | z |",
            "|---|---|---|---|---|---|",
        ]
        for b in result[key]:
            z = (b["plain"] - b["predicted"]) / b["error"]
            lines.append(
                f"| {b['low']:.2f} to {b['high']:.2f} | {b['points']:,} | {b['predicted']:.3f} |"
                f" {b['plain']:.3f} | {b['error']:.3f} | {z:.1f} |"
            )
    lines += ["", f"Formula: `q = {result['formula']}`", "", f"Verdict: {result['verdict']}"]
    return "\n".join(lines) + "\n"


def apart(run: dict[str, float], plain: dict[str, float]) -> float:
    """Difference of the logarithms in standard errors of both together."""
    widths = [math.log(one["high"] / one["low"]) / 3.92 for one in (run, plain)]
    return math.log(run["value"] / plain["value"]) / math.hypot(*widths)


def _number(rate: dict[str, float]) -> str:
    return f"{rate['value']:.3g} ({rate['low']:.3g} to {rate['high']:.3g})"


def main() -> None:
    """Walk, compare, write."""
    given = sys.argv[1:]
    results = Path(given[0] if given else "results/alanine_dipeptide_implicit")
    walkers = int(given[1]) if len(given) > 1 else WALKERS
    nanoseconds = float(given[2]) if len(given) > 2 else NANOSECONDS
    prepared = load(Layout(results))
    frames = round(1000 * nanoseconds / walkers / (prepared.timestep * prepared.stride))
    begun = time.monotonic()
    found = walk(results, walkers, frames, SEED, CORES)
    spent = time.monotonic() - begun
    # Beside the run: a file within it would be unknown to `mechanist verify`.
    np.savez(results.with_name(f"{results.name}_plain_md.npz"), **vars(found))
    result = compare(results, found, spent)
    (HERE / "implicit.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (HERE / "implicit.md").write_text(page(result), encoding="utf-8")
    print(page(result))


if __name__ == "__main__":
    main()
