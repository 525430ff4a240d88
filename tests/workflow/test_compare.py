"""The comparison as a target of the workflow."""

from mechanist.bookkeeping.files import read_json
from tests.workflow.conftest import Run


def rules_planned(run: Run) -> set[str]:
    done = run.snakemake("compare", "--dry-run", "--quiet", "host")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    return {
        line.split()[1].rstrip(":") for line in lines if line.startswith(("rule ", "localrule "))
    }


def test_the_target_makes_the_comparison_and_nothing_else(tmp_path):
    run = Run(tmp_path)
    small = {"seeds": 2, "rounds": 2}
    run.configure(compare=small)
    done = run.snakemake("compare")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = run.root / "compare"
    for name in ("compare.csv", "compare.json", "compare.md", "compare.png", "compare.html"):
        assert (folder / name).stat().st_size > 0, name
    assert {path.name for path in run.root.iterdir()} <= {"compare", "benchmarks"}
    # The last job reads what the jobs before have made; else it would have said this twice.
    assert "pair 1 of 2" not in (folder / "logs" / "compare.log").read_text(encoding="utf-8")
    assert read_json(folder / "compare.json")["seeds"] == [3, 4]
    assert rules_planned(run) == set()
    # What ends the workflow has no part in it; another seed is one more pair.
    run.configure(compare=small, convergence={"rhat": 4})
    assert rules_planned(run) == set()
    run.configure(compare=small | {"seeds": 3})
    assert rules_planned(run) == {"compare_pair", "compare"}
