# The system, and the inputs of networks and formulas.
rule prepare:
    input:
        system_files(),
    output:
        system=f"{RESULTS}/system/system.xml",
        topology=f"{RESULTS}/system/topology.pdb",
        dynamics=f"{RESULTS}/system/dynamics.json",
    log:
        f"{RESULTS}/logs/prepare.log",
    benchmark:
        f"{RESULTS}/benchmarks/prepare.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        system=system_part(
            "name",
            "molecule",
            "potential",
            "dynamics",
            "states",
            "equivalent",
            descriptors=state_descriptors(),
        ),
        forces=force_law(),
        settings=prepare_settings(),
        source=digest("prepare"),
    shell:
        "mechanist prepare --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


rule describe:
    input:
        system_files(),
        # The box found with a barostat.
        rules.prepare.output.system if SYSTEM.dynamics.pressure else [],
    output:
        f"{RESULTS}/system/inputs.json",
    log:
        f"{RESULTS}/logs/describe.log",
    benchmark:
        f"{RESULTS}/benchmarks/describe.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        system=system_part("molecule", "potential", "equivalent", "inputs"),
        settings=json.dumps({"system": str(SYSTEM_FOLDER)}),
        source=digest("describe"),
    shell:
        "mechanist describe --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"


# Further descriptors for formulas; a change reruns the formula only.
rule formula_inputs:
    input:
        system_files(),
        rules.prepare.output.system if SYSTEM.dynamics.pressure else [],
    output:
        f"{RESULTS}/system/formula_inputs.json",
    log:
        f"{RESULTS}/logs/formula_inputs.log",
    benchmark:
        f"{RESULTS}/benchmarks/formula-inputs.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        results=results_folder,
        system=system_part("molecule", "potential", "equivalent", "formula_inputs"),
        settings=json.dumps({"system": str(SYSTEM_FOLDER)}),
        source=digest("formula_inputs"),
    shell:
        "mechanist formula-inputs"
        " --config {params.settings:q} --results {params.results:q} 2>&1 | tee {log}"
