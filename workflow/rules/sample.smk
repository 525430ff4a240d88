# First paths, then shots in rounds.
SYSTEM_FILES = {
    "system": f"{RESULTS}/system/system.xml",
    "dynamics": f"{RESULTS}/system/dynamics.json",
}
TOPOLOGY = f"{RESULTS}/system/topology.pdb"
GPUS = int(on_gpu())


# For speed with thousands of workers: Snakemake compares each input of a job with all inputs of the
# job that makes it. Only these two jobs, with one or two dependants, list the files of all workers.
# No job lists files of earlier rounds: shots depend on the model of the round before, which depends
# on its training shots.
localrules:
    shots_done,
    runs_done,


rule initial:
    input:
        **SYSTEM_FILES,
        topology=TOPOLOGY,
        path=[SETTINGS.initial.path] if SETTINGS.initial.path else [],
        inputs=rules.describe.output if WARM else [],
    output:
        paths=f"{RESULTS}/initial/paths.trr",
        index=f"{RESULTS}/initial/paths.parquet",
        report=f"{RESULTS}/initial/initial.json",
        warm=WARM,
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
        settings=settings("seed", "initial", "engine", *STARTED),
        source=digest("initial"),
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
    # Rounds come first: they are the sequential part of the workflow.
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        settings=settings("seed", "engine", *SHOOTING, *STARTED),
        # Without trajectory, which may set the stride of stored frames but changes no shot.
        source=digest("shoot", "trajectory"),
    shell:
        "mechanist shoot --round {wildcards.round} --worker {wildcards.worker}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule shots_done:
    input:
        round_shots,
    output:
        touch(f"{RESULTS}/rounds/{{round}}/shots.done"),
    log:
        f"{RESULTS}/logs/shots_done_{{round}}.log",
    # Needed as soon as the slowest job of the round has ended.
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
