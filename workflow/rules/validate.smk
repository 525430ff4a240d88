# Fresh committor shots test the network and the formula.
rule points:
    input:
        shots=last_shots,
        model=last_model,
        inputs=rules.describe.output,
    output:
        points=f"{RESULTS}/validation/points.trr",
        predictions=f"{RESULTS}/validation/predictions.json",
    log:
        f"{RESULTS}/logs/points.log",
    benchmark:
        f"{RESULTS}/benchmarks/points.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.model),
        settings=settings(
            "seed", "sampling.workers", "learn.held_out_every", "validation.points"
        ),
        source=digest("validate", "analysis"),
    shell:
        "mechanist points --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule committor_shots:
    input:
        **SYSTEM_FILES,
        points=rules.points.output.points,
    output:
        f"{RESULTS}/validation/shots_{{worker}}.parquet",
    log:
        f"{RESULTS}/logs/committor_shots_{{worker}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/committor-shots_{{worker}}.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings("seed", "engine", "sampling.workers", "validation.shots"),
        source=digest("validate", "sampling"),
    shell:
        "mechanist committor-shots --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule validate:
    input:
        points=rules.points.output,
        shots=expand(rules.committor_shots.output, worker=WORKERS),
        formula=rules.distil.output.formula,
        inputs=rules.describe.output,
    output:
        table=f"{RESULTS}/validation.csv",
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
        source=digest("validate", "analysis", "formula"),
    shell:
        "mechanist validate --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
