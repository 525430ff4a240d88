"""Content of the report as plain data; `mechanist.report.load` reads it."""

from dataclasses import dataclass
from typing import Any

from mechanist.arrays import Array
from mechanist.bookkeeping.csv_files import Row
from mechanist.bookkeeping.layout import Layout
from mechanist.formula.store import used_descriptors
from mechanist.report.jobs import Job, StageCost, stage_costs
from mechanist.report.molecule.scenes import Scenes
from mechanist.report.terms import Terms
from mechanist.report.times import RunTime
from mechanist.sampling.records.tables import Table
from mechanist.systems.barostat import Barostat
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import States


@dataclass(frozen=True)
class Dynamics:
    """Dynamics of the run: temperature in K, kT in kJ/mol, times in ps, friction in 1/ps."""

    name: str
    temperature: float
    kt: float
    timestep: float
    stride: int
    friction: float
    atoms: int
    states: States
    forces: dict[str, Any] | None = None
    """The force law as dynamics.json names it; None: all forces are OpenMM's own."""
    barostat: Barostat | None = None

    @property
    def rows(self) -> int:
        """Rows of a frame: its atoms, and the box if it changes."""
        return self.atoms + (self.barostat is not None)

    @property
    def ensemble(self) -> str:
        """The ensemble of the dynamics of paths."""
        if self.barostat is None:
            return "canonical"
        return f"isothermal-isobaric, {self.barostat.pressure:g} bar"

    @property
    def frame_time(self) -> float:
        """Time between two frames in ps."""
        return self.timestep * self.stride


@dataclass(frozen=True)
class Relevance:
    """Inputs, most important first: fall of the held-out loss and its spread."""

    names: tuple[str, ...]
    importance: Array
    spread: Array


@dataclass(frozen=True)
class Paths:
    """Transition paths of the ensemble.

    Attributes
    ----------
    lengths, weights
        (P,) duration in ps, and moves for which each path was the current one.
    series
        Durations along each chain, one entry a move.
    """

    lengths: Array
    weights: Array
    series: list[Array]


@dataclass(frozen=True)
class FrameSample:
    """Frames of transition paths, evenly spaced.

    Attributes
    ----------
    state_values, input_values
        (F, D) for the descriptors of the states and of the model.
    weights
        (F,) weight of the path of each frame.
    q, p_error
        (F,) by the final model, the latter the standard deviation of the error of p_B; None if
        there is no model.
    """

    state_values: Array
    input_values: Array
    weights: Array
    q: Array | None
    p_error: Array | None


@dataclass(frozen=True)
class Equilibrium:
    """Frames that represent equilibrium when weighted.

    Attributes
    ----------
    values
        (F, D) of the requested descriptors.
    weights
        (F,), sum 1.
    """

    values: Array
    weights: Array


@dataclass(frozen=True)
class TypicalPaths:
    """A typical path of each group in two descriptors.

    Parameters
    ----------
    groups
        Numbers of the groups.
    names, units
        Of the two descriptors.
    paths
        Values (F, 2) along the path of each group.
    """

    groups: list[int]
    names: tuple[str, str]
    units: tuple[str, str]
    paths: list[Array]


@dataclass(frozen=True)
class ReportData:
    """A results folder; missing results are None or empty."""

    layout: Layout
    dynamics: Dynamics
    inputs: DescriptorSet
    rounds: list[dict[str, Any]]
    shots: Table
    paths: Paths | None
    frames: FrameSample | None
    relevance: Relevance | None
    formulas: list[Row]
    formula: dict[str, Any] | None
    verdict: dict[str, Any] | None
    validation: dict[str, Array] | None
    own_points: dict[str, Array] | None
    front: list[Row]
    training: dict[str, Any] | None
    jobs: list[Job]
    kinetics: dict[str, Any] | None = None
    channels: dict[str, Any] | None = None
    typical: TypicalPaths | None = None
    profile: dict[str, Array] | None = None
    equilibrium: Equilibrium | None = None
    time: RunTime | None = None
    first_path: dict[str, Any] | None = None
    scenes: Scenes | None = None
    terms: Terms | None = None

    @property
    def costs(self) -> list[StageCost]:
        """Cost of each stage."""
        return stage_costs(self.jobs)

    @property
    def formula_used(self) -> dict[str, Descriptor]:
        """Descriptors of the formula by name; empty if it has none, or there is no formula."""
        if self.formula is None or "definitions" not in self.formula:
            return {}
        used = used_descriptors(self.formula, self.layout.formula)
        return {d.name: d for d in used.descriptors}

    @property
    def last(self) -> dict[str, Any]:
        """The last assessment."""
        return self.rounds[-1]
