"""Everything that the report shows, read from a results folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.chains import chain_series
from mechanist.errors import DataError
from mechanist.files import read_json
from mechanist.layout import Layout
from mechanist.report.tables import Row, StageCost, numbers, read_costs, read_csv
from mechanist.sampling.records import SHOT_COLUMNS, Table, read_paths, read_table
from mechanist.systems.descriptors import DescriptorSet
from mechanist.systems.prepared import load_inputs, states_from_json
from mechanist.systems.states import States

Array = NDArray[np.float64]

FRAMES_SHOWN = 40_000
"""Frames of paths that figures are made from; more change no picture."""


@dataclass(frozen=True)
class Dynamics:
    """What moved the system: temperature in K, kT in kJ/mol, times in ps, friction in 1/ps."""

    name: str
    temperature: float
    kt: float
    timestep: float
    stride: int
    friction: float
    atoms: int
    states: States

    @property
    def frame_time(self) -> float:
        """Time between two frames in ps."""
        return self.timestep * self.stride


@dataclass(frozen=True)
class Relevance:
    """Inputs, most important first: rise of the held-out loss and its spread."""

    names: tuple[str, ...]
    importance: Array
    spread: Array


@dataclass(frozen=True)
class Paths:
    """Transition paths that count.

    Attributes
    ----------
    lengths, weights
        (P,) duration in ps, and moves for which each path was the current one.
    series
        Durations along each chain, one entry a move.
    state_values, input_values
        (F, D) of a sample of frames, for the descriptors of the states and of the model.
    frame_weights
        (F,) weight of the path of each frame.
    q, spread
        (F,) by the final model, or None if there is none.
    """

    lengths: Array
    weights: Array
    series: list[Array]
    state_values: Array
    input_values: Array
    frame_weights: Array
    q: Array | None
    spread: Array | None


@dataclass(frozen=True)
class ReportData:
    """A results folder. What a run has not made yet is None or empty."""

    layout: Layout
    dynamics: Dynamics
    inputs: DescriptorSet
    rounds: list[dict[str, Any]]
    shots: Table
    paths: Paths | None
    relevance: Relevance | None
    formulas: list[Row]
    formula: dict[str, Any] | None
    verdict: dict[str, Any] | None
    validation: dict[str, Array] | None
    training: dict[str, Any] | None
    costs: list[StageCost]

    @property
    def last(self) -> dict[str, Any]:
        """The last assessment."""
        return self.rounds[-1]


def read_dynamics(layout: Layout) -> Dynamics:
    """Read system/dynamics.json.

    Raises
    ------
    DataError
        If it is missing, damaged or lacks a key.
    """
    content = read_json(layout.dynamics)
    try:
        return Dynamics(
            name=content["name"],
            temperature=content["temperature"],
            kt=content["kT"],
            timestep=content["timestep"],
            stride=content["stride"],
            friction=content["friction"],
            atoms=content["atoms"],
            states=states_from_json(content["states"]),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(layout.dynamics, f"lacks {error}; delete it and run again") from None


def read_rounds(layout: Layout) -> list[dict[str, Any]]:
    """Assessments of all rounds that have one, in order.

    Raises
    ------
    DataError
        If one is damaged or lacks a key.
    """
    result = []
    for number in layout.rounds():
        path = layout.round(number).assessment
        if not path.is_file():
            continue
        content = read_json(path)
        for key in ("round", "shots", "acceptance", "heldout_loss", "criteria", "converged"):
            if not isinstance(content, dict) or key not in content:
                raise DataError(path, f"lacks {key!r}; delete it and run again")
        result.append(content)
    return result


def _optional_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(path, "holds no keys; delete it and run again")
    return content


def read_relevance(layout: Layout) -> Relevance | None:
    """Read relevance.csv if it is there."""
    path = layout.relevance
    if not path.is_file():
        return None
    rows = read_csv(path, ("descriptor", "importance", "spread"))
    return Relevance(
        tuple(row["descriptor"] for row in rows),
        np.array(numbers(rows, "importance", path)),
        np.array(numbers(rows, "spread", path)),
    )


def _read_validation(layout: Layout) -> dict[str, Array] | None:
    path = layout.validation
    if not path.is_file():
        return None
    columns = ("p_network", "p_formula", "n", "n_B", "low", "high")
    rows = read_csv(path, columns)
    return {name: np.array(numbers(rows, name, path)) for name in columns} if rows else None


def _predict(layout: Layout, features: Array) -> tuple[Array | None, Array | None]:
    """Mean q and its spread by the final model, if there is one."""
    if not layout.committor.model.is_file():
        return None, None
    from mechanist.committor.network import load

    model = load(layout.committor.model, layout.committor.model_card)
    return model.q(features), model.spread(features)


def _read_paths(layout: Layout, dynamics: Dynamics, inputs: DescriptorSet) -> Paths | None:
    files = layout.paths
    if not files.index.is_file():
        return None
    table = read_paths(files.paths, files.index, dynamics.atoms)
    if not len(table):
        return None
    lengths = (table.index["frames"] - 1) * dynamics.frame_time
    step = -(-len(table.frames) // FRAMES_SHOWN)
    frames = table.frames[::step]
    weights = table.index["weight"].astype(np.float64)
    input_values = inputs.values(frames)
    q, spread = _predict(layout, inputs.features(input_values))
    return Paths(
        lengths=lengths,
        weights=weights,
        series=chain_series(table.index, lengths),
        state_values=dynamics.states.descriptors.values(frames),
        input_values=input_values,
        frame_weights=weights[table.frame_path[::step]],
        q=q,
        spread=spread,
    )


def load_report(layout: Layout) -> ReportData:
    """Read a results folder.

    Raises
    ------
    DataError
        If the system, the shots or every assessment is missing, or any file is damaged.
    """
    dynamics, inputs = read_dynamics(layout), load_inputs(layout)
    rounds = read_rounds(layout)
    if not rounds:
        raise DataError(layout.root / "rounds", "no round has an assessment.json yet")
    last = layout.round(int(rounds[-1]["round"]))
    formula_columns = ("complexity", "heldout_loss", "heldout_loss_se", "text", "chosen")
    return ReportData(
        layout=layout,
        dynamics=dynamics,
        inputs=inputs,
        rounds=rounds,
        shots=read_table(layout.shots, SHOT_COLUMNS),
        paths=_read_paths(layout, dynamics, inputs),
        relevance=read_relevance(layout),
        formulas=read_csv(layout.formulas, formula_columns) if layout.formulas.is_file() else [],
        formula=_optional_json(layout.formula),
        verdict=_optional_json(layout.verdict),
        validation=_read_validation(layout),
        training=_optional_json(last.training),
        costs=read_costs(layout.benchmarks) if layout.benchmarks.is_dir() else [],
    )
