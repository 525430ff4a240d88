# First paths, then shots in rounds.
SYSTEM_FILES = {
    "system": f"{RESULTS}/system/system.xml",
    "dynamics": f"{RESULTS}/system/dynamics.json",
    "topology": f"{RESULTS}/system/topology.pdb",
}
GPUS = int(on_gpu())


rule initial:
    input:
        **SYSTEM_FILES,
        path=[SETTINGS.initial.path] if SETTINGS.initial.path else [],
    output:
        paths=f"{RESULTS}/initial/paths.trr",
        index=f"{RESULTS}/initial/paths.parquet",
        report=f"{RESULTS}/initial/initial.json",
    log:
        f"{RESULTS}/logs/initial.log",
    benchmark:
        f"{RESULTS}/benchmarks/initial.tsv"
    conda:
        "../../envs/mechanist.yaml"
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings("seed", "initial", "engine"),
        source=digest("initial", "sampling"),
    shell:
        "mechanist initial --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule shoot:
    input:
        unpack(shoot_input),
        **SYSTEM_FILES,
    output:
        [
            f"{RESULTS}/rounds/{{round}}/worker_{{worker}}/{name}"
            for name in WORKER_FILES
        ],
    log:
        f"{RESULTS}/logs/shoot_{{round}}_{{worker}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/shoot_{{round}}_{{worker}}.tsv"
    # The rounds come first: only one thing in them can be done at a time.
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings("seed", "engine", *SHOOTING),
        source=digest("shoot", "sampling"),
    shell:
        "mechanist shoot --round {wildcards.round} --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
