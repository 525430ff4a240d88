"""The assessment of a run whose shots were imported: what can be known of it, and what cannot.

Held-out shots test the model. Whether sampling has converged is judged by chains, families of first
guesses and rounds, none of which is known of shots made elsewhere: such a run is never converged by
the criteria here.
"""

from mechanist.analysis.convergence.counts import count_shots
from mechanist.analysis.convergence.criteria import Assessment
from mechanist.analysis.convergence.criterion import Criterion, at_least, at_most
from mechanist.committor.calibration import calibration_test
from mechanist.committor.crossfit import CrossFit
from mechanist.committor.gather import Gathered
from mechanist.committor.likelihood import clustered_se, loss_per_outcome
from mechanist.settings.config import Config
from mechanist.statistics.held_out import held_out

UNKNOWN = "unknown of imported shots"

RHAT = "agreement of chains and of their families (nested R-hat)"


def assess_imported(shots: Gathered, unseen: CrossFit, config: Config, text: str) -> Assessment:
    """Held-out loss and calibration; all other criteria are unknown.

    Parameters
    ----------
    shots
        All shots.
    unseen
        Networks that predict chains that they have not seen.
    config
        Settings.
    text
        Where the shots come from, in words.
    """
    data, limits = shots.data, config.convergence
    q = unseen.q(data)
    tested = data.subset(held_out(data.chain, config.learn.held_out_every))
    own_q = unseen.model.q(tested.features)
    tolerance, least = limits.calibration_tolerance, limits.calibration_p
    test = calibration_test(q, data.n_a, data.n_b, data.chain, tolerance, least)
    words = "p-value of the calibration test on unseen chains or blocks"
    calibration = at_least(test.p_value if test.windows else None, least, words)
    criteria: dict[str, Criterion] = {
        "calibration": calibration.seeing(test.power, limits.calibration_power, "p_B at p_B = 1/2"),
        "heldout_gain": at_most(
            None, limits.heldout_gain, f"change of the loss with more shots: {UNKNOWN}"
        ),
        "transitions": at_most(None, 0.0, f"transitions beside those expected: {UNKNOWN}"),
        "spread": at_most(
            None, limits.spread, f"error of q at path frames with |q| < 1: {UNKNOWN}"
        ),
        "rhat": at_most(None, limits.rhat, f"{RHAT}: {UNKNOWN}"),
        "independent_paths": at_least(
            None, limits.independent_paths, f"independent paths: {UNKNOWN}"
        ),
    }
    unknown = ", ".join(
        name for name, each in criteria.items() if each.explanation.endswith(UNKNOWN)
    )
    return Assessment(
        round=0,
        counts=count_shots(shots.table),
        heldout_loss=loss_per_outcome(own_q, tested.n_a, tested.n_b),
        heldout_loss_se=clustered_se(own_q, tested.n_a, tested.n_b, tested.chain),
        criteria=criteria,
        converged=False,
        reason=f"{text}; whether sampling has converged is not known ({unknown})",
        error=unseen.model.error,
    )
