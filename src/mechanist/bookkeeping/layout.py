"""Paths of the files of a run below results/NAME; the names are an interface."""

from dataclasses import dataclass
from pathlib import Path

from mechanist.bookkeeping.job_files import FreshFiles, KineticsFiles, RoundFiles, WorkerFiles


@dataclass(frozen=True)
class PairFiles:
    """Files of a guided and a uniform run with the same seed."""

    folder: Path

    def run(self, selection: str) -> "Layout":
        """Files of one of the two runs."""
        return Layout(self.folder / selection)

    @property
    def shots(self) -> Path:
        """Compared quantities of every shot of both runs."""
        return self.folder / "shots.parquet"

    @property
    def record(self) -> Path:
        """Budget, settings and times of both runs."""
        return self.folder / "pair.json"


@dataclass(frozen=True)
class CompareFiles:
    """Guided against uniform selection."""

    folder: Path

    def pair(self, number: int) -> PairFiles:
        """Files of one pair of runs."""
        return PairFiles(self.folder / f"seed_{number:03d}")

    @property
    def table(self) -> Path:
        """One row a run."""
        return self.folder / "compare.csv"

    @property
    def numbers(self) -> Path:
        """Ratios with intervals, curves, settings."""
        return self.folder / "compare.json"

    @property
    def text(self) -> Path:
        """The same as a table to read."""
        return self.folder / "compare.md"

    @property
    def figure(self) -> Path:
        """The figure as PNG."""
        return self.folder / "compare.png"

    @property
    def page(self) -> Path:
        """Figure and table as a self-contained page."""
        return self.folder / "compare.html"


@dataclass(frozen=True)
class Layout:
    """All files of one run."""

    root: Path

    @property
    def dynamics(self) -> Path:
        """Integrator, states and the descriptors that define them."""
        return self.root / "system" / "dynamics.json"

    @property
    def system_xml(self) -> Path:
        """Serialised OpenMM System."""
        return self.root / "system" / "system.xml"

    @property
    def topology(self) -> Path:
        """Atoms and starting structure, as mdtraj and VMD read it."""
        return self.root / "system" / "topology.pdb"

    @property
    def imported(self) -> Path:
        """Where the shots come from; only of a run whose shots were imported."""
        return self.root / "imported.json"

    @property
    def inputs(self) -> Path:
        """Descriptors that networks and formulas see."""
        return self.root / "system" / "inputs.json"

    @property
    def formula_inputs(self) -> Path:
        """Further descriptors that formulas may use."""
        return self.root / "system" / "formula_inputs.json"

    @property
    def initial(self) -> WorkerFiles:
        """The first transition paths."""
        return WorkerFiles(self.root / "initial")

    @property
    def initial_report(self) -> Path:
        """How the first path was found."""
        return self.root / "initial" / "initial.json"

    @property
    def warm_model(self) -> Path:
        """Model of the run that this one started from."""
        return self.root / "warm_start" / "model.safetensors"

    @property
    def warm_model_card(self) -> Path:
        """Names, units and normalisation of that model."""
        return self.root / "warm_start" / "model.json"

    def round(self, number: int) -> RoundFiles:
        """Files of one round."""
        return RoundFiles(self.root / "rounds" / f"{number:03d}")

    def rounds(self) -> list[int]:
        """Numbers of the rounds with a folder."""
        folders = (self.root / "rounds").glob("[0-9][0-9][0-9]")
        return sorted(int(folder.name) for folder in folders)

    @property
    def relevance(self) -> Path:
        """Inputs by relevance."""
        return self.root / "relevance.csv"

    @property
    def formulas(self) -> Path:
        """Pareto front of formulas."""
        return self.root / "formulas.csv"

    @property
    def formula(self) -> Path:
        """The chosen formula."""
        return self.root / "formula.json"

    @property
    def validation(self) -> Path:
        """Fresh committor shots beside predictions."""
        return self.root / "validation.csv"

    def fresh(self, by: str) -> FreshFiles:
        """Points chosen by ``network`` or ``formula``, and fresh shots."""
        return FreshFiles(self.root / "validation" / by)

    @property
    def validation_formula(self) -> Path:
        """Fresh shots from points chosen by the formula."""
        return self.root / "validation" / "formula.csv"

    @property
    def front_errors(self) -> Path:
        """Error of every formula of the Pareto front on fresh shots."""
        return self.root / "validation" / "front.csv"

    @property
    def verdict(self) -> Path:
        """Errors of network and formula on fresh shots."""
        return self.root / "validation" / "verdict.json"

    @property
    def kinetics(self) -> Path:
        """Rates and free energies, with intervals."""
        return self.root / "kinetics.json"

    @property
    def channels(self) -> Path:
        """Groups of transition paths with their shares."""
        return self.root / "channels.json"

    @property
    def windows(self) -> Path:
        """Windows along q, and the weights that spread shots evenly over them."""
        return self.root / "kinetics" / "windows.json"

    @property
    def windows_model(self) -> Path:
        """Committor model whose q defines the windows."""
        return self.root / "kinetics" / "model.safetensors"

    @property
    def windows_model_card(self) -> Path:
        """Inputs and normalisation of that model."""
        return self.root / "kinetics" / "model.json"

    @property
    def profile(self) -> Path:
        """Free energy along q."""
        return self.root / "kinetics" / "free_energy.csv"

    @property
    def equilibrium_frames(self) -> Path:
        """Frames of all regions that represent equilibrium when weighted."""
        return self.root / "kinetics" / "frames.trr"

    @property
    def equilibrium_weights(self) -> Path:
        """The weights of these frames."""
        return self.root / "kinetics" / "frames.parquet"

    def kinetics_job(self, worker: int) -> KineticsFiles:
        """Files of one job for the rates."""
        return KineticsFiles(self.root / "kinetics" / f"worker_{worker:03d}")

    @property
    def comparison(self) -> CompareFiles:
        """Guided against uniform selection."""
        return CompareFiles(self.root / "compare")

    @property
    def shots(self) -> Path:
        """Every shot of the run."""
        return self.root / "shots.parquet"

    @property
    def paths(self) -> WorkerFiles:
        """Every transition path of the ensemble."""
        return WorkerFiles(self.root / "paths")

    @property
    def committor(self) -> RoundFiles:
        """The final model."""
        return RoundFiles(self.root / "committor")

    @property
    def summary(self) -> Path:
        """Summary as JSON."""
        return self.root / "summary.json"

    @property
    def summary_text(self) -> Path:
        """Summary for the terminal."""
        return self.root / "summary.md"

    @property
    def report(self) -> Path:
        """Report with figures."""
        return self.root / "report.html"

    @property
    def benchmarks(self) -> Path:
        """Cost of every job: Snakemake's benchmark, and times recorded by the job."""
        return self.root / "benchmarks"

    @property
    def manifest(self) -> Path:
        """Hash of every file of the run, written last."""
        return self.root / "manifest.json"

    @property
    def session(self) -> Path:
        """Start of the last run of the workflow, and its cores."""
        return self.benchmarks / "session" / "session.json"

    def times(self, job: str) -> Path:
        """Times of a job; beside Snakemake's benchmark of the same name."""
        return self.benchmarks / f"{job}.json"
