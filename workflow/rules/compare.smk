# Guided against uniform selection, by request only: snakemake --cores 32 compare
PAIRS = [f"{number:03d}" for number in range(SETTINGS.compare.seeds)]
COMPARE = f"{RESULTS}/compare"
COMPARED = [
    "seed",
    "initial",
    "engine",
    "learn",
    "compare.rounds",
    "compare.steps",
    *(key for key in SHOOTING if key != "sampling.selection"),
]


rule compare_pair:
    input:
        system_files(),
        path=[SETTINGS.initial.path] if SETTINGS.initial.path else [],
    output:
        shots=f"{COMPARE}/seed_{{pair}}/shots.parquet",
        record=f"{COMPARE}/seed_{{pair}}/pair.json",
    log:
        f"{COMPARE}/logs/pair_{{pair}}.log",
    benchmark:
        f"{COMPARE}/benchmarks/pair_{{pair}}.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        results=results_folder,
        system=json.dumps(SYSTEM.model_dump(mode="json")),
        settings=settings(*COMPARED, system=str(SYSTEM_FOLDER)),
        source=digest("compare_pair"),
    shell:
        "mechanist compare-pair --pair {wildcards.pair}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule compare:
    input:
        shots=expand(rules.compare_pair.output.shots, pair=PAIRS),
        records=expand(rules.compare_pair.output.record, pair=PAIRS),
    output:
        table=f"{COMPARE}/compare.csv",
        numbers=f"{COMPARE}/compare.json",
        text=f"{COMPARE}/compare.md",
        figure=f"{COMPARE}/compare.png",
        page=f"{COMPARE}/compare.html",
    log:
        f"{COMPARE}/logs/compare.log",
    benchmark:
        f"{COMPARE}/benchmarks/compare.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        settings=settings(*COMPARED, "compare.seeds", system=str(SYSTEM_FOLDER)),
        source=digest("compare"),
    shell:
        "mechanist compare"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
