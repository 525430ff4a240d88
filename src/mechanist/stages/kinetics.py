"""Stage ``kinetics``: rates, free energy difference and free-energy profile."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from mechanist.analysis.convergence.chains import chain_series
from mechanist.analysis.kinetics.excursions import Excursions, load_excursions
from mechanist.analysis.kinetics.kinetics import (
    AA,
    AB,
    BB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
    Kinetics,
    bootstrap,
    estimate,
)
from mechanist.analysis.kinetics.rate_verdict import (
    Interval,
    log_interval,
    normal_interval,
    objections,
)
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import MechanistError
from mechanist.sampling.records.tables import PATH_COLUMNS, join, read_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.stages.excursions import EXCURSION_STREAM
from mechanist.stages.free_energy import (
    write_equilibrium_frames,
    write_no_free_energy,
    write_profile,
)
from mechanist.statistics.effective_samples import effective_samples
from mechanist.systems.prepared import Prepared, load

RATE_KEYS = ("k_AB_per_ps", "k_BA_per_ps", "delta_F_kJ_per_mol")
PASSAGE_KEYS = ("mean_first_passage_AB_ps", "mean_first_passage_BA_ps")


def kinetics(config: Config, layout: Layout, last: int, log: Callable[[str], None]) -> None:
    """Write kinetics.json, and the free energies where there are any."""
    prepared = load(layout)
    excursions = load_excursions(config, layout, prepared)
    result: dict[str, Any] = {
        "method": "equilibrium runs in A and B, and excursions from shots in windows of q,"
        " reweighted together; 95 % intervals from a bootstrap over runs and chains",
        "temperature_K": prepared.temperature,
        "mean_path_duration_ps": asdict(path_duration(config, layout, last, prepared)),
        "excursions": counts(excursions.data),
    }
    try:
        result |= solve(config, layout, prepared, excursions, log)
    except MechanistError as error:
        result |= nothing(error.what)
        write_no_free_energy(layout)
    write_json(layout.kinetics, result)
    log(one_line(result))


def solve(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    excursions: Excursions,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Rates with intervals, or why there are none; writes the free energies."""
    data, wanted = excursions.data, config.kinetics.bootstrap
    rates, solved = estimate(data)
    frames = excursions.frames
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1, 2))
    samples, masses = [], []
    drawn = bootstrap(data, (rates, solved), wanted, rng)
    for number, (sample, again) in enumerate(drawn, start=1):
        samples.append(sample)
        masses.append(sample.per_weight * frames @ again.weights)
        if number % 100 == 0:
            log(f"{number} of {wanted} bootstrap samples")
    mass = rates.per_weight * frames @ solved.weights
    write_profile(layout, prepared, excursions.edges, mass, np.array(masses))
    write_equilibrium_frames(config, layout, prepared, excursions, rates, solved)
    reasons = objections(data, (rates, solved), samples, wanted)
    if reasons:
        return nothing("; ".join(reasons))
    return numbers(rates, samples, prepared) | cost(config, prepared, excursions, samples, rates)


def counts(data: ExcursionData) -> dict[str, int]:
    """How many excursions of each kind and origin there are."""
    shots = data.source >= FIRST_WINDOW
    names = {AA: "shots_A_to_A", AB: "shots_A_to_B", BB: "shots_B_to_B"}
    found = {name: int(((data.kind == kind) & shots).sum()) for kind, name in names.items()}
    for side, name in ((RUN_A, "runs_A"), (RUN_B, "runs_B")):
        found[name] = int((data.source == side).sum())
        found[f"{name}_transitions"] = int(((data.source == side) & (data.kind == AB)).sum())
    return found


def nothing(reason: str) -> dict[str, Any]:
    """What stands in kinetics.json where the data do not determine rates."""
    return {"determined": False, "reason": reason} | dict.fromkeys((*RATE_KEYS, *PASSAGE_KEYS))


def numbers(rates: Kinetics, samples: list[Kinetics], prepared: Prepared) -> dict[str, Any]:
    """Rates, free energy difference and passage times with their intervals."""
    frame = prepared.timestep * prepared.stride
    result: dict[str, Any] = {"determined": True, "reason": ""}
    for name, key, passage in zip(("k_ab", "k_ba"), RATE_KEYS, PASSAGE_KEYS, strict=False):
        every = np.array([getattr(sample, name) for sample in samples]) / frame
        value = getattr(rates, name) / frame
        result[key] = asdict(log_interval(value, every))
        result[passage] = asdict(log_interval(1 / value, 1 / every))
    odds = np.array([sample.log_odds for sample in samples])
    difference = normal_interval(prepared.kt * rates.log_odds, prepared.kt * odds)
    result["delta_F_kJ_per_mol"] = asdict(difference)
    return result


def cost(
    config: Config,
    prepared: Prepared,
    excursions: Excursions,
    samples: list[Kinetics],
    rates: Kinetics,
) -> dict[str, Any]:
    """MD steps made for the rates, and those of a plain run with an interval as narrow."""
    frames = 2 * config.kinetics.runs * config.kinetics.run_frames
    shots = excursions.table.index["source"] == "shot"
    frames += int(excursions.table.index["frames"][shots].sum() / (1 - config.kinetics.relax))
    variance = float(np.var(np.log([sample.k_ab for sample in samples]), ddof=1))
    plain = prepared.stride / (variance * rates.k_ab * rates.pi_a)
    return {"md_steps": frames * prepared.stride, "md_steps_plain_run": float(f"{plain:.3g}")}


def path_duration(config: Config, layout: Layout, last: int, prepared: Prepared) -> Interval:
    """Mean duration of transition paths in ps, from the chains of path sampling."""
    index = join(
        [
            read_table(layout.round(number).worker(worker).index, PATH_COLUMNS)
            for number in range(last + 1)
            for worker in range(config.sampling.workers)
        ]
    )
    durations = (index["length"] - 1) * prepared.timestep * prepared.stride
    series = chain_series(index, durations.astype(np.float64))
    every = np.concatenate(series)
    error = 1.96 * float(every.std() / np.sqrt(max(1.0, effective_samples(series))))
    mean = float(every.mean())
    return Interval(mean, mean - error, mean + error)


def one_line(result: dict[str, Any]) -> str:
    """The rates in words."""
    if not result["determined"]:
        return f"the data do not determine rates: {result['reason']}"
    names = zip(("k_AB", "k_BA", "F_B - F_A"), (result[key] for key in RATE_KEYS), strict=True)
    parts = [f"{name} = {x['value']:.3g} ({x['low']:.3g} to {x['high']:.3g})" for name, x in names]
    return f"{parts[0]} /ps, {parts[1]} /ps, {parts[2]} kJ/mol"
