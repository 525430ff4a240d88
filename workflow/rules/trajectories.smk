# Tables of the learned trajectory models; asked for by name: snakemake --cores 2 trajectory_models
MODELS = "results/trajectory_models"
MOTIONS = [f"{number:03d}" for number in range(SETTINGS.trajectory.seeds)]
# These tables are no input of a run, nor is a run an input of theirs: they describe it if it is
# finished. The hash of its files is a parameter.
RUN = Path(f"{RESULTS}/manifest.json")
RUN_NAME = Path(RESULTS).name
RUN_HASH = hashlib.sha256(RUN.read_bytes()).hexdigest() if RUN.is_file() else None
# The system that OpenMM moves for table T2; it is read only where that table is asked for.
MOVED = HOME / "systems" / "alanine_dipeptide"
# Python finds benchmarks/ beside the Snakefile, whatever the working directory is.
STEP = (
    f"PYTHONPATH={shlex.quote(str(HOME))}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"
    " python -m benchmarks.trajectory"
)


rule trajectory_data:
    output:
        f"{MODELS}/data/{{molecule}}_{{motion}}.npz",
    log:
        f"{MODELS}/logs/data_{{molecule}}_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/data_{{molecule}}_{{motion}}.tsv"
    wildcard_constraints:
        molecule="[a-z]+",
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        settings=settings("seed", "trajectory.size", "trajectory.temperature"),
        source=digest_of_script("benchmarks.trajectory.data", HOME),
    shell:
        f"{STEP}.data --molecule {{wildcards.molecule}} --number {{wildcards.motion}}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_learn:
    input:
        rules.trajectory_data.output,
    output:
        errors=f"{MODELS}/errors/{{molecule}}_{{motion}}.json",
        model=f"{MODELS}/models/{{molecule}}_{{motion}}.safetensors",
        card=f"{MODELS}/models/{{molecule}}_{{motion}}.json",
    log:
        f"{MODELS}/logs/learn_{{molecule}}_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/learn_{{molecule}}_{{motion}}.tsv"
    wildcard_constraints:
        molecule="[a-z]+",
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        settings=settings("seed", "trajectory.size"),
        source=digest_of_script("benchmarks.trajectory.learn", HOME),
    shell:
        f"{STEP}.learn --molecule {{wildcards.molecule}} --number {{wildcards.motion}}"
        " --threads {threads}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_openmm:
    input:
        yaml=str(MOVED / "system.yaml"),
        files=lambda wildcards: list(map(str, source_files(load_system(MOVED), MOVED))),
    output:
        f"{MODELS}/errors/openmm_alanine_dipeptide_{{motion}}.json",
    log:
        f"{MODELS}/logs/openmm_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/openmm_{{motion}}.tsv"
    wildcard_constraints:
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        settings=settings("seed", "trajectory.size"),
        system=lambda wildcards, input: str(Path(input.yaml).parent),
        source=digest_of_script("benchmarks.trajectory.openmm", HOME),
    shell:
        f"{STEP}.openmm --number {{wildcards.motion}} --system {{params.system:q}}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_robustness:
    input:
        rules.trajectory_data.output,
        rules.trajectory_learn.output.model,
        rules.trajectory_learn.output.card,
    output:
        f"{MODELS}/errors/robustness_{{molecule}}_{{motion}}.json",
    log:
        f"{MODELS}/logs/robustness_{{molecule}}_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/robustness_{{molecule}}_{{motion}}.tsv"
    wildcard_constraints:
        molecule="[a-z]+",
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        settings=settings("seed", "trajectory.size"),
        source=digest_of_script("benchmarks.trajectory.robustness", HOME),
    shell:
        f"{STEP}.robustness --molecule {{wildcards.molecule}}"
        " --number {wildcards.motion} --threads {threads}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_propagate:
    input:
        rules.trajectory_data.output,
        rules.trajectory_learn.output.model,
        rules.trajectory_learn.output.card,
    output:
        f"{MODELS}/errors/propagator_{{molecule}}_{{motion}}.json",
    log:
        f"{MODELS}/logs/propagate_{{molecule}}_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/propagate_{{molecule}}_{{motion}}.tsv"
    wildcard_constraints:
        molecule="[a-z]+",
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        settings=settings("seed", "trajectory.size"),
        source=digest_of_script("benchmarks.trajectory.propagate", HOME),
    shell:
        f"{STEP}.propagate --molecule {{wildcards.molecule}}"
        " --number {wildcards.motion} --threads {threads}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_attribute:
    output:
        f"{MODELS}/errors/attribution.json",
    log:
        f"{MODELS}/logs/attribute.log",
    benchmark:
        f"{MODELS}/benchmarks/attribute.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        settings=settings("seed", "trajectory.size", "trajectory.temperature"),
        source=digest_of_script("benchmarks.trajectory.attribute", HOME),
    shell:
        f"{STEP}.attribute --threads {{threads}}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_forecast:
    input:
        rules.trajectory_data.output,
        rules.trajectory_learn.output.model,
        rules.trajectory_learn.output.card,
    output:
        f"{MODELS}/forecasts/{{molecule}}_{{motion}}.json",
    log:
        f"{MODELS}/logs/forecast_{{molecule}}_{{motion}}.log",
    benchmark:
        f"{MODELS}/benchmarks/forecast_{{molecule}}_{{motion}}.tsv"
    wildcard_constraints:
        molecule="[a-z]+",
        motion=r"\d{3}",
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    resources:
        gpu=GPUS,
    params:
        settings=settings("seed", "trajectory.size"),
        source=digest_of_script("benchmarks.trajectory.forecast", HOME),
    shell:
        f"{STEP}.forecast --molecule {{wildcards.molecule}}"
        " --number {wildcards.motion} --threads {threads}"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_paths:
    output:
        f"{MODELS}/paths/{RUN_NAME}.json",
    log:
        f"{MODELS}/logs/paths_{RUN_NAME}.log",
    benchmark:
        f"{MODELS}/benchmarks/paths_{RUN_NAME}.tsv"
    conda:
        "../../envs/mechanist.yaml"
    threads: 1
    params:
        run=RUN_HASH,
        source=digest_of_script("benchmarks.trajectory.paths", HOME),
    shell:
        f"{STEP}.paths --run {RESULTS} --config '{{{{}}}}' --results {MODELS} 2>&1 | tee {{log}}"


