"""Reading a results folder for the report."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.analysis.convergence.chains import chain_series
from mechanist.analysis.validation.verdict import Verdict
from mechanist.arrays import Array
from mechanist.bookkeeping.csv_files import numbers, read_csv
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.formula.expression import parse
from mechanist.formula.store import used_descriptors
from mechanist.report.data import (
    Dynamics,
    Equilibrium,
    FrameSample,
    Paths,
    Relevance,
    ReportData,
    TypicalPaths,
)
from mechanist.report.figures.channels import most_apart
from mechanist.report.jobs import read_jobs
from mechanist.report.molecule.read import read_scenes
from mechanist.report.terms import Terms, make_terms
from mechanist.sampling.records.stored_frames import open_frames, view
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    read_paths,
    read_table,
)
from mechanist.systems.barostat import Barostat
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import States
from mechanist.systems.prepared import load_inputs

FRAMES_SHOWN = 40_000
"""Frames of paths used for figures; more make no visible difference."""

VERDICT_KEYS = tuple(field.name for field in fields(Verdict))
KINETICS_KEYS = ("determined", "reason", "mean_path_duration_ps")
CHANNEL_KEYS = ("groups", "missing", "note", "problems")
TRAINING_KEYS = ("train", "out_of_bag", "best_epoch")


def read_dynamics(layout: Layout) -> Dynamics:
    """Read system/dynamics.json.

    Raises
    ------
    DataError
        If it is missing, damaged or lacks a key.
    """
    content = read_json(layout.dynamics)
    with damage_reported(layout.dynamics):
        return Dynamics(
            name=content["name"],
            temperature=content["temperature"],
            kt=content["kT"],
            timestep=content["timestep"],
            stride=content["stride"],
            friction=content["friction"],
            atoms=content["atoms"],
            states=States.from_json(content["states"]),
            forces=content.get("forces"),
            barostat=None if content.get("barostat") is None else Barostat(**content["barostat"]),
        )


def read_rounds(layout: Layout, last: int | None = None) -> list[dict[str, Any]]:
    """Assessments of all rounds (up to ``last``) that have one, in order.

    Raises
    ------
    DataError
        If one is damaged or lacks a key.
    """
    result = []
    for number in layout.rounds():
        path = layout.round(number).assessment
        if not path.is_file() or (last is not None and number > last):
            continue
        content = read_json(path)
        for key in ("round", "shots", "acceptance", "heldout_loss", "criteria", "converged"):
            if not isinstance(content, dict) or key not in content:
                raise DataError(path, f"lacks {key!r}; delete it and run again")
        result.append(content)
    return result


def _optional_json(path: Path, keys: Sequence[str]) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content = read_json(path)
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise DataError(path, f"lacks {missing[0]!r}; delete it and run again")
    return dict(content)


def read_first_path(layout: Layout, first: dict[str, Any]) -> dict[str, Any] | None:
    """How the first path was found, and when no frame of it was left, if recorded."""
    found = _optional_json(layout.initial_report, ("method", "shots"))
    return None if found is None else found | {"forgotten": first.get("guess")}


def read_relevance(layout: Layout) -> Relevance | None:
    """Read relevance.csv if it exists."""
    path = layout.relevance
    if not path.is_file():
        return None
    rows = read_csv(path, ("descriptor", "importance", "spread"))
    return Relevance(
        tuple(row["descriptor"] for row in rows),
        np.array(numbers(rows, "importance", path)),
        np.array(numbers(rows, "spread", path)),
    )


FRESH = ("p_network", "p_formula", "n", "n_B", "low", "high")
"""Columns of fresh shots used in figures."""


FRONT = ("text", "rmse", "low", "high")
PROFILE = ("q", "free_energy_kJ_per_mol", "low", "high")


def _read_columns(path: Path, columns: Sequence[str]) -> dict[str, Array] | None:
    """Numbers of a CSV file by column; None if it is missing or has no row."""
    if not path.is_file():
        return None
    rows = read_csv(path, columns)
    return {name: np.array(numbers(rows, name, path)) for name in columns} if rows else None


def read_equilibrium(
    layout: Layout, dynamics: Dynamics, descriptors: Sequence[Descriptor]
) -> Equilibrium | None:
    """Weighted frames of all regions with the values of some descriptors; None if there are none.

    Raises
    ------
    DataError
        If a file is damaged, or frames and weights differ in number.
    """
    if not layout.equilibrium_weights.is_file():
        return None
    weights = read_table(layout.equilibrium_weights, ("weight",))["weight"]
    if not len(weights):
        return None
    frames = open_frames(layout.equilibrium_frames, dynamics.rows)
    if len(frames) != len(weights):
        raise DataError(
            layout.equilibrium_frames, f"holds {len(frames)} frames, {len(weights)} have weights"
        )
    known = replace(dynamics.states.descriptors, descriptors=tuple(descriptors))
    return Equilibrium(known.values(frames), weights.astype(np.float64))


def _predict(layout: Layout, features: Array) -> tuple[Array | None, Array | None]:
    """Mean q and the error of p_B by the final model, if there is one."""
    if not layout.committor.model.is_file():
        return None, None
    from mechanist.committor.network import load

    model = load(layout.committor.model, layout.committor.model_card)
    return model.q(features), model.estimate(features)[1]


def _read_paths(layout: Layout, dynamics: Dynamics) -> Paths | None:
    """Durations, from the index alone."""
    path = layout.paths.index
    if not path.is_file():
        return None
    index = read_table(path, PATH_COLUMNS)
    lengths = (index["length"] - 1) * dynamics.frame_time
    if not len(lengths):
        return None
    return Paths(lengths, index["weight"].astype(np.float64), chain_series(index, lengths))


def _read_path_table(layout: Layout, dynamics: Dynamics) -> PathTable | None:
    files = layout.paths
    if not files.index.is_file():
        return None
    return read_paths(files.paths, files.index, dynamics.rows)


def _typical_paths(
    groups: list[dict[str, Any]],
    table: PathTable | None,
    dynamics: Dynamics,
    inputs: DescriptorSet,
) -> TypicalPaths | None:
    """Typical paths of the groups in channels.json; None if there are fewer than two."""
    found = [group for group in groups if group["typical_path"] >= 0]
    if len(found) < 2 or table is None:
        return None
    descriptors = dynamics.states.descriptors
    own = tuple(d for d in inputs.descriptors if d.name not in descriptors.names)
    every = inputs.of((*descriptors.descriptors, *own))
    values = [every.values(table.path(group["typical_path"])) for group in found]
    periodic = np.array([d.periodic for d in every.descriptors])
    one, two = most_apart(values, periodic)
    chosen = (every.descriptors[one], every.descriptors[two])
    return TypicalPaths(
        [group["group"] for group in found],
        (chosen[0].name, chosen[1].name),
        (chosen[0].unit, chosen[1].unit),
        [path[:, [one, two]] for path in values],
    )


def _step(table: PathTable) -> int:
    return -(-len(table.frames) // FRAMES_SHOWN)


def _terms(layout: Layout, table: PathTable | None, formula: dict[str, Any] | None) -> Terms | None:
    if table is None or not len(table) or formula is None or "definitions" not in formula:
        return None
    used = used_descriptors(formula, layout.formula)
    try:
        parse(formula["text"])
    except DataError:
        # The page shows such a formula as text alone.
        return None
    return make_terms(
        formula["text"], used, table, view(table.frames, slice(None, None, _step(table)))
    )


def _sample_frames(
    layout: Layout, table: PathTable | None, dynamics: Dynamics, inputs: DescriptorSet
) -> FrameSample | None:
    if table is None or not len(table):
        return None
    frames = view(table.frames, slice(None, None, _step(table)))
    input_values = inputs.values(frames)
    q, p_error = _predict(layout, inputs.features(input_values))
    return FrameSample(
        state_values=dynamics.states.descriptors.values(frames),
        input_values=input_values,
        weights=table.index["weight"].astype(np.float64)[table.frame_path[:: _step(table)]],
        q=q,
        p_error=p_error,
    )


def load_report(layout: Layout, last: int, frames: bool = True, rates: bool = True) -> ReportData:
    """Read a results folder.

    Parameters
    ----------
    layout
        Its files.
    last
        Number of the last round of the run. Later rounds remain on disk when a looser stopping rule
        ends a run earlier than before.
    frames
        Whether to read frames of paths, which takes the most time.
    rates
        Whether the run computes rates; if not, those of a run before it are not read.

    Raises
    ------
    DataError
        If the system, the shots or every assessment is missing, or any file is damaged.
    """
    dynamics, inputs = read_dynamics(layout), load_inputs(layout)
    rounds = read_rounds(layout, last)
    if not rounds or rounds[-1]["round"] != last:
        raise DataError(layout.round(last).assessment, "the file is missing; assess the round")
    channels = _optional_json(layout.channels, CHANNEL_KEYS) if rates else None
    groups = channels["groups"] if channels is not None else []
    table = _read_path_table(layout, dynamics) if frames else None
    formula = _optional_json(layout.formula, ("text", "latex", "complexity"))
    formula_columns = ("complexity", "heldout_loss", "heldout_loss_se", "text", "chosen")
    data = ReportData(
        layout=layout,
        dynamics=dynamics,
        inputs=inputs,
        rounds=rounds,
        shots=read_table(layout.shots, SHOT_COLUMNS),
        paths=_read_paths(layout, dynamics),
        frames=_sample_frames(layout, table, dynamics, inputs),
        relevance=read_relevance(layout),
        formulas=read_csv(layout.formulas, formula_columns) if layout.formulas.is_file() else [],
        formula=formula,
        terms=_terms(layout, table, formula),
        verdict=_optional_json(layout.verdict, VERDICT_KEYS),
        validation=_read_columns(layout.validation, FRESH),
        own_points=_read_columns(layout.validation_formula, (*FRESH, "on_surface")),
        front=read_csv(layout.front_errors, FRONT) if layout.front_errors.is_file() else [],
        training=_optional_json(layout.round(last).training, TRAINING_KEYS),
        jobs=read_jobs(layout.benchmarks, last),
        kinetics=_optional_json(layout.kinetics, KINETICS_KEYS) if rates else None,
        channels=channels,
        typical=_typical_paths(groups, table, dynamics, inputs),
        scenes=read_scenes(layout, dynamics, table, groups),
        profile=_read_columns(layout.profile, PROFILE) if rates else None,
        first_path=read_first_path(layout, rounds[0]),
        equilibrium=read_equilibrium(layout, dynamics, dynamics.states.descriptors.descriptors)
        if frames and rates
        else None,
    )
    return _sampling_only(data) if rounds[-1].get("sampling_only") else data


def _sampling_only(data: ReportData) -> ReportData:
    """Without what is derived from shots.

    A run that an intermediate state has ended makes none of it; what is there is of a run with
    other settings.
    """
    return replace(
        data,
        relevance=None,
        formulas=[],
        formula=None,
        verdict=None,
        validation=None,
        own_points=None,
        front=[],
        kinetics=None,
        channels=None,
        typical=None,
        profile=None,
        equilibrium=None,
    )
