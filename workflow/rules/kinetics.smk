# Rates and free energies: runs in both states, and excursions between them.


# Needs no model, so it uses cores that the rounds leave idle. Nor do its runs depend on the inputs,
# whose values are stored beside frames if they are known by then, and computed from frames otherwise.
rule equilibrium:
    input:
        **SYSTEM_FILES,
        paths=rules.initial.output.paths,
        index=rules.initial.output.index,
    output:
        kinetics_files("{worker}", RUN_FILES),
    log:
        f"{RESULTS}/logs/equilibrium_{{worker}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/equilibrium_{{worker}}.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings(
            "seed",
            "engine",
            "sampling.workers",
            "kinetics.runs",
            "kinetics.run_frames",
            "kinetics.run_frames_max",
            "kinetics.relax",
        ),
        source=digest("equilibrium"),
    shell:
        "mechanist equilibrium --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule runs_done:
    input:
        all_kinetics_files(RUN_FILES),
    output:
        touch(f"{RESULTS}/kinetics/runs.done"),
    log:
        f"{RESULTS}/logs/runs_done.log",
    conda:
        "../../envs/mechanist.yaml"


rule windows:
    input:
        shots=last_model,
        runs=rules.runs_done.output,
        last=last_assessment,
        inputs=rules.describe.output,
    output:
        windows=f"{RESULTS}/kinetics/windows.json",
        model=f"{RESULTS}/kinetics/model.safetensors",
        card=f"{RESULTS}/kinetics/model.json",
    log:
        f"{RESULTS}/logs/windows.log",
    benchmark:
        f"{RESULTS}/benchmarks/windows.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.last),
        settings=settings("seed", "sampling.workers", "kinetics.windows", *TRAINING),
        source=digest("windows"),
    shell:
        "mechanist windows --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule excursions:
    input:
        **SYSTEM_FILES,
        # It depends on all shots and runs; listing them in each job would give millions of files.
        windows=rules.windows.output,
    output:
        kinetics_files("{worker}", EXCURSION_FILES),
    log:
        f"{RESULTS}/logs/excursions_{{worker}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/excursions_{{worker}}.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings(
            "seed",
            "engine",
            "sampling.workers",
            "sampling.chains",
            "kinetics.shots",
            "kinetics.relax",
        ),
        source=digest("excursions"),
    shell:
        "mechanist excursions --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule kinetics:
    input:
        **SYSTEM_FILES,
        paths=last_model,
        runs=rules.runs_done.output,
        excursions=all_kinetics_files(EXCURSION_FILES),
        windows=rules.windows.output,
        inputs=rules.describe.output,
        last=last_assessment,
    output:
        rates=f"{RESULTS}/kinetics.json",
        channels=f"{RESULTS}/channels.json",
        profile=f"{RESULTS}/kinetics/free_energy.csv",
        frames=f"{RESULTS}/kinetics/frames.trr",
        weights=f"{RESULTS}/kinetics/frames.parquet",
    log:
        f"{RESULTS}/logs/kinetics.log",
    benchmark:
        f"{RESULTS}/benchmarks/kinetics.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.last),
        settings=settings("seed", "sampling.workers", "kinetics"),
        source=digest("kinetics"),
    shell:
        "mechanist kinetics --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
