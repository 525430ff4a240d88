"""Stage ``kinetics``: rates, free energy difference and free-energy profile."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from mechanist.analysis.channels.excursions import channel_report
from mechanist.analysis.channels.path_features import channel_measures
from mechanist.analysis.convergence.verdict import combine
from mechanist.analysis.kinetics.channel_shares import channels_of_run
from mechanist.analysis.kinetics.equilibrium_ensemble import equilibrium_ensemble
from mechanist.analysis.kinetics.excursion_data import Excursions, load_excursions
from mechanist.analysis.kinetics.free_energy import Profile, profile_along_q
from mechanist.analysis.kinetics.rate_results import (
    METHOD,
    Resampled,
    excursion_counts,
    no_rates,
    one_line,
    path_duration,
    rate_results,
    resampled_estimate,
)
from mechanist.analysis.kinetics.rate_test import reasons
from mechanist.analysis.kinetics.run_data import all_observations, run_frames_made
from mechanist.analysis.kinetics.run_tests import run_tests
from mechanist.arrays import FrameSource, Weights
from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import damage_reported, read_json, write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import MechanistError
from mechanist.sampling.excursions.tables import (
    EXCURSION_COLUMNS,
    EXCURSION_STREAM,
    NOTHING_TO_SHOOT,
    STATE_COLUMNS,
)
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    Table,
    join,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.prepared import Prepared, load, load_inputs

PROFILE_COLUMNS = ("q", "free_energy_kJ_per_mol", "low", "high")
FRAME_COLUMNS = ("weight",)


def kinetics(config: Config, layout: Layout, last: int, log: Callable[[str], None]) -> None:
    """Write kinetics.json and the free energies, which are empty if no rates can be estimated."""
    prepared = load(layout)
    length = path_duration(path_index(config, layout, last), prepared)
    duration = {"mean_path_duration_ps": None if length is None else asdict(length)}
    common: dict[str, Any] = {
        "method": METHOD,
        "temperature_K": prepared.temperature,
        **duration,
        "ignored_by_user": list(config.kinetics.ignore_slow),
    }
    if not any(_shot_count(layout, worker) for worker in range(config.sampling.workers)):
        result: dict[str, Any] = common | reservation(layout, last) | no_rates(NOTHING_TO_SHOOT, [])
        result |= write_channels(layout, last, prepared, None, None)
        write_free_energies(layout, None, [], np.empty(0))
        write_json(layout.kinetics, result | {"excursions": {}})
        log(one_line(result))
        return
    excursions = load_excursions(config, layout, prepared)
    tests = run_tests(all_observations(config, layout, prepared))
    result = {
        **common,
        "excursions": excursion_counts(excursions.data),
    } | reservation(layout, last)
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1, 2))
    try:
        resampled = resampled_estimate(excursions, config.kinetics.bootstrap, rng, log)
    except MechanistError as error:
        result |= no_rates("; ".join([error.what, *reasons(tests)]), tests)
        write_free_energies(layout, None, [], np.empty(0))
        result |= write_channels(layout, last, prepared, excursions, None)
    else:
        write_estimate(config, layout, prepared, excursions, resampled)
        result |= rate_results(
            config.kinetics,
            excursions,
            resampled,
            tests,
            prepared,
            run_frames_made(config, layout),
        )
        result |= write_channels(layout, last, prepared, excursions, resampled)
    write_json(layout.kinetics, result)
    log(one_line(result))


def write_channels(
    layout: Layout,
    last: int,
    prepared: Prepared,
    excursions: Excursions | None,
    resampled: Resampled | None,
) -> dict[str, Any]:
    """Write channels.json, if path sampling was assessed; what they mean for the rates."""
    file = layout.round(last).assessment
    if not file.is_file():
        return {}
    content = read_json(file)
    with damage_reported(file):
        groups = dict(content["channels"])
    measures = channel_measures(load_inputs(layout), prepared.states, prepared.masses)
    if excursions is None:
        channels = channel_report(groups, None)
    else:
        channels = channels_of_run(groups, measures, excursions, resampled)
    write_json(layout.channels, channels)
    found = combine(content, None, channels)
    text = "; ".join(found.reasons)
    why = "" if found.converged else f"path sampling has not converged: {text}"
    return {"preliminary": not found.converged, "preliminary_reason": why}


def _shot_count(layout: Layout, worker: int) -> int:
    """Excursions of the chains of a job."""
    return len(read_table(layout.kinetics_job(worker).index, EXCURSION_COLUMNS)["source"])


def reservation(layout: Layout, last: int) -> dict[str, Any]:
    """Whether path sampling has converged; if not, the rates are preliminary."""
    file = layout.round(last).assessment
    if not file.is_file():
        return {"preliminary": True, "preliminary_reason": "path sampling was not assessed"}
    assessment = read_json(file)
    with damage_reported(file):
        converged, reason = bool(assessment["converged"]), str(assessment["reason"])
    why = "" if converged else f"path sampling has not converged: {reason}"
    return {"preliminary": not converged, "preliminary_reason": why}


def path_index(config: Config, layout: Layout, last: int) -> Table:
    """Path tables of all jobs of the rounds up to ``last``."""
    return join(
        [
            read_table(layout.round(number).worker(worker).index, PATH_COLUMNS)
            for number in range(last + 1)
            for worker in range(config.sampling.workers)
        ]
    )


def write_estimate(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    excursions: Excursions,
    resampled: Resampled,
) -> None:
    """Write the free energy along q and the equilibrium ensemble."""
    profile = profile_along_q(excursions.edges, resampled.mass, resampled.masses, prepared.kt)
    jobs = [layout.kinetics_job(worker) for worker in range(config.sampling.workers)]
    states = join([read_table(job.state_index, STATE_COLUMNS) for job in jobs])
    state_frames = [open_frames(job.states, prepared.atoms) for job in jobs]
    ensemble = equilibrium_ensemble(excursions, resampled.whole, states, state_frames)
    write_free_energies(layout, profile, *ensemble, prepared.frame_box)


def write_free_energies(
    layout: Layout,
    profile: Profile | None,
    frames: list[FrameSource],
    weights: Weights,
    box: BoxVectors | None = None,
) -> None:
    """Write free_energy.csv, frames.trr (with boxes of the shape of ``box``) and frames.parquet."""
    rows = [] if profile is None else zip(*vars(profile).values(), strict=True)
    text = csv_text(PROFILE_COLUMNS, [[f"{x:.5g}" for x in row] for row in rows])
    write_text(layout.profile, text)
    write_frames(layout.equilibrium_frames, frames, box=box)
    write_table(layout.equilibrium_weights, {"weight": weights}, FRAME_COLUMNS)
