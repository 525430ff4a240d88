"""What all jobs that can be resumed share: the identity of a job, and how it is run."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import MISSING, sha256
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.sources import digest
from mechanist.engine.choose import choose_plan
from mechanist.engine.plan import Plan
from mechanist.errors import DataError
from mechanist.sampling.records.checkpoint_files import SavedState
from mechanist.settings.config import Config
from mechanist.systems.forces.platforms import platform_names
from mechanist.systems.prepared import Prepared


def identity(
    stage: str, layout: Layout, settings: dict[str, Any], inputs: Iterable[Path]
) -> dict[str, Any]:
    """Everything that a job follows from: source, libraries, settings and hashes of its inputs."""
    import numpy
    import openmm

    files = [layout.system_xml, layout.dynamics, *inputs]
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise DataError(missing, MISSING)
    return {
        "stage": stage,
        "source": digest(stage, "trajectory"),
        "versions": [openmm.__version__, numpy.__version__],
        "settings": settings,
        "inputs": {str(file.relative_to(layout.root)): sha256(file) for file in files},
    }


def plan_of(
    saved: SavedState | None, prepared: Prepared, config: Config, log: Callable[[str], None]
) -> Plan:
    """How to run a job: as before if it is resumed, but on another platform if that one is gone."""
    if saved is None:
        return choose_plan(prepared, config.engine, log)
    try:
        before = Plan.of(saved.notes)
    except (KeyError, ValueError):
        raise DataError("state of a stopped job", "does not say how it was run") from None
    if config.engine.platform == "auto":
        here = choose_plan(prepared, config.engine, log)
        if before.platform not in platform_names() or here.platform != before.platform:
            return replace(before, platform=here.platform)
    return before