rule trajectory_models:
    input:
        expand(
            rules.trajectory_learn.output.errors,
            molecule=SETTINGS.trajectory.molecules,
            motion=MOTIONS,
        ),
        expand(
            rules.trajectory_propagate.output,
            molecule=SETTINGS.trajectory.molecules,
            motion=MOTIONS,
        ),
        expand(
            rules.trajectory_robustness.output,
            molecule=SETTINGS.trajectory.molecules,
            motion=MOTIONS,
        ),
        expand(rules.trajectory_openmm.output, motion=MOTIONS),
        rules.trajectory_attribute.output,
        expand(
            rules.trajectory_forecast.output,
            molecule=SETTINGS.trajectory.molecules,
            motion=MOTIONS,
        ),
        rules.trajectory_paths.output if RUN_HASH else [],
    output:
        tables=f"{MODELS}/tables.json",
        text=f"{MODELS}/tables.md",
        page=f"{MODELS}/report.html",
        figures=expand(
            f"{MODELS}/{{molecule}}.png", molecule=SETTINGS.trajectory.molecules
        ),
        forecasts=expand(
            f"{MODELS}/{{molecule}}_forecast.png",
            molecule=SETTINGS.trajectory.molecules,
        ),
        propagators=expand(
            f"{MODELS}/{{molecule}}_propagator.png",
            molecule=SETTINGS.trajectory.molecules,
        ),
    log:
        f"{MODELS}/logs/tables.log",
    benchmark:
        f"{MODELS}/benchmarks/tables.tsv"
    conda:
        "../../envs/mechanist.yaml"
    params:
        settings=settings("seed", "trajectory"),
        source=digest_of_script("benchmarks.trajectory.tables", HOME),
    shell:
        f"{STEP}.tables"
        f" --config {{params.settings:q}} --results {MODELS} 2>&1 | tee {{log}}"
