"""Stage ``check``: build a system, try it, and report what would go wrong in a run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mechanist.analysis.examination.examination import Examination, examine
from mechanist.analysis.examination.verdicts import long_run
from mechanist.errors import MechanistError, SystemBuildError
from mechanist.report.check_table import table
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, read_yaml, system_folder, validate
from mechanist.settings.run import refuse_few_chains
from mechanist.settings.sizes import sizes_line
from mechanist.settings.system import DynamicsSettings
from mechanist.systems.build.sanity import ERROR, Finding
from mechanist.systems.forces.platforms import platform_names
from mechanist.systems.forces.step_time import step_seconds


def check(
    name: str, steps: int, log: Callable[[str], None], platform: str | None = None
) -> tuple[str, bool]:
    """Text of the examination of a system, and whether no error was found.

    Parameters
    ----------
    name
        Of a folder below systems/, or its path.
    steps
        MD steps to try.
    log
        Called with progress.
    platform
        Of OpenMM, to be tried; None: the fastest.

    Raises
    ------
    SystemBuildError
        If there is no such platform.
    """
    if platform is not None and platform not in platform_names():
        there = ", ".join(platform_names())
        raise SystemBuildError("check", f"--platform: {platform!r}: available: {there}")
    folder = system_folder(name)
    try:
        settings = load_system(folder)
        examination = examine(settings, folder, steps, log, platform)
    except MechanistError as error:
        examination = Examination(folder.name, folder, [Finding(ERROR, str(error))])
        return table(examination), examination.fine
    file = Path("config.yaml")
    try:
        config = validate(Config, read_yaml(file), file) if file.is_file() else Config()
    except MechanistError as error:
        examination.findings.append(Finding(ERROR, str(error)))
        return table(examination), examination.fine
    examination.findings.extend(_of_run(examination, config, settings.dynamics))
    return "\n".join([table(examination), *_smaller(examination, config)]), examination.fine


def _smaller(examination: Examination, config: Config) -> list[str]:
    """Which budgets of a run are smaller, since the force law is slow."""
    prepared = examination.prepared
    if prepared is None or prepared.law is None:
        return []
    positions = prepared.law.part(prepared.positions)
    line = sizes_line(config, step_seconds(prepared.law.law, positions))
    return [] if line is None else [line]


def _of_run(examination: Examination, config: Config, dynamics: DynamicsSettings) -> list[Finding]:
    """Whether a run by these settings takes long or has too few chains."""
    settings = config.sampling
    found: list[Finding] = []
    cost, prepared = examination.costs, examination.prepared
    # Under a force law the budgets follow the time of a step.
    if cost is not None and prepared is not None and prepared.law is None:
        found = long_run(cost, config, dynamics)
    if settings.chains == "auto" and examination.plan is not None:
        copies = config.engine.copies
        plan = examination.plan
        plan = plan if copies == "auto" else replace(plan, copies=copies)
        try:
            refuse_few_chains(settings.workers, plan.chains)
        except ValueError as error:
            found.append(Finding(ERROR, f"config.yaml: {error}"))
    return found
