# Why does A turn into B? The whole workflow on one page.
#
#   prepare ── describe            the system, and the inputs of the models
#      └─ initial                  the first transition paths
#           └─ shoot ─ learn ─ assess     in rounds, until converged or the budget is spent
#                └─ relevance ─ distil    the formula
#                └─ points ─ committor_shots ─ validate    its validation
#      equilibrium ─ windows ─ excursions ─ kinetics       rates and free energies
#                └─ collect ─ report ─ seal     results/SYSTEM/
#
# By request only: compare, guided against uniform selection (snakemake --cores 32 compare), and
# trajectory_models, learned models of motion (snakemake --cores 2 trajectory_models).
#
# Run: snakemake --cores 32          Settings: config.yaml          Systems: systems/
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "workflow/rules/common.smk"


# For the times in the report; not an input, since it changes with every run.
onstart:
    write_session()


# A report without some of its results is written all the same; the exit code 3 tells scripts.
onsuccess:
    end_if_incomplete()


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        f"{RESULTS}/summary.json",
        f"{RESULTS}/manifest.json",
        # Without the last assessment, a changed threshold would go unnoticed.
        last_assessment,
        # Needed for rates only, and they are made while the rounds leave cores idle: before it is
        # known whether there will be any.
        [f"{RESULTS}/kinetics/runs.done"] if SETTINGS.kinetics.rates else [],


include: "workflow/rules/prepare.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/distil.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/kinetics.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/compare.smk"


if (HOME / "benchmarks").is_dir():

    # Not part of an installed package.
    include: "workflow/rules/trajectories.smk"
