"""Formulas of several runs of one system, for example with different seeds.

Two runs agree if their formulas have the same descriptors; what differs in form may still be the
same coordinate, so structures are not compared.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.report.text_table import text_table

HEADER = ("run", "seed", "descriptors", "set_share", "nodes", "loss", "rmse", "familiar", "formula")
COLUMNS = (
    *("run", "seed", "descriptors", "runs_share", "set_share", "stable", "complexity"),
    *("heldout_loss", "network_heldout_loss", "formula_rmse", "familiar_loss", "text"),
)


@dataclass(frozen=True)
class Run:
    """The formula of one run.

    Parameters
    ----------
    folder, system, seed
        Of the run.
    descriptors
        Of its formula.
    numbers
        Content of formula.json.
    rmse
        Error of the formula's p_B on fresh shots, None without validation.
    """

    folder: Path
    system: str
    seed: int
    descriptors: tuple[str, ...]
    numbers: dict[str, Any]
    rmse: float | None

    @property
    def familiar_loss(self) -> float | None:
        """Held-out loss of the best formula in familiar descriptors, in nats per outcome."""
        known = self.numbers.get("familiar")
        return None if known is None else float(known["heldout_loss"])


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Read the formulas of finished runs.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the runs are of different systems.
    """
    runs = [_read(folder) for folder in folders]
    for run in runs[1:]:
        if run.system != runs[0].system:
            raise DataError(
                run.folder, f"a run of {run.system!r}, others are of {runs[0].system!r}"
            )
    return runs


def _read(folder: Path) -> Run:
    layout = Layout(folder)
    summary, formula = read_json(layout.summary), read_json(layout.formula)
    with damage_reported(layout.summary):
        system, seed = str(summary["system"]), int(summary["seed"])
        validation = summary.get("validation") or {}
        rmse = validation.get("formula_rmse")
    with damage_reported(layout.formula):
        names = tuple(sorted(str(name) for name in formula["descriptors"]))
        for key in ("text", "complexity", "heldout_loss", "network_heldout_loss", "set_share"):
            formula[key]
    return Run(folder, system, seed, names, formula, rmse)


def shares(runs: Sequence[Run]) -> list[float]:
    """For each run the share of all runs whose formulas have the same descriptors."""
    counts = Counter(run.descriptors for run in runs)
    return [counts[run.descriptors] / len(runs) for run in runs]


def table(runs: Sequence[Run]) -> str:
    """CSV text: one row a run."""
    rows = []
    for run, share in zip(runs, shares(runs), strict=True):
        n = run.numbers
        losses = (n["heldout_loss"], n["network_heldout_loss"], run.rmse, run.familiar_loss)
        start = [run.folder, run.seed, " ".join(run.descriptors), f"{share:.3f}"]
        middle = [f"{n['set_share']:.3f}", str(n.get("stable")).lower(), n["complexity"]]
        rows.append(
            [*start, *middle, *("" if x is None else f"{x:.6f}" for x in losses), n["text"]]
        )
    return csv_text(COLUMNS, rows)


def text(runs: Sequence[Run]) -> str:
    """A table to read, and a sentence on how many runs agree."""
    rows = [
        (
            *(str(run.folder), str(run.seed), ", ".join(run.descriptors) or "none"),
            *(f"{run.numbers['set_share']:.0%}", str(run.numbers["complexity"])),
            f"{run.numbers['heldout_loss']:.4f}",
            "" if run.rmse is None else f"{run.rmse:.3f}",
            "" if run.familiar_loss is None else f"{run.familiar_loss:.4f}",
            str(run.numbers["text"]),
        )
        for run in runs
    ]
    most, count = Counter(run.descriptors for run in runs).most_common(1)[0]
    names = ", ".join(most) or "no descriptor"
    said = f"{count} of {len(runs)} runs of {runs[0].system} have a formula in {names}."
    return "\n".join([*text_table(HEADER, rows), "", said])
