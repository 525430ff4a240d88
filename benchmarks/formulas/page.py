"""The page of planted formulas in Markdown."""

from collections.abc import Sequence

from benchmarks.formulas.result import Result

ENGINES = ("operon", "pysr")
GAP, SECONDS = 0.003, 90.0
"""Limits: of the loss over that of the truth in nats per outcome, and of the time for one truth."""
FOUND = {"ten": 8, "thirty": 24, "blind": 8}
"""Structures to be found in each set."""
CASES = {"ten": 10, "thirty": 30, "blind": 10}
"""Sizes of the sets."""
NOT_RUN = "not run here"

TITLES = {"thirty": "Thirty", "blind": "Ten that were not looked at", "ten": "The first ten"}

HEADS = {
    "thirty": "Thirty formulas of four kinds with the default settings. Some inputs are correlated"
    " 0.9 with those that matter, others are twins: functions of them with 2 % of noise, such as a"
    " height beside the torsions that it is made of. The structure is the same if the form of the"
    " truth contains the formula and the form of the formula contains the truth, with constants"
    " fitted; twins are replaced by what they are made of.",
    "blind": "Ten formulas that a programme drew from a grammar with other seeds"
    " (`benchmarks/formulas/blind.py`). No setting was changed after they had been run.",
    "ten": "Ten formulas in ten inputs, three of them correlated 0.9, from 4,000 points each; the"
    " search is told which operations a truth has. The structure is the same if the same terms are"
    " left after multiplying out, whatever their numbers.",
}


def table(results: Sequence[Result], seed: int, threads: int) -> str:
    """The page; an engine without results was not run."""
    lines = [
        "# Formulas planted and found again",
        "",
        f"Made by `make formulas` (seed {seed}, threads: {threads}). Two outcomes of each point are"
        " drawn from a known q. A network learns them, inputs are ranked, and a formula is"
        " distilled with the settings of a run but for `formula.backend`, which names the engine."
        " Gaps are held-out losses of formula and network less that of the truth, in nats per"
        " outcome. Times are wall time for network and formula, and processor time of both, which"
        " is the wall time where a core is free.",
    ]
    for group in HEADS:
        lines += ["", f"## {TITLES[group]}", "", HEADS[group]]
        for engine in ENGINES:
            own = [row for row in results if (row.group, row.engine) == (group, engine)]
            lines += ["", f"### {engine}", ""]
            lines += _section(own, FOUND[group], CASES[group]) if own else [NOT_RUN]
    return "\n".join(lines) + "\n"


def _section(rows: Sequence[Result], wanted: int, cases: int) -> list[str]:
    """Both tables of one engine; with fewer rows than cases nothing is judged."""
    found = sum(row.same_structure for row in rows)
    front = sum(row.on_front for row in rows)
    gap = max(row.loss_gap for row in rows)
    slowest = max(row.processor for row in rows)
    whole = len(rows) == cases
    missing = [] if whole else [f"Only {len(rows)} of {cases} were run.", ""]

    def line(name: str, target: str, measured: str, kept: bool) -> str:
        verdict = "incomplete" if not whole else "kept" if kept else "MISSED"
        return f"| {name} | {target} | {measured} | {verdict} |"

    share = f"{found} of {len(rows)}"
    lines = [
        *missing,
        "| number | target | measured | |",
        "|---|---|---|---|",
        line("same structure", f"at least {wanted} of {cases}", share, found >= wanted),
        f"| same structure on the Pareto front | | {front} of {len(rows)} | |",
        line("largest gap", f"at most {GAP}", f"{gap:.4f}", gap <= GAP),
        line(
            "processor time of the slowest",
            f"at most {SECONDS:.0f} s",
            f"{slowest:.0f} s",
            slowest <= SECONDS,
        ),
        "",
        "| | points, inputs | truth | chosen | same structure | gap | gap of network | wall s |"
        " processor s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        same = "yes" if row.same_structure else "on the front" if row.on_front else "no"
        lines.append(
            f"| {row.kind} | {row.points:,}, {row.inputs} | `{row.truth}` | `{row.chosen}` | {same}"
            f" | {row.loss_gap:.4f} | {row.network_gap:.4f} |"
            f" {row.learning:.0f} + {row.distilling:.0f} | {row.processor:.0f} |"
        )
    return lines
