# Settings, paths of files, and the search for the last round.
import hashlib
import json
import shlex
import sys
import time
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from mechanist.systems.forces.platforms import platform_names
from mechanist.engine.hardware import GPU_PLATFORMS, gpu_device
from mechanist.errors import MechanistError
from mechanist.formula.search.engines import require
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.journal import process_age
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.session import (
    refuse_no_earlier_run,
    refuse_other_seed,
    refuse_other_system,
)
from mechanist.settings.config import Config
from mechanist.settings.load import find_system, load_system, validate
from mechanist.settings.sizes import open_sizes
from mechanist.bookkeeping.sources import digest, digest_of_script
from mechanist.systems.build.source_files import source_files
from mechanist.systems.forces.law_spec import law_spec

# Not workflow.basedir, as the Snakefile of a project may include these files.
HOME = Path(str(workflow.current_basedir)).parents[1]

try:
    SETTINGS = validate(Config, dict(config), "config.yaml")
    SYSTEM_FOLDER = find_system(SETTINGS.system, Path.cwd(), HOME)
    SYSTEM = load_system(SYSTEM_FOLDER)
    require(SETTINGS.formula.backend)
except MechanistError as error:
    raise WorkflowError(str(error))

# Batch systems send SIGTERM to every process of a job. The shell must survive until the stage has
# written its checkpoint, or the rest of the job is killed at once; tee, until the stage has ended.
shell.prefix(
    "set -euo pipefail; trap : TERM;"
    ' tee() {{ (trap "" TERM INT; exec tee "$@"); }}; '
)

RESULTS = str(SETTINGS.folder)
try:
    refuse_other_system(Layout(Path(RESULTS)), SYSTEM_FOLDER)
    refuse_other_seed(Layout(Path(RESULTS)), SETTINGS.seed)
    refuse_no_earlier_run(SETTINGS.warm_folder)
except MechanistError as error:
    raise WorkflowError(str(error))
WORKERS = [f"{worker:03d}" for worker in range(SETTINGS.sampling.workers)]
PLAIN = SETTINGS.model_dump(mode="json")
if SYSTEM.molecule and SYSTEM.molecule.forces:
    # Jobs choose these by the time of a step under the force law.
    for section, key in open_sizes(SETTINGS):
        del PLAIN[section][key]
# Settings that affect shots; without rounds_max, so that a larger budget reruns nothing.
SHOOTING = [f"sampling.{key}" for key in PLAIN["sampling"] if key != "rounds_max"]
if SETTINGS.sampling.early_stop:
    # Held-out chains are never stopped.
    SHOOTING.append("learn.held_out_every")
# Settings that say how many shots there will be.
PLANNED = [
    f"sampling.{key}" for key in ("first_round", "growth", "round_max", "rounds_max")
]
WORKER_FILES = [
    "shots.parquet",
    "points.trr",
    "paths.trr",
    "paths.parquet",
    "too_long.trr",
    "too_long.parquet",
]
STORE = SETTINGS.sampling.store
# If paths are thinned, the last one of each chain is stored in full as well.
if STORE.every > 1 or STORE.waters != "all":
    WORKER_FILES += ["current.trr", "current.parquet"]
RUN_FILES = [
    "runs.json",
    "runs.parquet",
    "run_excursions.trr",
    "run_excursions.parquet",
    "states.trr",
    "states.parquet",
]
# Model of a run under a cheaper force law to start from, and the setting that names it.
STARTED = ["warm_start"] if SETTINGS.warm_start else []
WARM = [
    f"{RESULTS}/warm_start/model.{kind}" for kind in ("safetensors", "json") if STARTED
]
# Settings of the networks and their training.
TRAINING = [
    "learn.hidden",
    "learn.steps",
    "learn.epochs_max",
    "learn.batch",
    "learn.learning_rate",
    "learn.weight_decay",
]
# Stages of the rounds.
ROUND_STAGES = ("prepare", "describe", "initial", "shoot", "learn", "assess")
EXCURSION_FILES = ["excursions.trr", "excursions.parquet"]


wildcard_constraints:
    round=r"\d{3}",
    worker=r"\d{3,5}",
    pair=r"\d{3}",


