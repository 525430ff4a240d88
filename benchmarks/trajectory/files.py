"""Where the files of the tables lie below results/trajectory_models."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrajectoryFiles:
    """Files of tables T1 to T5; they belong to no run."""

    folder: Path

    def data(self, molecule: str, number: int) -> Path:
        """Reference motion of a molecule."""
        return self.folder / "data" / f"{molecule}_{number:03d}.npz"

    def errors(self, molecule: str, number: int) -> Path:
        """T1: errors of every interpolator on one trajectory."""
        return self.folder / "errors" / f"{molecule}_{number:03d}.json"

    def robustness(self, molecule: str, number: int) -> Path:
        """T1: errors with noise, with less data, at other temperatures, and of distributions."""
        return self.folder / "errors" / f"robustness_{molecule}_{number:03d}.json"

    def openmm(self, number: int) -> Path:
        """T2: errors of every interpolator on motion of alanine dipeptide by OpenMM."""
        return self.folder / "errors" / f"openmm_alanine_dipeptide_{number:03d}.json"

    def propagator(self, molecule: str, number: int) -> Path:
        """T3: errors, chains and spectra of the propagators on one trajectory."""
        return self.folder / "errors" / f"propagator_{molecule}_{number:03d}.json"

    @property
    def attribution(self) -> Path:
        """T3: ranking of the coordinates that turn the CNNC dihedral of azobenzene."""
        return self.folder / "errors" / "attribution.json"

    def forecasts(self, molecule: str, number: int) -> Path:
        """T4: errors of every forecaster on one trajectory."""
        return self.folder / "forecasts" / f"{molecule}_{number:03d}.json"

    def paths(self, system: str) -> Path:
        """T5: restored paths of a run, and MD steps saved by early stops."""
        return self.folder / "paths" / f"{system}.json"

    def bridge(self, molecule: str, number: int) -> tuple[Path, Path]:
        """Tensors and card of our interpolator."""
        return self._model(f"{molecule}_{number:03d}")

    def _model(self, name: str) -> tuple[Path, Path]:
        folder = self.folder / "models"
        return folder / f"{name}.safetensors", folder / f"{name}.json"

    def figure(self, molecule: str) -> Path:
        """T1: errors, a bond and spectra."""
        return self.folder / f"{molecule}.png"

    def propagator_figure(self, molecule: str) -> Path:
        """T3: errors against time, energy along a chain, and spectra."""
        return self.folder / f"{molecule}_propagator.png"

    def forecast_figure(self, molecule: str) -> Path:
        """T4: errors by horizon, long forecasts."""
        return self.folder / f"{molecule}_forecast.png"

    @property
    def tables(self) -> Path:
        """All numbers as a list of table, row, column, value, std, unit."""
        return self.folder / "tables.json"

    @property
    def text(self) -> Path:
        """The same as Markdown tables, with the targets."""
        return self.folder / "tables.md"

    @property
    def page(self) -> Path:
        """Figures, tables and targets as a self-contained page."""
        return self.folder / "report.html"
