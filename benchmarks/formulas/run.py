"""Plant formulas, find them again, write benchmarks/formulas/formulas.md and formulas.json.

Outcomes are drawn from each truth, a network learns them, the relevance of the inputs is ranked,
and a formula is distilled: what a run does with its shots, with the default settings and each
engine in turn.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.formulas.learned import learned
from benchmarks.formulas.same import terms
from benchmarks.formulas.truths import TRUTHS, Truth, descriptors, draw
from mechanist.committor.data import ShotData
from mechanist.formula.expression import evaluate
from mechanist.formula.fit.likelihood import point_losses
from mechanist.formula.search.julia import State, look
from mechanist.settings.config import Config

HERE = Path(__file__).resolve().parent
POINTS, SHOTS, CHAINS = 4000, 2, 40
SEED, THREADS = 1, 1
ENGINES = ("operon", "pysr")
GAP, FOUND = 0.003, 8
"""Limits: of the loss over that of the truth in nats per outcome, and of structures found."""
SECONDS = {"operon": 60.0, "pysr": 90.0}
NOT_RUN = "not run here"


@dataclass(frozen=True)
class Result:
    """What became of one truth in the search of one engine."""

    engine: str
    name: str
    truth: str
    chosen: str
    same_structure: bool
    loss_gap: float
    seconds: float


def find(truth: Truth, seed: int, engine: str) -> Result:
    """Plant one formula and distil it again."""
    rng = np.random.default_rng([seed, *truth.name.encode()])
    inputs, values = descriptors(), draw(POINTS, rng)
    q = evaluate(truth.text, values)
    n_b = rng.binomial(SHOTS, 1 / (1 + np.exp(-q))).astype(np.float64)
    chain = np.repeat(np.arange(CHAINS), POINTS // CHAINS)
    columns = np.stack([values[name] for name in inputs.names], axis=1)
    shots = ShotData(inputs.features(columns), SHOTS - n_b, n_b, chain)
    # Named, not auto: what is installed does not change whose numbers these are.
    wanted = {"operators": truth.operators, "backend": engine}
    settings = Config(system="planted", seed=seed, formula=wanted)
    begun = time.monotonic()
    data, found = learned(inputs, columns, shots, settings, THREADS)
    seconds = time.monotonic() - begun
    result, apart = found.chosen, data.held_out
    out = data.outcomes.select(apart)
    q_found = np.broadcast_to(result.q(values), POINTS)
    losses = [point_losses(np.asarray(one)[apart], out).sum() for one in (q_found, q)]
    gap = (losses[0] - losses[1]) / (SHOTS * apart.sum())
    same = terms(result.text) == terms(truth.text)
    return Result(found.backend, truth.name, truth.text, result.text, same, float(gap), seconds)


def table(results: Sequence[Result]) -> str:
    """The page in Markdown; an engine without results was not run."""
    lines = [
        "# Formulas planted and found again",
        "",
        f"Made by `make formulas` (seed {SEED}, threads: {THREADS}). Outcomes of {SHOTS} half-shots"
        f" from each of {POINTS:,} points are drawn from a known q of ten inputs, three of them"
        " correlated 0.9. A network learns them, inputs are ranked, and a formula is distilled with"
        " the default settings but for `formula.backend`, which names the engine. The structure is"
        " the same if the same terms are left after multiplying out, whatever their numbers. The"
        " gap is the held-out loss of the formula less that of the truth, in nats per outcome.",
    ]
    for engine in ENGINES:
        lines += ["", f"## {engine}", ""]
        own = [result for result in results if result.engine == engine]
        lines += _section(own, SECONDS[engine]) if own else [NOT_RUN]
    return "\n".join(lines) + "\n"


def _section(results: Sequence[Result], limit: float) -> list[str]:
    """Both tables of one engine."""
    found = sum(result.same_structure for result in results)
    gap = max(result.loss_gap for result in results)
    slowest = max(result.seconds for result in results)
    lines = [
        "| number | target | measured | |",
        "|---|---|---|---|",
        _line("same structure", f"at least {FOUND} of {len(results)}", f"{found}", found >= FOUND),
        _line("largest gap", f"at most {GAP}", f"{gap:.4f}", gap <= GAP),
        _line("slowest", f"at most {limit:.0f} s", f"{slowest:.0f} s", slowest <= limit),
        "",
        "| | truth | chosen | same structure | gap | s |",
        "|---|---|---|---|---|---|",
    ]
    for r in results:
        same = "yes" if r.same_structure else "no"
        lines.append(
            f"| {r.name} | `{r.truth}` | `{r.chosen}` | {same} | {r.loss_gap:.4f} |"
            f" {r.seconds:.0f} |"
        )
    return lines


def _line(name: str, target: str, measured: str, kept: bool) -> str:
    return f"| {name} | {target} | {measured} | {'kept' if kept else 'MISSED'} |"


def engines(state: State) -> tuple[str, ...]:
    """Engines that can run."""
    return ENGINES if state.ready else ENGINES[:1]


def main() -> None:
    """Run all truths, or those whose names are given; write the files only if all were run."""
    wanted = sys.argv[1:]
    state = look()
    results = []
    for engine in engines(state):
        for truth in TRUTHS:
            if wanted and truth.name not in wanted:
                continue
            results.append(find(truth, SEED, engine))
            print(results[-1], flush=True)
    if not state.ready:
        print(f"pysr: {NOT_RUN}, since {state.line}")
    if wanted:
        return
    rows = [asdict(result) for result in results]
    (HERE / "formulas.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (HERE / "formulas.md").write_text(table(results), encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
