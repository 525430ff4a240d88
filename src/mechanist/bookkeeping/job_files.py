"""Files that one round or one job leaves behind; see `mechanist.bookkeeping.layout`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerFiles:
    """What one shooting job of one round leaves behind."""

    folder: Path

    @property
    def shots(self) -> Path:
        """Table of shots, one row a shot."""
        return self.folder / "shots.parquet"

    @property
    def points(self) -> Path:
        """Shooting points, frame i belongs to row i of the shots."""
        return self.folder / "points.trr"

    @property
    def paths(self) -> Path:
        """Frames of all paths that were current in this round, one after the other."""
        return self.folder / "paths.trr"

    @property
    def index(self) -> Path:
        """Which frames belong to which path, and its weight."""
        return self.folder / "paths.parquet"

    @property
    def current(self) -> Path:
        """The last path of each chain and some others, in full; only where not all are."""
        return self.folder / "current.trr"

    @property
    def current_index(self) -> Path:
        """Which frames belong to which of these."""
        return self.folder / "current.parquet"

    @property
    def full(self) -> tuple[Path, Path]:
        """Frames and index of paths that are stored in full, the last one of each chain among."""
        if self.current_index.is_file():
            return self.current, self.current_index
        return self.paths, self.index

    @property
    def partial(self) -> Path:
        """State of the job while it is under way; gone once it is done."""
        return self.folder / ".partial"

    def all(self) -> tuple[Path, ...]:
        """Every file of the job."""
        files = (self.shots, self.points, self.paths, self.index)
        return files + (self.full if self.current_index.is_file() else ())


@dataclass(frozen=True)
class RoundFiles:
    """What one round leaves behind."""

    folder: Path

    def worker(self, worker: int) -> WorkerFiles:
        """Files of one shooting job."""
        return WorkerFiles(self.folder / f"worker_{worker:03d}")

    @property
    def workers(self) -> list[WorkerFiles]:
        """Files of every shooting job that is there."""
        return [WorkerFiles(path) for path in sorted(self.folder.glob("worker_*"))]

    @property
    def model(self) -> Path:
        """Weights of the committor model trained on all shots so far."""
        return self.folder / "model.safetensors"

    @property
    def model_card(self) -> Path:
        """Names, units, normalisation and versions of the model."""
        return self.folder / "model.json"

    @property
    def training(self) -> Path:
        """Training record of the model."""
        return self.folder / "training.json"

    @property
    def assessment(self) -> Path:
        """The convergence test."""
        return self.folder / "assessment.json"

    @property
    def manifest(self) -> Path:
        """Hash of every file of the round."""
        return self.folder / "manifest.json"


@dataclass(frozen=True)
class FreshFiles:
    """Points that predictions are tested at, and the fresh committor shots from them."""

    folder: Path

    @property
    def points(self) -> Path:
        """Configurations that the shots start from."""
        return self.folder / "points.trr"

    @property
    def predictions(self) -> Path:
        """Predictions made before the shots."""
        return self.folder / "predictions.json"

    def shots(self, worker: int) -> Path:
        """Shots of one job."""
        return self.folder / f"shots_{worker:03d}.parquet"

    def partial(self, worker: int) -> Path:
        """State of one job while it is under way."""
        return self.folder / f".partial_{worker:03d}"


@dataclass(frozen=True)
class KineticsFiles:
    """What one job for the rates leaves behind."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Table of equilibrium runs: time observed, excursions that began."""
        return self.folder / "runs.parquet"

    @property
    def run_excursions(self) -> Path:
        """Frames of the excursions of the runs, one after the other."""
        return self.folder / "run_excursions.trr"

    @property
    def run_index(self) -> Path:
        """Which frames belong to which excursion of the runs."""
        return self.folder / "run_excursions.parquet"

    @property
    def states(self) -> Path:
        """Frames of the runs in their states, thinned."""
        return self.folder / "states.trr"

    @property
    def state_index(self) -> Path:
        """Run and weight of each of these frames."""
        return self.folder / "states.parquet"

    @property
    def excursions(self) -> Path:
        """Frames of the excursions that shots have made."""
        return self.folder / "excursions.trr"

    @property
    def index(self) -> Path:
        """Which frames belong to which of these excursions."""
        return self.folder / "excursions.parquet"

    def partial(self, stage: str) -> Path:
        """State of a stage's job while it is under way; gone once it is done."""
        return self.folder / f".partial_{stage}"
