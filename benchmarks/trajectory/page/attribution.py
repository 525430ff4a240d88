"""Table T3, azobenzene: coordinates that turn its CNNC dihedral, as entries and a target."""

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import FORCES
from benchmarks.trajectory.page.entries import Entry, Target
from benchmarks.trajectory.page.records import Record, read_record

TRUST = (
    ("outcomes", "percent", "outcomes of shots as by GFN2-xTB, forces from other shots", "%"),
    ("outcomes", "ends", "ends of shots of which these are", "1"),
    ("outcomes", "trans", "ends that truly are trans", "%"),
    ("outcomes", "error", "CNNC at the end of a shot, median error", "degrees"),
    ("stability", "first", "rankings in which CNNC and its velocity come first", "%"),
    ("stability", "spearman", "rank correlation with rankings by other forces or baselines", "1"),
    ("stability", "lowest", "the same, lowest of them", "1"),
)
"""Numbers on outcomes of shots and on the stability of the ranking."""


def attribution(job: Job) -> tuple[list[Entry], Target]:
    """Entries and target of the record of the step ``attribute``."""

    def check(record: Record) -> None:
        attribution_entries(record)
        attribution_target(record)

    record = read_record(job.files.attribution, {"size": job.size_name}, "attribute", check)
    return attribution_entries(record), attribution_target(record)


def attribution_entries(record: Record) -> list[Entry]:
    """Integrated gradients of the CNNC dihedral of azobenzene."""
    table = "T3 azobenzene"
    rows = [
        Entry(table, one["input"], "push on CNNC 10 fs later", one["degrees"], 0.0, "degrees")
        for one in record["ranking"]
    ]
    for key, column, unit in (
        ("difference", "CNNC 10 fs later, less that of the baseline", "degrees"),
        ("incompleteness", "sum of all pushes is off by, in parts", "1"),
        ("error", "CNNC 10 fs later on the shot that tests, root mean square error", "degrees"),
    ):
        rows.append(Entry(table, FORCES, column, float(record[key]), 0.0, unit))
    for part, key, column, unit in TRUST:
        rows.append(Entry(table, FORCES, column, float(record[part][key]), 0.0, unit))
    return rows


def attribution_target(record: Record) -> Target:
    """Target: CNNC and its velocity come first."""
    first = [one["input"] for one in record["ranking"][:2]]
    wanted = {record["dihedral"], f"velocity of {record['dihedral']}"}
    text = "azobenzene: CNNC and its velocity push it most"
    return Target(text, "; ".join(first), set(first) == wanted)
