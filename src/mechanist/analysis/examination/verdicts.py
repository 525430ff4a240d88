"""What the MD steps of an examination say: errors and warnings."""

from mechanist.analysis.examination.costs import Costs
from mechanist.arrays import Labels
from mechanist.engine.trial import Trial
from mechanist.systems.build.sanity import ERROR, WARNING, Finding
from mechanist.systems.descriptors.states import States
from mechanist.systems.prepared import Prepared

FALSE_ALARM = 1e-3
"""Chance that a system at the temperature of the bath is called hot."""

BIAS = 1.25
"""Factor on the temperature that is no fault: errors of a long time step, a start that is still
releasing energy."""

DESCRIPTOR_SHARE = 1.0
"""Time that the descriptors of the states may take, relative to the MD steps of a stride."""


def hottest(freedom: int) -> float:
    """Largest kinetic temperature of a sound system, as a factor on that of the bath.

    In f degrees of freedom f T / T_bath has the chi-squared distribution of f degrees.
    """
    from scipy.stats import chi2

    return float(BIAS * chi2.isf(FALSE_ALARM, freedom) / freedom)


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
