"""Whole small runs for rates, and what is known about the rates of their systems."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.config import Config
from mechanist.stages.describe import describe
from mechanist.stages.equilibrium import equilibrium
from mechanist.stages.excursions import excursions
from mechanist.stages.initial import initial
from mechanist.stages.kinetics import kinetics
from mechanist.stages.learn import learn
from mechanist.stages.prepare import prepare
from mechanist.stages.shoot import shoot
from mechanist.stages.windows import windows
from mechanist.systems.prepared import load
from tests.conftest import REPOSITORY
from tests.truth.kept import kept

quiet = Journal()
SYSTEMS = REPOSITORY / "tests" / "truth" / "systems"

Known = tuple[float, float]
"""A number and its standard error."""


@dataclass(frozen=True)
class Rated:
    """A system whose rates are known.

    Parameters
    ----------
    system
        Name of a shipped system or of one in tests/truth/systems.
    k_ab, k_ba
        Per ps, at the stride of the system.
    log_odds
        ln(pi_A / pi_B), which is (F_B - F_A) / kT.
    slow
        Whether a state has parts that exchange slowly, so that runs may well refuse.
    """

    system: str
    k_ab: Known
    k_ba: Known
    log_odds: Known
    slow: bool = False

    @property
    def folder(self) -> str:
        """What the key ``system`` of config.yaml is."""
        own = SYSTEMS / self.system
        return str(own) if own.is_dir() else self.system


# Plain runs of thousands of walkers with the same integrator and stride, by
# `python -m tests.truth.plain_rates SYSTEM`; 0 by symmetry where the error is 0.
RATED = (
    Rated("double_well", (4.91e-3, 0.06e-3), (4.91e-3, 0.06e-3), (0.0, 0.0)),
    Rated("aimmd_toy", (1.268e-3, 0.010e-3), (1.268e-3, 0.010e-3), (0.0, 0.0)),
    Rated("two_channels", (5.97e-4, 0.14e-4), (5.97e-4, 0.14e-4), (0.0, 0.0)),
    Rated("uneq", (1.438e-3, 0.022e-3), (1.439e-2, 0.023e-2), (2.30, 0.02)),
    Rated("asym1", (2.786e-3, 0.040e-3), (8.41e-3, 0.13e-3), (1.073, 0.019)),
    Rated("loop", (5.21e-3, 0.042e-3), (1.299e-2, 0.010e-2), (0.910, 0.011)),
    Rated("lowfric", (3.839e-3, 0.049e-3), (9.652e-3, 0.14e-3), (0.898, 0.019)),
    Rated("bent3", (3.51e-3, 0.062e-3), (1.108e-3, 0.019e-3), (-1.072, 0.024)),
    Rated("slow_inv", (5.24e-4, 0.19e-4), (5.24e-4, 0.19e-4), (0.0, 0.0), slow=True),
    Rated("hidden_basin", (1.83e-3, 0.06e-3), (4.74e-3, 0.11e-3), (0.97, 0.02), slow=True),
)


def settings(system: str, seed: int, **kinetics: Any) -> Config:
    """One small shooting round for the network, then rates with two fifths of the default shots."""
    own = {"bootstrap": 60, "shots": 6000, "runs": 48} | kinetics
    return Config.model_validate(
        {
            "system": system,
            "seed": seed,
            "engine": {"platform": "Reference"},
            "sampling": {"workers": 1, "chains": 64, "first_round": 1000},
            "learn": {"members": 3, "hidden": [16, 16], "steps": 600},
            "kinetics": own,
        }
    )


def many(
    system: str, name: str, folder: Path, seeds: int, **kinetics: Any
) -> tuple[list[dict[str, Any]], float]:
    """kinetics.json of kept runs ``name`` with seeds 0, 1, ..., and kT in kJ/mol."""
    runs = []
    for seed in range(seeds):
        config = settings(system, seed, **kinetics)
        home = folder / name / str(seed)
        runs.append(kept(f"{name}-{seed}", __name__, lambda: one_run(config, home)))  # noqa: B023
    return runs, runs[0]["kT"]


def first_round(config: Config, folder: Path) -> Layout:
    """One shooting round and its network."""
    layout = Layout(folder)
    prepare(config, layout, quiet)
    describe(config, layout)
    initial(config, layout, quiet)
    shoot(config, layout, 0, 0, quiet)
    learn(config, layout, 0, 1, quiet)
    return layout


def one_run(config: Config, folder: Path) -> dict[str, Any]:
    """kinetics.json of a run of its own, and kT in kJ/mol."""
    layout = first_round(config, folder)
    equilibrium(config, layout, 0, quiet)
    windows(config, layout, 0, 1, quiet)
    excursions(config, layout, 0, quiet)
    kinetics(config, layout, 0, quiet)
    content: dict[str, Any] = read_json(layout.kinetics)
    return content | {"kT": load(layout).kt}


def exchanged(system: str, folder: Path) -> str:
    """A copy of a system in which the names of A and B are exchanged."""
    text = (SYSTEMS / system / "system.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    states = content["states"]
    content["states"] = {"A": states["B"], "B": states["A"]}
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(folder)


def held(run: dict[str, Any], rated: Rated, kt: float) -> dict[str, bool]:
    """Whether each interval holds the truth, widened by what is not known of the truth."""
    found = {}
    for key, (truth, error) in (("k_AB_per_ps", rated.k_ab), ("k_BA_per_ps", rated.k_ba)):
        width = np.log(run[key]["high"] / run[key]["low"]) / 3.92
        apart = abs(np.log(run[key]["value"] / truth))
        found[key] = bool(apart < 1.96 * np.hypot(width, error / truth))
    key = "delta_F_kJ_per_mol"
    truth, error = rated.log_odds
    width = (run[key]["high"] - run[key]["low"]) / 3.92 / kt
    apart = abs(run[key]["value"] / kt - truth)
    found[key] = bool(apart < 1.96 * np.hypot(width, error))
    return found
