"""Default budgets by the time of an MD step.

The defaults of some budgets are made for forces that take microseconds. Under a force law with
steps of t seconds, a budget that config.yaml does not set is

    max(least, default / 2^n),    2^n the power of two nearest to t / FAST, at least 1

`mechanist prepare` measures t once and stores it, so that all jobs of a run have the same budgets.
"""

import math
from collections.abc import Container
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.settings.config import Config

FAST = 1e-4
"""Seconds of a step up to which the defaults hold."""

LEAST: dict[tuple[str, str], float] = {
    ("initial", "budget"): 100.0,
    ("validation", "points"): 60,
    ("validation", "formula_points"): 20,
    ("validation", "surface_points"): 20,
    ("kinetics", "runs"): 8,
    ("kinetics", "run_frames"): 1000,
    ("kinetics", "shots"): 2000,
    ("kinetics", "windows"): 16,
}
"""Budgets that become smaller, by section and key, and how small at the least."""

JOBS: dict[str, tuple[tuple[str, str], ...]] = {
    "initial": (("initial", "budget"),),
    "points-network": (("validation", "points"),),
    "points-formula": (("validation", "formula_points"), ("validation", "surface_points")),
    "equilibrium": (("kinetics", "runs"), ("kinetics", "run_frames")),
    "windows": (("kinetics", "windows"),),
    "excursions": (("kinetics", "shots"),),
}
"""Which of them a job depends on, by the name of its benchmark: only these are in its settings
where config.yaml sets them, so that a job can say of no others that they are left open."""

UNITS = {("initial", "budget"): " ps"}


def measured_step(file: Path) -> float | None:
    """Seconds of a step that `mechanist prepare` wrote to dynamics.json; None if it did not."""
    if not file.is_file():
        return None
    content = read_json(file)
    with damage_reported(file):
        given = (content.get("forces") or {}).get("step_seconds")
        seconds = None if given is None else float(given)
        if seconds is not None and not seconds > 0:
            raise ValueError(f"forces.step_seconds: {seconds}")
    return seconds


def open_sizes(config: Config) -> list[tuple[str, str]]:
    """Section and key of the budgets that the settings leave at their defaults."""
    return [
        (section, key)
        for section, key in LEAST
        if key not in getattr(config, section).model_fields_set
    ]


def sizes(config: Config, step_seconds: float) -> dict[tuple[str, str], float]:
    """Budgets smaller than their defaults at this time of a step in s, by section and key."""
    parts = 2.0 ** max(0, round(math.log2(step_seconds / FAST)))
    found: dict[tuple[str, str], float] = {}
    for section, key in open_sizes(config):
        default = getattr(getattr(config, section), key)
        value = max(LEAST[section, key], default / parts)
        if value < default:
            found[section, key] = round(value) if isinstance(default, int) else value
    return found


def sized(config: Config, step_seconds: float) -> Config:
    """The settings with the budgets of `sizes`; those that are given stay."""
    changed: dict[str, Any] = {}
    for (section, key), value in sizes(config, step_seconds).items():
        own = changed.get(section, getattr(config, section))
        changed[section] = own.model_copy(update={key: value})
    return config.model_copy(update=changed)


def sizes_line(
    config: Config, step_seconds: float, keys: Container[tuple[str, str]] = tuple(LEAST)
) -> str | None:
    """Which of some budgets are smaller and why, in one line; None if none is."""
    parts = [
        f"{section}.{key} {value:g}{UNITS.get((section, key), '')}"
        f" (not {getattr(getattr(config, section), key):g})"
        for (section, key), value in sizes(config, step_seconds).items()
        if (section, key) in keys
    ]
    if not parts:
        return None
    return (
        f"a step takes {1000 * step_seconds:.2g} ms, so budgets that config.yaml leaves open are"
        f" smaller: {', '.join(parts)}"
    )
