"""A run in Python, for notebooks: its tables as pandas frames, its paths, its models, its figures.

::

    run = mechanist.open_run("results/alanine_dipeptide")
    run.shots.groupby("round").accepted.mean()
    run.committor(run.trajectory(0).xyz)

Everything is read when it is asked for, and once.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mechanist.arrays import Positions
from mechanist.bookkeeping.csv_files import read_csv
from mechanist.bookkeeping.files import read_bytes, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.formula.result import Formula
from mechanist.formula.store import load_formula
from mechanist.report.data import Dynamics, ReportData
from mechanist.report.figures.style import Picture
from mechanist.report.load import load_report, read_dynamics, read_rounds
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    read_paths,
    read_table,
)
from mechanist.statistics.intervals import TWO_SIDED
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.barostat import scales
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load_formula_inputs, load_inputs

if TYPE_CHECKING:
    import mdtraj

    from mechanist.committor.network import Committor


@dataclass(frozen=True)
class Run:
    """A results folder, see `open_run`.

    Parameters
    ----------
    folder
        Such as ``results/alanine_dipeptide``.
    """

    folder: Path

    @property
    def layout(self) -> Layout:
        """Paths of all files of the run."""
        return Layout(self.folder)

    @cached_property
    def dynamics(self) -> Dynamics:
        """Temperature (K), kT (kJ/mol), times (ps), and the states."""
        return read_dynamics(self.layout)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Content of summary.json."""
        return dict(read_json(self.layout.summary))

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """One row a round: shots, losses in nats per outcome, converged; criteria by name."""
        rows = []
        for entry in read_rounds(self.layout):
            plain = {key: value for key, value in entry.items() if not isinstance(value, dict)}
            values = {name: one["value"] for name, one in entry["criteria"].items()}
            rows.append(plain | {key: v for key, v in values.items() if key not in plain})
        return pd.DataFrame(rows).set_index("round") if rows else pd.DataFrame()

    @cached_property
    def shots(self) -> pd.DataFrame:
        """Every shot of the run; the columns are those of shots.parquet."""
        return pd.DataFrame(read_table(self.layout.shots, SHOT_COLUMNS))

    @cached_property
    def paths(self) -> pd.DataFrame:
        """Every transition path: chain, move, weight, and ``duration_ps``; see `trajectory`."""
        table = pd.DataFrame(read_table(self.layout.paths.index, PATH_COLUMNS))
        return table.assign(duration_ps=(table["length"] - 1) * self.dynamics.frame_time)

    @cached_property
    def formulas(self) -> pd.DataFrame:
        """The Pareto front, shortest formula first."""
        return self._csv(self.layout.formulas, "text")

    @cached_property
    def relevance(self) -> pd.DataFrame:
        """Inputs, the most important first: fall of the held-out loss in nats, and its spread."""
        return self._csv(self.layout.relevance, "descriptor").set_index("descriptor")

    @cached_property
    def validation(self) -> pd.DataFrame:
        """Fresh shots: p_B of network and formula beside observed 95 % intervals."""
        return self._csv(self.layout.validation, "p_network")

    @cached_property
    def inputs(self) -> DescriptorSet:
        """Descriptors that the network sees."""
        return load_inputs(self.layout)

    @cached_property
    def formula(self) -> Formula:
        """The chosen formula: ``text``, ``latex``, ``constants``, ``descriptors``."""
        return load_formula(self.layout.formula)

    @cached_property
    def model(self) -> "Committor":
        """The network, trained on all shots."""
        from mechanist.committor.network import load

        return load(self.layout.committor.model, self.layout.committor.model_card)

    @cached_property
    def figures(self) -> dict[str, Picture]:
        """Figures of the report by name; a notebook shows them as they are on the page."""
        from mechanist.report.page.page import draw

        return {one.name: one for group in draw(self._data).values() for one in group}

    def descriptors(self, positions: "Positions | mdtraj.Trajectory") -> pd.DataFrame:
        """Values of all descriptors that formulas may use.

        Parameters
        ----------
        positions
            (F, N, 3) or (N, 3) in nm, or an mdtraj trajectory.

        Returns
        -------
        DataFrame
            One row a frame, in nm, rad or without unit.
        """
        values = self._known.values(self._frames(positions))
        return pd.DataFrame(values, columns=list(self._known.names))

    def committor(self, positions: "Positions | mdtraj.Trajectory") -> pd.DataFrame:
        """p_B by the network and by the formula.

        Parameters
        ----------
        positions
            (F, N, 3) or (N, 3) in nm, or an mdtraj trajectory.

        Returns
        -------
        DataFrame
            One row a frame: ``p``, its 95 % interval ``low`` to ``high``, ``q`` of the network;
            ``p_formula`` and ``q_formula`` if the run has a formula. In A and B, p_B is still that
            of the models, not 0 and 1.

        Raises
        ------
        DataError
            If there is no model yet, or the number of atoms is another one.
        """
        frames = self._frames(positions)
        features = self.inputs.features(self.inputs.values(frames))
        p, sigma = self.model.estimate(features)
        columns = {
            "p": p,
            "low": np.clip(p - TWO_SIDED * sigma, 0, 1),
            "high": np.clip(p + TWO_SIDED * sigma, 0, 1),
            "q": self.model.q(features),
        }
        if self.layout.formula.is_file():
            q = self.formula.frame_q(frames, self._known)
            columns |= {"p_formula": q_to_p(q), "q_formula": q}
        return pd.DataFrame(columns)

    def trajectory(self, path: int | None = None) -> "mdtraj.Trajectory":
        """Transition paths as an mdtraj trajectory, from A to B; times in ps.

        Parameters
        ----------
        path
            Row of `paths`; None for all, one after the other.

        Raises
        ------
        DataError
            If there is no such path.
        """
        import mdtraj

        table = self._path_table
        if path is not None and not 0 <= path < len(table):
            raise DataError(self.layout.paths.index, f"has paths 0 to {len(table) - 1}, not {path}")
        frames = table.frames[:] if path is None else table.path(path)
        made = mdtraj.Trajectory(
            frames[:, : self.dynamics.atoms],
            self._topology,
            time=np.arange(len(frames)) * self.dynamics.frame_time,
        )
        box = self.inputs.box
        if box is not None:
            own = self.dynamics.barostat is not None
            factors = scales(frames[:, -1], box) if own else np.ones(len(frames))
            made.unitcell_vectors = (factors[:, None, None] * np.array(box)).astype(np.float32)
        return made

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        from mechanist.report.page.page import template

        return str(template("run.html").render(run=self, summary=self.summary))

    @cached_property
    def _known(self) -> DescriptorSet:
        """Descriptors that formulas may use; those of the network in runs without further ones."""
        further = self.layout.formula_inputs.is_file()
        return load_formula_inputs(self.layout) if further else self.inputs

    @cached_property
    def _path_table(self) -> PathTable:
        files = self.layout.paths
        return read_paths(files.paths, files.index, self.dynamics.rows)

    @cached_property
    def _topology(self) -> Any:
        import mdtraj

        return mdtraj.load_topology(str(self.layout.topology))

    @cached_property
    def _data(self) -> ReportData:
        # Rates of an earlier run may lie beside a summary that has none.
        rates = not self.layout.summary.is_file() or self.summary["kinetics"] is not None
        return load_report(self.layout, int(read_rounds(self.layout)[-1]["round"]), rates=rates)

    def _frames(self, positions: "Positions | mdtraj.Trajectory") -> Positions:
        """Positions (F, N, 3) in nm."""
        array: Positions = np.asarray(getattr(positions, "xyz", positions), dtype=np.float64)
        array = array[None] if array.ndim == 2 else array
        boxes = getattr(positions, "unitcell_vectors", None)
        if self.dynamics.barostat is not None and boxes is not None:
            edges = np.diagonal(boxes, axis1=1, axis2=2)[:, None]
            array = np.concatenate([array, edges.astype(np.float64)], axis=1)
        if array.ndim != 3 or array.shape[1:] != (self.dynamics.rows, 3):
            boxed = " with boxes" if self.dynamics.barostat is not None else ""
            raise DataError(
                self.folder,
                f"positions of shape {array.shape}: they must be (F, {self.dynamics.rows}, 3) in"
                f" nm, or an mdtraj trajectory{boxed}",
            )
        return array

    def _csv(self, path: Path, column: str) -> pd.DataFrame:
        read_csv(path, (column,))  # One line for a file that is missing or damaged.
        return pd.read_csv(io.BytesIO(read_bytes(path)))


def open_run(folder: str | Path) -> Run:
    """Open a run, finished or not.

    Parameters
    ----------
    folder
        Such as ``results/alanine_dipeptide``.

    Raises
    ------
    DataError
        If it is no results folder.
    """
    run = Run(Path(folder))
    if not run.layout.dynamics.is_file():
        raise DataError(folder, "is no results folder; name one such as results/NAME")
    return run
