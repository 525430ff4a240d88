# First paths, then shots in rounds.
SYSTEM_FILES = {
    "system": f"{RESULTS}/system/system.xml",
    "dynamics": f"{RESULTS}/system/dynamics.json",
}
TOPOLOGY = f"{RESULTS}/system/topology.pdb"
GPUS = int(on_gpu())


# What must be quick with thousands of workers. Snakemake compares each input of a job with all
# inputs of the job that makes it. So only these two jobs, which have one reader or two, name the
# files of all workers. Nobody names files of earlier rounds: shots depend on the model of the round
# before, and that on the shots that it has learned from.
localrules:
    shots_done,
    runs_done,


rule initial:
    input:
        **SYSTEM_FILES,
        topology=TOPOLOGY,
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
        # Not of trajectory, which may say how many frames are stored, but changes no shot.
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
    # Finished as soon as the slowest shot of the round.
    priority: 10
    conda:
        "../../envs/mechanist.yaml"
