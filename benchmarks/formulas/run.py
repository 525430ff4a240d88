"""Plant formulas, find them again, write benchmarks/formulas/formulas.md and formulas.json.

Outcomes are drawn from each truth, a network learns them, the relevance of the inputs is ranked,
and a formula is distilled: what a run does with its shots, with the default settings and each
engine in turn.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.formulas.cases import SETS, Case
from benchmarks.formulas.learned import formula_data, quiet
from benchmarks.formulas.page import ENGINES, NOT_RUN, table
from benchmarks.formulas.result import Result
from mechanist.committor.data import ShotData
from mechanist.formula.distil import distil
from mechanist.formula.expression import evaluate
from mechanist.formula.fit.likelihood import point_losses
from mechanist.formula.search.julia import State, look
from mechanist.settings.config import Config

HERE = Path(__file__).resolve().parent
SHOTS, CHAINS = 2, 40
SEED, THREADS = 1, 1


def find(case: Case, group: str, seed: int, engine: str) -> Result:
    """Plant one formula and distil it again."""
    rng = np.random.default_rng([seed, *case.text.encode()])
    values = case.draw(case.points, rng)
    q = np.asarray(evaluate(case.text, values))
    n_b = rng.binomial(SHOTS, 1 / (1 + np.exp(-q))).astype(np.float64)
    chain = np.repeat(np.arange(CHAINS), case.points // CHAINS)
    columns = np.stack([values[name] for name in case.inputs.names], axis=1)
    shots = ShotData(case.inputs.features(columns), SHOTS - n_b, n_b, chain)
    # Named, not auto: what is installed does not change whose numbers these are.
    wanted: dict[str, object] = {"operators": case.operators, "backend": engine}
    if engine != "pysr":
        # A machine under load does not cut the search short; processor time has a limit instead.
        wanted["seconds"] = 600
    settings = Config(system="planted", seed=seed, formula=wanted)
    begun, spent = time.monotonic(), time.process_time()
    data = formula_data(case.inputs, columns, shots, settings, THREADS)
    learnt = time.monotonic()
    found = distil(data, settings.formula, seed, THREADS, quiet)
    ended = time.monotonic()
    apart = data.held_out
    out = data.outcomes.select(apart)
    result = found.chosen
    losses = [
        float(point_losses(np.broadcast_to(one, case.points)[apart], out).sum())
        for one in (result.q(values), data.q, q)
    ]
    return Result(
        group=group,
        engine=engine,
        used=found.backend,
        kind=case.kind,
        truth=case.text,
        points=case.points,
        inputs=len(case.inputs),
        chosen=result.text,
        same_structure=case.same(result.text),
        on_front=any(case.same(one.text) for one in found.pareto_front),
        loss_gap=(losses[0] - losses[2]) / out.total,
        network_gap=(losses[1] - losses[2]) / out.total,
        learning=learnt - begun,
        distilling=ended - learnt,
        processor=time.process_time() - spent,
    )


def engines(state: State) -> tuple[str, ...]:
    """Engines that can run."""
    return ENGINES if state.ready else ENGINES[:1]


def main(arguments: Sequence[str]) -> None:
    """Run the sets that are named, or all; each new row replaces that of the same truth.

    With ``--missing`` truths that have a row are left out.
    """
    wanted = [name for name in arguments if name in SETS] or list(SETS)
    state = look()
    there = {one.key for one in read()} if "--missing" in arguments else set()
    for group in wanted:
        cases = SETS[group]()
        for engine in engines(state):
            for case in cases:
                if (group, case.text, engine) in there:
                    continue
                result = find(case, group, SEED, engine)
                print(result, flush=True)
                write(result)
    if not state.ready:
        print(f"pysr: {NOT_RUN}, since {state.line}")


def read() -> list[Result]:
    """Rows of formulas.json."""
    text = (HERE / "formulas.json").read_text(encoding="utf-8")
    return [Result(**row) for row in json.loads(text)]


def write(result: Result) -> None:
    """Put a row in formulas.json in its place, and write the page anew."""
    order = [(group, case.text) for group, of_group in SETS.items() for case in of_group()]
    kept = [one for one in read() if (one.group, one.truth) in order and one.key != result.key]
    results = sorted([*kept, result], key=lambda one: order.index((one.group, one.truth)))
    content = json.dumps([asdict(one) for one in results], indent=2) + "\n"
    (HERE / "formulas.json").write_text(content, encoding="utf-8")
    (HERE / "formulas.md").write_text(table(results, SEED, THREADS), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
