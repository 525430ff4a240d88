"""What distillation gives: formulas with their numbers, and the front they were chosen from."""

from collections.abc import Mapping
from dataclasses import dataclass

from mechanist.arrays import Array
from mechanist.formula.expression import evaluate


@dataclass(frozen=True)
class Constant:
    """A number of a formula.

    Parameters
    ----------
    name
        Where it stands, in words and in the formula's text.
    value
        As in the text.
    low, high
        95 % interval, from the sandwich covariance clustered by chain.
    unit
        Such as ``nm^-1``; ``1`` for none; None where the form leaves it undefined.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str | None


@dataclass(frozen=True)
class Formula:
    """A formula for q.

    Parameters
    ----------
    text
        As `mechanist.formula.expression.parse` reads it; lengths in nm, angles in rad.
    latex
        The same for print.
    template
        The text with c0, c1, ... for the constants.
    complexity
        Nodes, see `mechanist.formula.expression.nodes`.
    constants
        In the order of the text, fitted to all shots.
    descriptors
        Names in the formula, by relevance.
    heldout_loss, heldout_loss_se
        Nats per outcome on held-out chains, of constants fitted to the other chains.
    excess_loss, excess_loss_se
        How much worse than the best of the front, shot by shot.
    q_rms
        Root mean square distance to the network's q at shooting points, both cut at ``q_clip``.
    source
        What proposed it: the name of a search, or ``grown``.
    stands_share, chosen_share
        Share of resamples of the chains in which this structure was the one of its length, and in
        which it was the choice.
    """

    text: str
    latex: str
    template: str
    complexity: int
    constants: tuple[Constant, ...]
    descriptors: tuple[str, ...]
    heldout_loss: float
    heldout_loss_se: float
    excess_loss: float
    excess_loss_se: float
    q_rms: float
    source: str
    stands_share: float
    chosen_share: float

    def q(self, values: Mapping[str, Array]) -> Array:
        """The logit of p_B (F,) from descriptors (F,) by name, in nm and rad.

        Raises
        ------
        DataError
            If a descriptor of the formula is not among ``values``.
        """
        return evaluate(self.text, values)


@dataclass(frozen=True)
class Distillation:
    """The front, the choice, and what to compare them with.

    Parameters
    ----------
    front
        Shortest first.
    chosen
        One of them.
    baselines
        Held-out loss of simple models, by name, in nats per outcome.
    network_heldout_loss, network_heldout_loss_se
        Of the network on the same shots.
    backend
        The engine of the symbolic search, or ``operon+pysr``.
    backend_reason
        Why it was this one, in one line.
    """

    front: tuple[Formula, ...]
    chosen: Formula
    baselines: Mapping[str, float]
    network_heldout_loss: float
    network_heldout_loss_se: float
    backend: str
    backend_reason: str
