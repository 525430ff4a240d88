# Relevance of the inputs, and the formula.
rule relevance:
    input:
        model=last_model,
        inputs=rules.describe.output,
    output:
        f"{RESULTS}/relevance.csv",
    log:
        f"{RESULTS}/logs/relevance.log",
    benchmark:
        f"{RESULTS}/benchmarks/relevance.tsv"
    # Early, because distil waits for it while shots for the rates run.
    priority: 5
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.model),
        settings=settings("seed", "sampling.workers", "learn"),
        source=digest("relevance"),
    shell:
        "mechanist relevance --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule distil:
    input:
        model=last_model,
        relevance=rules.relevance.output,
        inputs=rules.describe.output,
        formula_inputs=rules.formula_inputs.output,
    output:
        front=f"{RESULTS}/formulas.csv",
        formula=f"{RESULTS}/formula.json",
        python=f"{RESULTS}/formula.py",
        plumed=f"{RESULTS}/formula.plumed",
        openmm=f"{RESULTS}/formula_openmm.xml",
    log:
        f"{RESULTS}/logs/distil.log",
    benchmark:
        f"{RESULTS}/benchmarks/distil.tsv"
    priority: 5
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.model),
        # Formulas in the descriptors that system.yaml names are preferred.
        named=list(SYSTEM.descriptors),
        settings=settings(
            "seed",
            "sampling.workers",
            "learn.held_out_every",
            "formula",
            system=str(SYSTEM_FOLDER),
        ),
        source=digest("distil"),
    shell:
        "mechanist distil --last {params.last} --threads 1"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