def on_gpu():
    """Whether jobs that move coordinates use a GPU: they share the resource ``gpu``."""
    wanted = SETTINGS.engine.platform
    if wanted == "auto":
        return gpu_device() and any(name in GPU_PLATFORMS for name in platform_names())
    return wanted in GPU_PLATFORMS


def end_if_incomplete():
    """End with exit code 3 if the summary says that the run is incomplete."""
    file = Layout(Path(RESULTS)).summary
    summary = read_json(file) if file.is_file() else {}
    missing = summary.get("incomplete", [])
    if missing:
        if summary.get("ended_early"):
            print(summary["reason"], file=sys.stderr)
        print("incomplete:", "; ".join(missing), file=sys.stderr)
        sys.exit(3)


def write_session():
    """Record the start of this run of the workflow, and its cores."""
    write_json(
        Layout(Path(RESULTS)).session,
        {
            "since": time.time() - process_age(),
            # Unknown on a cluster.
            "cores": workflow.resource_settings.cores or 0,
            "system": str(SYSTEM_FOLDER.resolve()),
            "seed": SETTINGS.seed,
        },
    )


def settings(*keys, **others):
    """JSON of the settings with these dotted keys: a rule reruns when one of its own changes."""
    chosen = {}
    for key in keys:
        section, _, name = key.partition(".")
        if name:
            own = chosen.setdefault(section, {})
            if name in PLAIN[section]:
                own[name] = PLAIN[section][name]
        else:
            chosen[section] = PLAIN[section]
    return json.dumps(chosen | others)


def system_files():
    """Files beside system.yaml from which the system is built."""
    return [str(file) for file in source_files(SYSTEM, SYSTEM_FOLDER)]


def force_law():
    """Hash of the force law with the versions of the packages that compute it, or no text."""
    forces = SYSTEM.molecule and SYSTEM.molecule.forces
    if not forces:
        return ""
    try:
        return law_spec(forces, (), SYSTEM_FOLDER).identity
    except MechanistError as error:
        raise WorkflowError(str(error))


def prepare_settings():
    """Settings of the stage prepare; it draws random numbers only with a barostat."""
    chosen = {"system": str(SYSTEM_FOLDER)}
    if SYSTEM.dynamics.pressure is not None:
        chosen["seed"] = SETTINGS.seed
    return json.dumps(chosen)


def system_part(*parts, descriptors=None):
    """JSON of parts of system.yaml, with the named descriptors only."""
    plain = SYSTEM.model_dump(mode="json")
    chosen = {part: plain[part] for part in parts}
    names = plain["descriptors"] if descriptors is None else descriptors
    chosen["descriptors"] = {name: plain["descriptors"].get(name) for name in names}
    return json.dumps(chosen)


def state_descriptors():
    """Names of the descriptors that define the states."""
    names = set()
    for state in (SYSTEM.states.A, SYSTEM.states.B):
        names |= {name for box in state.boxes for name in box}
        names |= set(state.disc.centre) if state.disc else set()
    return sorted(names)


def round_folder(number):
    """Folder of a round."""
    return f"{RESULTS}/rounds/{int(number):03d}"


def worker_files(number, worker):
    """Files of one shooting job."""
    return [f"{round_folder(number)}/worker_{worker}/{name}" for name in WORKER_FILES]


def kinetics_files(worker, names):
    """Files of one job for the rates."""
    return [f"{RESULTS}/kinetics/worker_{worker}/{name}" for name in names]


def all_kinetics_files(names):
    """Files of all jobs for the rates."""
    return [file for worker in WORKERS for file in kinetics_files(worker, names)]


def round_shots(wildcards):
    """Files of all shooting jobs of a round."""
    return [
        file for worker in WORKERS for file in worker_files(wildcards.round, worker)
    ]


@cache
def setup():
    """Hash of everything that the rounds depend on: settings, system with its files, package."""
    own = settings(
        "seed",
        "initial",
        "engine",
        "learn",
        "convergence",
        "sampling.rounds_max",
        *SHOOTING,
        *STARTED,
    )
    total = hashlib.sha256(own.encode())
    total.update(json.dumps(SYSTEM.model_dump(mode="json")).encode())
    for file in system_files():
        total.update(Path(file).read_bytes())
    for stage in ROUND_STAGES:
        total.update(digest(stage, "trajectory").encode())
    return total.hexdigest()[:16]


