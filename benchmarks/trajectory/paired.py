"""Table T1 with whole trajectories held out: networks, ridge and Hermite polynomials in pairs.

``python -m benchmarks.trajectory.paired --out paired`` learns every model on some trajectories by
GFN2-xTB and tests it on others. What is already in the folder is kept, so a call that was ended
goes on where it stopped.

For each held-out trajectory the mean absolute errors e and e' of two models at one length of gap
give one difference of logarithms, ln(e / e'). With their mean m and standard deviation s over n
trajectories the ratio of the errors is exp(m), with the 95 % interval exp[m +- t(n - 1) s / sqrt n]
(t is Student's quantile).
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.trajectory.measure.sizes import GAPS
from benchmarks.trajectory.models.budget import Budget
from benchmarks.trajectory.names import HERMITE, RIDGE
from benchmarks.trajectory.reference.generate import generate
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.trajectory.dataset import Ends, Windows, windows
from mechanist.trajectory.store import load, save
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled
from mechanist.trajectory.superres.ridge import fit_ridge
from mechanist.trajectory.trajectory import Trajectory

Fill = Callable[[Ends], Filled]

Errors = Mapping[str, Mapping[str, Sequence[float]]]
"""By model and length of gap: mean absolute errors in nm, one for each held-out trajectory."""

VALIDATE = 0.1
"""Share of each learned trajectory on which the penalty of ridge is chosen."""

LONGEST = 20
"""Gap from which on networks are compared with ridge."""


def motion(folder: Path, molecule: str, frames: int, number: int) -> Trajectory:
    """Reference motion of one seed, made unless the folder has it."""
    path = folder / "data" / f"{molecule}_{number:03d}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        save(generate(molecule, frames, seed=number, heating_ps=1.0), path)
    return load(path)


def gaps_of(parts: Sequence[Trajectory], inner: int, most: int) -> Windows:
    """At most about ``most`` gaps of several trajectories."""
    every = max(3, -(-sum(map(len, parts)) // most))
    found = [windows(part, inner, every) for part in parts]
    x, v = (
        np.concatenate([getattr(one, name) for one in found])
        for name in ("positions", "velocities")
    )
    return Windows(x, v, found[0].dt_ps)


def fills(
    learned: Sequence[Trajectory], model: str, most: int, budget: Budget, seed: int
) -> Iterator[Fill]:
    """A model for each length of gap, in their order."""
    masses = learned[0].masses
    cut = [round(len(one) * (1 - VALIDATE)) for one in learned]
    train = [one[:at] for one, at in zip(learned, cut, strict=True)]
    gaps = [gaps_of(train, inner, most) for inner in GAPS]
    if model == HERMITE:
        yield from (hermite for _ in GAPS)
    elif model == RIDGE:
        held = [one[at:] for one, at in zip(learned, cut, strict=True)]
        for inner, some in zip(GAPS, gaps, strict=True):
            yield fit_ridge(some, gaps_of(held, inner, most), masses)
    else:
        from benchmarks.trajectory.models.recurrent import train_steppers

        both, _, kind = model.partition("-")
        yield from train_steppers(kind.lower(), both == "bi", gaps, masses, budget, seed)  # type: ignore[arg-type]


def errors_of(models: Iterator[Fill], held: Sequence[Trajectory]) -> dict[str, list[float]]:
    """Mean absolute errors in nm by length of gap, one for each held-out trajectory."""
    found: dict[str, list[float]] = {}
    for inner, fill in zip(GAPS, models, strict=True):
        tests = [windows(one, inner) for one in held]
        found[str(inner)] = [
            float(np.abs(fill(one.ends).positions - one.positions[:, 1:-1]).mean()) for one in tests
        ]
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of two errors, and its 95 % interval, from one pair a trajectory.

    Raises
    ------
    ValueError
        If there are fewer than two pairs.
    """
    from scipy.stats import t

    if len(ours) < 2:
        raise ValueError(f"{len(ours)} held-out trajectories; at least 2 are needed")
    logs = np.log(np.array(ours) / np.array(theirs))
    reach = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    middle = logs.mean()
    return float(np.exp(middle)), float(np.exp(middle - reach)), float(np.exp(middle + reach))


def pairs(models: Sequence[str]) -> list[tuple[str, str, int]]:
    """Which models are compared, and from which length of gap on."""
    both = [name for name in models if name.startswith("bi-")]
    ends = [(name, name.replace("bi-", "uni-"), 0) for name in both]
    return ends + [(name, *rest) for rest in ((HERMITE, 0), (RIDGE, LONGEST)) for name in both]


def lines(errors: Errors) -> Iterator[str]:
    """Errors in Angstrom, and ratios of pairs with their intervals."""
    head = " | ".join(f"T = {gap}" for gap in GAPS)
    yield f"| model, error in Å | {head} |"
    yield "|---|" + "---|" * len(GAPS)
    for model, row in errors.items():
        cells = " | ".join(f"{10 * np.mean(row[str(gap)]):.2e}" for gap in GAPS)
        yield f"| {model} | {cells} |"
    yield ""
    yield f"| ratio of errors (95 % interval) | {head} |"
    yield "|---|" + "---|" * len(GAPS)
    for one, other, least in pairs(list(errors)):
        if other in errors:
            found = [_cell(errors[one][str(gap)], errors[other][str(gap)]) for gap in GAPS]
            shown = [cell if gap >= least else "" for gap, cell in zip(GAPS, found, strict=True)]
            yield f"| {one} / {other} | {' | '.join(shown)} |"


def _cell(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*ratio(ours, theirs))


def main(options: Sequence[str] | None = None) -> None:
    """Make what is missing in the folder, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of data and errors")
    parser.add_argument("--molecule", default="ethanol")
    parser.add_argument("--learned", type=int, default=5, help="trajectories to learn from")
    parser.add_argument("--held", type=int, default=5, help="trajectories to test on, 2 at least")
    parser.add_argument("--frames", type=int, default=10_000, help="frames of a learned one")
    parser.add_argument("--tested", type=int, default=4000, help="frames of a tested one")
    parser.add_argument("--gaps", type=int, default=15_000, help="training gaps of a length")
    parser.add_argument("--kinds", default="ode,lstm,rnn,hnn", help="of networks")
    parser.add_argument("--hidden", type=int, default=128, help="units of a layer")
    parser.add_argument("--budget", type=int, default=20_000, help="steps times frames of a gap")
    parser.add_argument("--seed", type=int, default=0, help="of the networks")
    given = parser.parse_args(options)
    numbers = range(given.learned + given.held)
    sizes = [given.frames if one < given.learned else given.tested for one in numbers]
    every = [motion(given.out, given.molecule, *one) for one in zip(sizes, numbers, strict=True)]
    learned, held = every[: given.learned], every[given.learned :]
    budget = Budget(hidden=given.hidden, frames=given.budget)
    errors: dict[str, dict[str, list[float]]] = {}
    kinds = [kind.upper() for kind in given.kinds.split(",")]
    for model in (HERMITE, RIDGE, *(f"{side}-{kind}" for kind in kinds for side in ("bi", "uni"))):
        path = given.out / f"{model}.json"
        if not path.is_file():
            made = fills(learned, model, given.gaps, budget, given.seed)
            write_json(path, errors_of(made, held))
        errors[model] = read_json(path)
    print("\n".join(lines(errors)))


if __name__ == "__main__":
    main()
