# Fresh committor shots test the network and the formula, from points chosen by either.
rule points:
    input:
        model=last_model,
        inputs=rules.describe.output,
        formula=points_formula,
    output:
        points=f"{RESULTS}/validation/{{by}}/points.trr",
        predictions=f"{RESULTS}/validation/{{by}}/predictions.json",
    log:
        f"{RESULTS}/logs/points-{{by}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/points-{{by}}.tsv"
    wildcard_constraints:
        by="network|formula",
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.model),
        settings=points_settings,
        source=digest("points"),
    shell:
        "mechanist points --by {wildcards.by} --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule committor_shots:
    input:
        **SYSTEM_FILES,
        points=rules.points.output.points,
    output:
        f"{RESULTS}/validation/{{by}}/shots_{{worker}}.parquet",
    log:
        f"{RESULTS}/logs/committor_shots-{{by}}_{{worker}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/committor-shots-{{by}}_{{worker}}.tsv"
    wildcard_constraints:
        by="network|formula",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings("seed", "engine", "sampling.workers", "validation.shots"),
        source=digest("committor_shots"),
    shell:
        "mechanist committor-shots --by {wildcards.by} --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule validate:
    input:
        points=expand(rules.points.output, by=("network", "formula")),
        shots=expand(
            rules.committor_shots.output, by=("network", "formula"), worker=WORKERS
        ),
        front=rules.distil.output.front,
        formula=rules.distil.output.formula,
        inputs=rules.describe.output,
        formula_inputs=rules.formula_inputs.output,
    output:
        table=f"{RESULTS}/validation.csv",
        own=f"{RESULTS}/validation/formula.csv",
        front=f"{RESULTS}/validation/front.csv",
        verdict=f"{RESULTS}/validation/verdict.json",
    log:
        f"{RESULTS}/logs/validate.log",
    benchmark:
        f"{RESULTS}/benchmarks/validate.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        settings=settings("seed", "sampling.workers"),
        source=digest("validate"),
    shell:
        "mechanist validate --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