def first_open_round():
    """Number of the first round that may be the last one.

    Each round requested makes Snakemake evaluate all jobs again. Rounds that have not converged
    with the same settings and package are therefore skipped; their files are checked where they are
    inputs.
    """
    for number in range(SETTINGS.sampling.rounds_max - 1):
        try:
            assessment = json.loads(
                Path(f"{round_folder(number)}/assessment.json").read_text()
            )
        except (OSError, ValueError):
            return number
        same = isinstance(assessment, dict) and assessment.get("setup") == setup()
        if not same or assessment.get("converged") is not False:
            return number
        if assessment.get("ended"):
            return number
    return SETTINGS.sampling.rounds_max - 1


def last_round(wildcards):
    """Number of the first round that ended the run, or of the last one within the budget."""
    number = 0
    for number in range(first_open_round(), SETTINGS.sampling.rounds_max):
        with checkpoints.assess.get(
            round=f"{number:03d}"
        ).output.assessment.open() as handle:
            assessment = json.load(handle)
            if assessment["converged"] or assessment.get("ended"):
                break
    return number


def if_derived(name):
    """Input function: the results of a rule, or none if an intermediate state has ended the run."""

    def files(wildcards):
        with open(last_assessment(wildcards)) as handle:
            nothing = json.load(handle).get("sampling_only")
        return [] if nothing else list(getattr(rules, name).output)

    return files


def last_assessment(wildcards):
    """Assessment of the last round."""
    return f"{round_folder(last_round(wildcards))}/assessment.json"


def last_model(wildcards):
    """Model of the last round; it represents all shots, since it depends on them."""
    return f"{round_folder(last_round(wildcards))}/model.safetensors"


def results_folder(wildcards, output):
    """Folder of the run that an output file belongs to."""
    own = Path(RESULTS).parts
    return next(
        str(folder)
        for folder in Path(output[0]).parents
        if folder.parts[-len(own) :] == own
    )


def round_of(file):
    """Number of the round that a file belongs to."""
    return int(Path(file).parent.name)


def shoot_input(wildcards):
    """First paths for round 0; later the paths and the model of the round before."""
    number = int(wildcards.round)
    # To find the waters; too few of them for a descriptor in use are refused.
    waters = {} if STORE.waters == "all" else {"topology": TOPOLOGY}
    if number == 0:
        files = {
            "paths": rules.initial.output.paths,
            "index": rules.initial.output.index,
            "families": rules.initial.output.report,
            "warm": WARM,
        }
        needed = waters or WARM
        return files | waters | ({"inputs": rules.describe.output} if needed else {})
    return waters | {
        # One file of the worker represents all: the model depends on all files of all workers,
        # and with 20,000 jobs each further name adds seconds of planning.
        "before": f"{round_folder(number - 1)}/worker_{wildcards.worker}/paths.parquet",
        "model": f"{round_folder(number - 1)}/model.safetensors",
        "card": f"{round_folder(number - 1)}/model.json",
        "inputs": rules.describe.output,
    }


def points_formula(wildcards):
    """The formula, if it chooses the points."""
    if wildcards.by == "network":
        return []
    return [rules.distil.output.formula, *rules.formula_inputs.output]


def points_settings(wildcards):
    """Settings of the points chosen by the network or by the formula."""
    own = ("validation.formula_points", "validation.surface_points")
    numbers = own if wildcards.by == "formula" else ("validation.points",)
    return settings("seed", "sampling.workers", "learn.held_out_every", *numbers)


def models_about(wildcards):
    """Models of a round and of the one before."""
    number = int(wildcards.round)
    return [
        f"{round_folder(n)}/model.safetensors" for n in (number - 1, number) if n >= 0
    ]


def assessments(wildcards):
    """Assessments of all rounds up to the last one."""
    rounds = range(last_round(wildcards) + 1)
    return [f"{round_folder(number)}/assessment.json" for number in rounds]
