# All results in one place, the report, and the manifest.
rule collect:
    input:
        model=last_model,
        inputs=rules.describe.output,
        dynamics=rules.prepare.output.dynamics,
        topology=TOPOLOGY,
    output:
        shots=f"{RESULTS}/shots.parquet",
        paths=f"{RESULTS}/paths/paths.trr",
        index=f"{RESULTS}/paths/paths.parquet",
        topology=f"{RESULTS}/paths/topology.pdb",
        model=f"{RESULTS}/committor/model.safetensors",
        card=f"{RESULTS}/committor/model.json",
        network=f"{RESULTS}/committor/network.py",
        network_inputs=f"{RESULTS}/committor/inputs.json",
        plumed=f"{RESULTS}/committor/network.plumed",
    log:
        f"{RESULTS}/logs/collect.log",
    benchmark:
        f"{RESULTS}/benchmarks/collect.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.model),
        settings=settings("sampling.workers"),
        source=digest("collect"),
    shell:
        "mechanist collect --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule report:
    input:
        collected=rules.collect.output,
        last=last_assessment,
        assessments=assessments,
        relevance=if_derived("relevance"),
        formulas=if_derived("distil"),
        validation=if_derived("validate"),
        kinetics=if_derived("kinetics") if SETTINGS.kinetics.rates else [],
        initial=rules.initial.output.report,
        inputs=rules.describe.output,
        topology=TOPOLOGY,
    output:
        page=f"{RESULTS}/report.html",
        summary=f"{RESULTS}/summary.json",
        text=f"{RESULTS}/summary.md",
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        last=lambda wildcards, input: round_of(input.last),
        # The folder and not its name: the summary has the hashes of its files.
        settings=settings(
            *(key for key in PLAIN if key not in ("compare", "results")),
            system=str(SYSTEM_FOLDER),
        ),
        source=digest("report"),
    shell:
        "mechanist report --last {params.last}"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


# Hashes of all files, for `mechanist verify`; after the report, which depends on everything else.
rule seal:
    input:
        report=rules.report.output,
        assessments=assessments,
    output:
        f"{RESULTS}/manifest.json",
    log:
        f"{RESULTS}/logs/seal.log",
    benchmark:
        f"{RESULTS}/benchmarks/seal.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        settings=settings(system=str(SYSTEM_FOLDER)),
        source=digest("seal"),
    shell:
        "mechanist seal --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
