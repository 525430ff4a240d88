# The committor model of each round, and the test for convergence.
rule learn:
    input:
        shots=rules.shots_done.output,
        inputs=rules.describe.output,
        dynamics=rules.prepare.output.dynamics,
        warm=WARM,
    output:
        model=f"{RESULTS}/rounds/{{round}}/model.safetensors",
        card=f"{RESULTS}/rounds/{{round}}/model.json",
        crossfit=f"{RESULTS}/rounds/{{round}}/crossfit.safetensors",
        crossfit_card=f"{RESULTS}/rounds/{{round}}/crossfit.json",
        record=f"{RESULTS}/rounds/{{round}}/training.json",
    log:
        f"{RESULTS}/logs/learn_{{round}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/learn_{{round}}.tsv"
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        results=results_folder,
        settings=settings("seed", "sampling.workers", "learn", *STARTED),
        source=digest("learn"),
    shell:
        # One thread: more gain little with networks this small, and the order of sums, and with it the
        # last digits, must not depend on --cores.
        "mechanist learn --round {wildcards.round} --threads 1"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


checkpoint assess:
    input:
        shots=rules.shots_done.output,
        models=models_about,
        inputs=rules.describe.output,
        dynamics=rules.prepare.output.dynamics,
    output:
        assessment=f"{RESULTS}/rounds/{{round}}/assessment.json",
        manifest=f"{RESULTS}/rounds/{{round}}/manifest.json",
    log:
        f"{RESULTS}/logs/assess_{{round}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/assess_{{round}}.tsv"
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        settings=settings(
            "sampling.workers",
            *PLANNED,
            "learn.held_out_every",
            "convergence",
        ),
        source=digest("assess"),
        setup=setup(),
    shell:
        "mechanist assess --round {wildcards.round} --setup {params.setup}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
