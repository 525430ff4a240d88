"""What the MD steps of an examination say: errors and warnings."""

from mechanist.analysis.examination.costs import Costs
from mechanist.arrays import Labels
from mechanist.engine.trial import Trial
from mechanist.settings.config import Config
from mechanist.settings.system import DynamicsSettings
from mechanist.systems.build.sanity import ERROR, WARNING, Finding
from mechanist.systems.descriptors.states import States
from mechanist.systems.prepared import Prepared

FALSE_ALARM = 1e-3
"""Chance that a system at the temperature of the bath is called hot."""

BIAS = 1.25
"""Factor on the temperature that is no fault: errors of a long time step, a start that is still
releasing energy."""

LONG_RUN = 24.0
"""Hours of one job above which the MD of a run is listed part by part."""

TYPICAL = 0.2
"""Length of a typical shot, relative to the longest: max_half_path is several transition times."""

DESCRIPTOR_SHARE = 1.0
"""Time that the descriptors of the states may take, relative to the MD steps of a stride."""


def hottest(freedom: int) -> float:
    """Largest kinetic temperature of a sound system, as a factor on that of the bath.

    In f degrees of freedom f T / T_bath has the chi-squared distribution of f degrees.
    """
    from scipy.special import chdtri

    return float(BIAS * chdtri(freedom, FALSE_ALARM) / freedom)


def stability(trial: Trial, prepared: Prepared) -> list[Finding]:
    """What is wrong with the MD steps."""
    if trial.fault:
        return [
            Finding(
                ERROR,
                f"MD is not stable: {trial.fault}; shorten dynamics.timestep, or look at the"
                " structure and the force field",
            )
        ]
    if trial.temperature > hottest(trial.freedom) * prepared.temperature:
        return [
            Finding(
                WARNING,
                f"the temperature after the steps is {trial.temperature:.0f} K, not"
                f" {prepared.temperature:.0f} K; the time step may be too long",
            )
        ]
    return []


def place(labels: Labels, states: States) -> list[Finding]:
    """Whether the starting structure lies in a state; ``labels`` (F,) are those of the frames."""
    if labels[0] != 0:
        return []
    seen = [state.name for state, label in ((states.a, -1), (states.b, 1)) if label in labels]
    if seen:
        text = f"the structure lies in neither state; the MD steps reached {seen[0]}"
        return [Finding(WARNING, text)]
    return [
        Finding(
            WARNING,
            "the structure lies in neither state, and the MD steps visited none: hot MD must find"
            " both; the distances are listed above",
        )
    ]


def long_run(cost: Costs, config: Config, dynamics: DynamicsSettings) -> list[Finding]:
    """What the MD of a run takes with these settings, if it is long.

    Parameters
    ----------
    cost
        Speed of a job, and steps of the longest half-shot.
    config
        Settings of the run.
    dynamics
        Of the system.
    """
    rates, fresh = config.kinetics, config.validation
    half = TYPICAL * cost.half_steps
    points = fresh.points + fresh.formula_points + fresh.surface_points
    parts: list[tuple[str, str, float]] = [
        ("the first round", "sampling.first_round", 2 * half * config.sampling.first_round),
        ("fresh shots", "validation.points, validation.shots", half * points * fresh.shots),
    ]
    if dynamics.pressure is not None:
        parts.insert(0, ("the barostat", "dynamics.npt_steps", dynamics.npt_steps))
    if rates.rates:
        runs = 2 * rates.runs * rates.run_frames * dynamics.stride
        keys = "kinetics.runs, kinetics.run_frames; kinetics.rates: false leaves them out"
        parts.append(("runs for the rates", keys, runs))
        parts.append(("excursions", "kinetics.shots", 2 * half * rates.shots))
    hours = [steps / cost.steps_per_second / 3600 for *_, steps in parts]
    if sum(hours) < LONG_RUN:
        return []
    said = "; ".join(
        f"{name} {_hours(time)} ({keys})"
        for (name, keys, _), time in zip(parts, hours, strict=True)
    )
    if config.initial.method in ("auto", "hot") and config.initial.path is None:
        most = 1000 * config.initial.budget / dynamics.timestep / cost.steps_per_second / 3600
        said += f"; hot MD for first paths at most {_hours(most)} at each factor (initial.budget)"
    return [
        Finding(
            WARNING,
            f"a run takes about {_hours(sum(hours))} of one job here, shared among the cores, if"
            f" a shot takes a fifth of the longest: {said}",
        )
    ]


def _hours(time: float) -> str:
    return f"{time:,.0f} h" if time >= 10 else f"{time:.1f} h"


def expense(cost: Costs) -> list[Finding]:
    """Whether shots need too much memory or time."""
    found = []
    if cost.needed_bytes > cost.free_bytes:
        found.append(
            Finding(
                WARNING,
                f"a job may need {cost.needed_bytes / 1e9:.1f} GB of memory;"
                f" {cost.free_bytes / 1e9:.1f} GB are free; lower sampling.chains or"
                " dynamics.max_half_path, or raise dynamics.stride",
            )
        )
    if cost.label_share > DESCRIPTOR_SHARE:
        found.append(
            Finding(
                WARNING,
                f"the descriptors of the states take {100 * cost.label_share:.0f} % of the time of"
                " the MD steps; raise dynamics.stride",
            )
        )
    return found
