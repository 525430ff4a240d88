"""Table and figure of a simulation: ``python -m benchmarks.scale.figure NUMBERS.json OUT.png``."""

import json
import sys
from pathlib import Path

Row = dict[str, float]


def hours(row: Row, kind: str = "jobs_alone") -> float:
    """Time to convergence, with what Snakemake costs where it was measured."""
    return (row[kind] + row.get("snakemake", 0.0)) / 3600


def table(rows: list[Row]) -> str:
    """Markdown."""
    one = {row["shot_seconds"]: hours(row) for row in rows if row["workers"] == 1}
    lines = [
        "| a shot | workers | hours | faster | efficiency | waiting for the slowest job | Snakemake"
        " | pipelined: hours | saved |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        took, ahead = hours(row), hours(row, "pipelined_alone")
        faster = one[row["shot_seconds"]] / took
        ours = f"{row['snakemake']:.0f} s" if "snakemake" in row else ""
        lines.append(
            f"| {row['shot_seconds']:.0f} s | {row['workers']:.0f} | {took:.2f} | {faster:.1f} x"
            f" | {faster / row['workers']:.0%} | {row['barrier'] / 3600 / took:.1%} | {ours}"
            f" | {ahead:.2f} | {1 - ahead / took:.0%} |"
        )
    return "\n".join(lines)


def draw(rows: list[Row], file: Path) -> None:
    """Time to convergence over workers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    for shot, colour in zip(
        sorted({row["shot_seconds"] for row in rows}), ("C0", "C1"), strict=False
    ):
        own = [row for row in rows if row["shot_seconds"] == shot]
        workers = [row["workers"] for row in own]
        label = f"shots of {shot:.0f} s"
        axes.loglog(workers, [hours(r) for r in own], "o-", color=colour, label=label)
        ahead = [hours(row, "pipelined_alone") for row in own]
        axes.loglog(workers, ahead, "x:", color=colour, label="pipelined")
        ideal = [own[0]["work"] / 3600 / count for count in workers]
        axes.loglog(workers, ideal, color="0.7", zorder=0)
    axes.set_xticks(workers, [f"{count:.0f}" for count in workers])
    axes.minorticks_off()
    axes.set_xlabel("workers")
    axes.set_ylabel("hours to convergence")
    axes.legend(title="grey: shooting alone, shared evenly", fontsize=8, title_fontsize=8)
    figure.savefig(file, dpi=130)


if __name__ == "__main__":
    numbers = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(table(numbers))
    draw(numbers, Path(sys.argv[2]))
