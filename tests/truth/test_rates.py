"""Rates of whole small runs, twenty seeds each, against known answers and plain runs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

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

SEEDS = 20
LEAST_COVERED = 17
"""Of 20 intervals of 95 %: fewer cover with probability 0.016 if they are right."""


@dataclass(frozen=True)
class Known:
    """Known answers: rate per ps of either direction and its standard error; mean path in ps."""

    system: str
    rate: float
    error: float


# Unbiased runs with the same integrator that look at every step; at the stride of the shipped
# systems a crossing of a state that lasts less than a frame is missed, which is below 2 % here.
KNOWN = (
    Known("double_well", 4.91e-3, 0.06e-3),
    Known("aimmd_toy", 1.268e-3, 0.010e-3),
)


def config(system: str, seed: int) -> Config:
    """One shooting round for the network, then the default settings of the kinetics."""
    return Config.model_validate(
        {
            "system": system,
            "seed": seed,
            "engine": {"platform": "Reference"},
            "sampling": {"workers": 1, "chains": 64, "first_round": 2000},
            "learn": {"members": 3, "hidden": [16, 16], "steps": 600},
            "kinetics": {"bootstrap": 100},
        }
    )


quiet = Journal()


def one_run(system: str, seed: int, folder: Path) -> dict:
    """kinetics.json of a run of its own."""
    settings, layout = config(system, seed), Layout(folder)
    prepare(settings, layout, quiet)
    describe(settings, layout)
    initial(settings, layout, quiet)
    shoot(settings, layout, 0, 0, quiet)
    learn(settings, layout, 0, 1, quiet)
    equilibrium(settings, layout, 0, quiet)
    windows(settings, layout, 0, 1, quiet)
    excursions(settings, layout, 0, quiet)
    kinetics(settings, layout, 0, quiet)
    return read_json(layout.kinetics)


@pytest.mark.truth
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.system)
def test_rates_of_twenty_seeds(known, ledger, tmp_path, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    runs = [one_run(known.system, seed, tmp_path / str(seed)) for seed in range(SEEDS)]
    for run in runs:
        assert run["determined"], run["reason"]
    passed = []
    for key in ("k_AB_per_ps", "k_BA_per_ps"):
        name = f"{known.system}, rates: {key[:4]} (1/ps)"
        values = np.log([run[key]["value"] for run in runs])
        widths = np.log([run[key]["high"] / run[key]["low"] for run in runs]) / 3.92
        error = values.std(ddof=1) / np.sqrt(SEEDS)
        mean, low, high = np.exp(values.mean() + 1.96 * error * np.array([0, -1, 1]))
        passed.append(
            ledger.row(f"{name}, mean of 20 seeds", known.rate, known.error, mean, low, high).passed
        )
        one = runs[0][key]
        row = ledger.row(
            f"{name}, seed 0", known.rate, known.error, one["value"], one["low"], one["high"]
        )
        passed.append(row.passed)
        assert abs(mean / known.rate - 1) < 0.05
        # The interval of one run, widened by what is not known of the truth.
        apart = np.abs(values - np.log(known.rate))
        covered = int((apart < 1.96 * np.hypot(widths, known.error / known.rate)).sum())
        expected = 0.95 * SEEDS
        spread = np.sqrt(SEEDS * 0.05 * 0.95)
        ledger.row(
            f"{name}, intervals of 20 that cover", expected, spread, covered, covered, covered
        )
        assert covered >= LEAST_COVERED, covered
        # Intervals that were far too wide would cover as well: the variance over seeds is that
        # of the intervals times chi-squared of 19 degrees of freedom over 19, within 1e-4.
        ratio = values.var(ddof=1) / np.mean(widths**2)
        least, most = chi2.ppf([5e-5, 1 - 5e-5], SEEDS - 1) / (SEEDS - 1)
        assert least < ratio < most, ratio
    assert all(passed)
    steps = np.mean([run["md_steps"] for run in runs])
    plain = np.exp(np.mean(np.log([run["md_steps_plain_run"] for run in runs])))
    ledger.cost(known.system, steps, plain)
