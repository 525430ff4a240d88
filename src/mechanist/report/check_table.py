"""The text of ``mechanist check``."""

import math
from typing import Any

import numpy as np

from mechanist.analysis.examination.examination import Examination
from mechanist.analysis.examination.state_rows import StateRow
from mechanist.bookkeeping.progress import duration
from mechanist.report.text_table import columns
from mechanist.systems.build.sanity import ERROR, density_of, net_charge
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.prepared import Prepared

SHOWN = 30
"""Descriptors that are listed at most."""


def table(examination: Examination) -> str:
    """Text for people; errors and warnings come last."""
    lines = [f"{examination.name}  ({examination.folder}/system.yaml)"]
    if examination.prepared is not None:
        lines += ["", "System", *_system(examination)]
    if examination.values is not None and examination.descriptors:
        lines += ["", "Descriptors in the minimised structure", *_descriptors(examination)]
    if examination.states:
        lines += ["", "Where the structure lies", *_states(examination)]
    if examination.costs is not None:
        lines += ["", "Cost", *_costs(examination)]
    return "\n".join([*lines, "", *_findings(examination)])


def number(value: float, unit: str) -> str:
    """A value with its unit; angles in degrees."""
    if math.isnan(value):
        return "?"
    if math.isinf(value):
        return "any"
    if unit == "rad":
        return f"{math.degrees(value):.1f} deg"
    return f"{value:.3f} nm" if unit == "nm" else f"{value:.4g}"


def _system(examination: Examination) -> list[str]:
    prepared, trial = examination.prepared, examination.trial
    assert prepared is not None
    system = prepared.system
    massless = int((prepared.masses == 0).sum())
    sites = f", {massless:,} of them without mass" if massless else ""
    rows = [
        ("atoms", f"{prepared.atoms:,}{sites}"),
        ("box", _box(system)),
        *_forces(prepared),
        ("constraints", f"{system.getNumConstraints():,}"),
        ("time step", f"{1000 * prepared.timestep:g} fs, a frame every {prepared.stride} steps"),
    ]
    if examination.inputs is not None:
        rows.append(("inputs", f"{len(examination.inputs):,} descriptors"))
    if trial is not None and not trial.fault:
        steps = (len(trial.frames) - 1) * prepared.stride
        rows.append(
            (
                f"{steps:,} steps",
                f"stable; {trial.temperature:.0f} K at the end, started from the minimum, bath at"
                f" {prepared.temperature:.0f} K",
            )
        )
    return columns(rows)


def _forces(prepared: Prepared) -> list[tuple[str, str]]:
    """The charge, and the force law if there is one; not every law says what the charge is."""
    classical = [("charge", f"{net_charge(prepared.system) + 0.0:+.3f} e")]
    if prepared.law is None:
        return classical
    spec = prepared.law.spec
    packages = ", ".join(f"{name} {version}" for name, version in (spec.versions or {}).items())
    rows = [("forces", f"{spec.name}{f' ({packages})' if packages else ''}")]
    if spec.atoms:
        part = f"{len(spec.atoms):,} of {len(prepared.masses):,} atoms under the law"
        rows += [*classical, ("part", f"{part}, the rest classical")]
    charge = spec.settings.get("charge")
    if charge is not None:
        rows += [("charge", f"{charge:+d} e, multiplicity {spec.settings['multiplicity']}")]
    return rows


def _box(system: Any) -> str:
    vectors = box_of(system)
    if vectors is None:
        return "none"
    box = np.asarray(vectors)
    edges = " x ".join(f"{box[k, k]:.3f}" for k in range(3))
    skew = ", not rectangular" if box[1, 0] or box[2, 0] or box[2, 1] else ""
    value = density_of(system)
    return f"{edges} nm{skew}, {value:.3f} g/cm^3"


def _descriptors(examination: Examination) -> list[str]:
    assert examination.values is not None
    first, last = examination.values[0], examination.values.mean(axis=0)
    rows: list[tuple[str, ...]] = [("name", "kind", "value", "mean over the steps")]
    for i, d in enumerate(examination.descriptors[:SHOWN]):
        mean = "wraps" if d.periodic else number(float(last[i]), d.unit)
        rows.append((d.name, d.kind, number(float(first[i]), d.unit), mean))
    more = len(examination.descriptors) - SHOWN
    return columns(rows) + ([f"  and {more} more"] if more > 0 else [])


def _states(examination: Examination) -> list[str]:
    units = {d.name: d.unit for d in examination.descriptors}
    rows: list[tuple[str, ...]] = [("state", "descriptor", "value", "from", "to", "")]
    for row in examination.states:
        unit = units[row.descriptor]
        limits = number(row.low, unit), number(row.high, unit)
        value = number(row.value, unit)
        rows.append((row.state, row.descriptor, value, *limits, _distance(row, unit)))
    lines = columns(rows)
    if examination.labels is not None:
        names = {-1: "A", 0: "neither", 1: "B"}
        seen = sorted({names[int(label)] for label in examination.labels})
        start = names[int(examination.labels[0])]
        lines.append(f"  the structure is in {start}; the steps visited {', '.join(seen)}")
    return lines


def _distance(row: StateRow, unit: str) -> str:
    if math.isnan(row.low) or math.isnan(row.high):
        return "to be filled in"
    return "inside" if row.outside == 0 else f"off by {number(row.outside, unit)}"


def _costs(examination: Examination) -> list[str]:
    cost, plan, prepared = examination.costs, examination.plan, examination.prepared
    assert cost is not None
    assert plan is not None
    assert prepared is not None
    picoseconds = cost.half_steps * prepared.timestep
    rows = [
        ("engine", f"{plan}, the fastest here"),
        ("one MD step", f"{1e3 / cost.steps_per_second:.3g} ms for one copy, in one job"),
        (
            "one shot",
            f"at most {duration(cost.shot_seconds)} (two halves of {picoseconds:g} ps at most)",
        ),
        ("a job", f"{cost.chains} chains; {size(cost.needed_bytes)} of memory at most"),
        ("", f"{_context_size(cost.context_bytes)}, {size(cost.frame_bytes)} a stored frame"),
    ]
    return columns(rows)


def _context_size(count: int) -> str:
    return f"about {size(count)} a context" if count else "contexts take hardly any memory"


def size(count: float) -> str:
    """Bytes in words."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"


def _findings(examination: Examination) -> list[str]:
    if not examination.findings:
        return ["No errors, no warnings."]
    ordered = sorted(examination.findings, key=lambda finding: finding.level != ERROR)
    errors = sum(finding.level == ERROR for finding in ordered)
    counts = f"{errors} errors, {len(ordered) - errors} warnings:"
    return [counts, *(f"  {finding.level}: {finding.what}" for finding in ordered)]
