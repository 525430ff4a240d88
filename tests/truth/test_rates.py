"""Rates of whole small runs, twenty seeds each, against known answers and plain runs."""

import numpy as np
import pytest
from scipy.stats import chi2

import mechanist.analysis.kinetics.rate_results
import mechanist.stages.equilibrium
import mechanist.stages.kinetics
from tests.truth.rate_runs import RATED, held, many

SEEDS = 20

LEAST_COVERED = 0.85
"""Of 20 intervals of 95 %: fewer than 17 cover with probability 0.016 if they are right."""

MOST_REFUSED = 0.3

KEYS = ("k_AB_per_ps", "k_BA_per_ps")

pytestmark = pytest.mark.truth


@pytest.mark.parametrize("rated", RATED, ids=lambda rated: rated.system)
def test_rates_of_twenty_seeds(rated, ledger, tmp_path, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    every, kt = many(rated.folder, rated.system, tmp_path, SEEDS)
    runs = [run for run in every if run["determined"]]
    reasons = [run["reason"] for run in every if not run["determined"]]
    name = f"{rated.system}, rates"
    refused = len(reasons)
    ledger.row(f"{name}: refused of 20", 0, 0, refused, 0, refused)
    if not rated.slow:
        assert refused <= MOST_REFUSED * SEEDS, reasons
    if len(runs) < 2:
        return
    covered = [held(run, rated, kt) for run in runs]
    for key in covered[0]:
        count = sum(one[key] for one in covered)
        expected, spread = 0.95 * len(runs), np.sqrt(len(runs) * 0.05 * 0.95)
        title = f"{name}: intervals of {key.split('_per')[0]} of {len(runs)} that cover"
        ledger.row(title, expected, spread, count, count, count)
        assert count >= LEAST_COVERED * len(runs), (key, [run[key] for run in runs])
    for key, (truth, error) in zip(KEYS, (rated.k_ab, rated.k_ba), strict=True):
        values = np.log([run[key]["value"] for run in runs])
        widths = np.log([run[key]["high"] / run[key]["low"] for run in runs]) / 3.92
        side = 1.96 * values.std(ddof=1) / np.sqrt(len(runs))
        mean, low, high = np.exp(values.mean() + side * np.array([0, -1, 1]))
        title = f"{rated.system}, rates: {key[:4]} (1/ps), mean of {len(runs)} seeds"
        assert ledger.row(title, truth, error, mean, low, high).passed
        # Intervals that were far too wide would cover as well. The variance over seeds over that
        # of the intervals is chi-squared of n - 1 degrees of freedom over n - 1, within 1e-4; the
        # bootstrap, which draws chains and runs, may make intervals twice as wide in variance.
        ratio = values.var(ddof=1) / np.mean(widths**2)
        least, most = chi2.ppf([5e-5, 1 - 5e-5], len(runs) - 1) / (len(runs) - 1)
        assert 0.5 * least < ratio < most, ratio
    steps = np.mean([run["md_steps"] for run in runs])
    plain = np.exp(np.mean(np.log([run["md_steps_plain_run"] for run in runs])))
    ledger.cost(rated.system, steps, plain)


def test_runs_that_are_not_tested_give_wrong_rates(ledger, tmp_path, monkeypatch, request):
    # Six runs of a potential with a part of A that they rarely see, of the default length and
    # without any test, with the default number of shots and runs, so that intervals are as narrow
    # as in a run. With tests all are refused.
    monkeypatch.chdir(request.config.rootpath)
    monkeypatch.setattr(mechanist.stages.equilibrium, "longer_runs_help", lambda _: False)
    monkeypatch.setattr(mechanist.stages.equilibrium, "slow", lambda _: False)
    for module in (mechanist.stages.kinetics, mechanist.analysis.kinetics.rate_results):
        monkeypatch.setattr(module, "reasons", lambda _: [])
    rated = next(one for one in RATED if one.system == "hidden_basin")
    runs, kt = many(rated.folder, "untested", tmp_path, 6, shots=16_000, runs=64)
    covered = [held(run, rated, kt) for run in runs if run["determined"]]
    counts = [sum(one[key] for one in covered) for key in covered[0]]
    ledger.broken("rates without tests", "intervals that cover", float(min(counts)), True)
    assert min(counts) < LEAST_COVERED * len(covered)
