"""The tables as a target of the workflow."""

from collections import Counter

from tests.workflow.conftest import Run


def planned(run: Run) -> Counter[str]:
    done = run.snakemake("trajectory_models", "--dry-run", "--quiet", "host")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    return Counter(
        line.split()[1].rstrip(":") for line in lines if line.startswith(("rule ", "localrule "))
    )


def test_the_target_plans_a_job_for_each_trajectory_and_nothing_of_the_run(tmp_path):
    run = Run(tmp_path)
    run.configure(trajectory={"seeds": 2, "molecules": ["ethanol", "benzene"]})
    assert planned(run) == {
        "trajectory_data": 4,
        "trajectory_learn": 4,
        "trajectory_robustness": 4,
        "trajectory_openmm": 2,
        "trajectory_propagate": 4,
        "trajectory_attribute": 1,
        "trajectory_forecast": 4,
        "trajectory_models": 1,
    }
