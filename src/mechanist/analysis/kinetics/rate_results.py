"""Content of kinetics.json: rates, free energy difference and cost, with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mechanist.analysis.convergence.chains import chain_series
from mechanist.analysis.kinetics.excursion_data import (
    AA,
    AB,
    BB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
    Excursions,
)
from mechanist.analysis.kinetics.kinetics import Estimate, Rates, Sample, bootstrap, estimate
from mechanist.analysis.kinetics.rate_test import RateTest, reasons
from mechanist.analysis.kinetics.rate_verdict import rate_tests
from mechanist.arrays import Weights
from mechanist.sampling.records.tables import Table
from mechanist.settings.kinetics import KineticsSettings
from mechanist.statistics.effective_samples import effective_samples
from mechanist.statistics.intervals import (
    TWO_SIDED,
    Interval,
    log_interval,
    normal_interval,
)
from mechanist.systems.prepared import Prepared

METHOD = (
    "equilibrium runs in A and B, and excursions from shots in windows of q, reweighted together;"
    " 95 % intervals from a bootstrap over runs and chains, and what descends from the runs"
)
RATE_KEYS = ("k_AB_per_ps", "k_BA_per_ps", "delta_F_kJ_per_mol")
PASSAGE_KEYS = ("mean_first_passage_AB_ps", "mean_first_passage_BA_ps")


@dataclass(frozen=True)
class Resampled:
    """The estimate from all data with its bootstrap samples.

    Attributes
    ----------
    whole
        Estimate from all data.
    samples
        (S) the bootstrap samples that gave rates.
    transition_weights, transitions
        (T,) weights of the excursions that join A and B, and (S, T) in the bootstrap samples.
    mass, masses
        (W,) equilibrium probability of each window, and (S, W) in the bootstrap samples.
    """

    whole: Estimate
    samples: list[Sample]
    transition_weights: Weights
    transitions: Weights
    mass: Weights
    masses: Weights


def resampled_estimate(
    excursions: Excursions, wanted: int, rng: np.random.Generator, log: Callable[[str], None]
) -> Resampled:
    """Estimate rates from all data and from ``wanted`` bootstrap samples.

    Raises
    ------
    MechanistError
        If all data together give no rates.
    """
    whole = estimate(excursions.data)
    samples, masses, transitions = [], [], []
    joins = excursions.data.kind == AB
    drawn = bootstrap(excursions.data, whole, wanted, rng)
    for number, sample in enumerate(drawn, start=1):
        masses.append(_window_mass(excursions, sample))
        transitions.append(sample.reweighted.weights[joins])
        samples.append(replace(sample, reweighted=whole.reweighted))
        if number % 100 == 0:
            log(f"{number} of {wanted} bootstrap samples")
    mass = _window_mass(excursions, whole)
    shares = np.array(transitions).reshape(-1, int(joins.sum()))
    own = whole.reweighted.weights[joins]
    return Resampled(whole, samples, own, shares, mass, np.array(masses).reshape(-1, len(mass)))


def _window_mass(excursions: Excursions, found: Estimate) -> Weights:
    """Equilibrium probability of each window, (W,)."""
    frames = excursions.window_frames
    return np.asarray(found.rates.per_weight * frames @ found.reweighted.weights)


def rate_results(
    settings: KineticsSettings,
    excursions: Excursions,
    resampled: Resampled,
    before: Sequence[RateTest],
    prepared: Prepared,
    run_frames: int,
) -> dict[str, Any]:
    """Rates with intervals and what they cost, or why the data do not determine them.

    ``before`` are the tests of the runs, ``run_frames`` all frames that they made.
    """
    whole, samples = resampled.whole, resampled.samples
    tests = [*before, *rate_tests(excursions.data, whole, samples, settings.bootstrap)]
    if failed := reasons(tests):
        return no_rates("; ".join(failed), tests)
    result = {"determined": True, "reason": "", "tests": [test.to_json() for test in tests]}
    result |= _with_intervals(whole.rates, [sample.rates for sample in samples], prepared)
    return result | _cost(settings, excursions, resampled, prepared, run_frames)


def no_rates(reason: str, tests: Sequence[RateTest]) -> dict[str, Any]:
    """Entries of kinetics.json if the data do not determine rates."""
    entries = {"determined": False, "reason": reason, "tests": [test.to_json() for test in tests]}
    return entries | dict.fromkeys((*RATE_KEYS, *PASSAGE_KEYS))


def excursion_counts(data: ExcursionData) -> dict[str, int]:
    """Numbers of excursions by kind and origin."""
    shots = data.sampler >= FIRST_WINDOW
    names = {AA: "shots_A_to_A", AB: "shots_A_to_B", BB: "shots_B_to_B"}
    found = {name: int(((data.kind == kind) & shots).sum()) for kind, name in names.items()}
    for side, name in ((RUN_A, "runs_A"), (RUN_B, "runs_B")):
        found[name] = int((data.sampler == side).sum())
        found[f"{name}_transitions"] = int(((data.sampler == side) & (data.kind == AB)).sum())
    return found


def _with_intervals(rates: Rates, samples: list[Rates], prepared: Prepared) -> dict[str, Any]:
    """Rates, passage times and free energy difference with their intervals."""
    frame = prepared.timestep * prepared.stride
    result: dict[str, Any] = {}
    for name, key, passage in zip(("k_ab", "k_ba"), RATE_KEYS, PASSAGE_KEYS, strict=False):
        every = np.array([getattr(sample, name) for sample in samples]) / frame
        value = getattr(rates, name) / frame
        result[key] = asdict(log_interval(value, every))
        result[passage] = asdict(log_interval(1 / value, 1 / every))
    odds = np.array([sample.log_odds for sample in samples])
    difference = normal_interval(prepared.kt * rates.log_odds, prepared.kt * odds)
    result["delta_F_kJ_per_mol"] = asdict(difference)
    return result


def _cost(
    settings: KineticsSettings,
    excursions: Excursions,
    resampled: Resampled,
    prepared: Prepared,
    run_frames: int,
) -> dict[str, Any]:
    """MD steps made for the rates, and those of a plain run with an interval as narrow.

    A plain run of n frames sees n pi_A k_AB transitions, so that the variance of ln k_AB is their
    inverse (Poisson statistics).
    """
    index, rates = excursions.table.index, resampled.whole.rates
    shots = index["source"] == "shot"
    frames = run_frames + int(index["frames"][shots].sum() / (1 - settings.relax))
    variance = float(np.var(np.log([one.rates.k_ab for one in resampled.samples]), ddof=1))
    plain = prepared.stride / (variance * rates.k_ab * rates.pi_a)
    return {"md_steps": frames * prepared.stride, "md_steps_plain_run": float(f"{plain:.3g}")}


def path_duration(index: Table, prepared: Prepared) -> Interval | None:
    """Mean duration of transition paths in ps, from the path tables of all rounds.

    The error takes the correlation along chains into account by the effective number of paths. None
    without a path that counts.
    """
    durations = (index["length"] - 1) * prepared.timestep * prepared.stride
    series = chain_series(index, durations.astype(np.float64))
    if not series:
        return None
    every = np.concatenate(series)
    error = TWO_SIDED * float(every.std() / np.sqrt(max(1.0, effective_samples(series))))
    mean = float(every.mean())
    return Interval(mean, mean - error, mean + error)


def one_line(result: dict[str, Any]) -> str:
    """The rates in words."""
    if not result["determined"]:
        return f"the data do not determine rates: {result['reason']}"
    preliminary = "preliminary: " if result.get("preliminary") else ""
    names = zip(("k_AB", "k_BA", "F_B - F_A"), (result[key] for key in RATE_KEYS), strict=True)
    parts = [f"{name} = {x['value']:.3g} ({x['low']:.3g} to {x['high']:.3g})" for name, x in names]
    return f"{preliminary}{parts[0]} /ps, {parts[1]} /ps, {parts[2]} kJ/mol"
