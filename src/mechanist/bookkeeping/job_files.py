"""Files of one round or one job; see `mechanist.bookkeeping.layout`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerFiles:
    """Files of one shooting job of one round."""

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
        """First frame, length and weight of each path."""
        return self.folder / "paths.parquet"

    @property
    def current(self) -> Path:
        """The last path of each chain and some others, in full; only if other paths are thinned."""
        return self.folder / "current.trr"

    @property
    def current_index(self) -> Path:
        """First frame and length of each of these paths."""
        return self.folder / "current.parquet"

    @property
    def long(self) -> Path:
        """Frames of half-shots that were too long, or of a sample of them."""
        return self.folder / "too_long.trr"

    @property
    def long_index(self) -> Path:
        """Chain, move and side of each of these half-shots."""
        return self.folder / "too_long.parquet"

    @property
    def full(self) -> tuple[Path, Path]:
        """Frames and index of paths stored in full, among them the last one of each chain."""
        if self.current_index.is_file():
            return self.current, self.current_index
        return self.paths, self.index

    @property
    def partial(self) -> Path:
        """Checkpoint of the job; deleted at its end."""
        return self.folder / ".partial"

    def all(self) -> tuple[Path, ...]:
        """Every file of the job."""
        files = (self.shots, self.points, self.paths, self.index)
        # Runs of versions before have none.
        long = (self.long, self.long_index) if self.long_index.is_file() else ()
        return files + long + (self.full if self.current_index.is_file() else ())


@dataclass(frozen=True)
class RoundFiles:
    """Files of one round."""

    folder: Path

    def worker(self, worker: int) -> WorkerFiles:
        """Files of one shooting job."""
        return WorkerFiles(self.folder / f"worker_{worker:03d}")

    @property
    def workers(self) -> list[WorkerFiles]:
        """Files of every shooting job that exists."""
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
    def crossfit(self) -> Path:
        """Weights of networks that predict the chains that they have not seen."""
        return self.folder / "crossfit.safetensors"

    @property
    def crossfit_card(self) -> Path:
        """Which of them predict which chains."""
        return self.folder / "crossfit.json"

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
        """Checkpoint of one job."""
        return self.folder / f".partial_{worker:03d}"


@dataclass(frozen=True)
class KineticsFiles:
    """Files of one job for the rates."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Table of equilibrium runs: time observed, excursions that began."""
        return self.folder / "runs.parquet"

    @property
    def run_report(self) -> Path:
        """Length of the runs, those that exploded, and the tests of equilibrium of this job."""
        return self.folder / "runs.json"

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
        """Frames of the excursions made by shots."""
        return self.folder / "excursions.trr"

    @property
    def index(self) -> Path:
        """Which frames belong to which of these excursions."""
        return self.folder / "excursions.parquet"

    def partial(self, stage: str) -> Path:
        """Checkpoint of a stage's job; deleted at its end."""
        return self.folder / f".partial_{stage}"
