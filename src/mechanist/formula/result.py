"""Results of distillation: formulas with constants and losses, and the Pareto front of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, FrameSource, Q
from mechanist.formula.expression import evaluate
from mechanist.systems.descriptors.descriptor_set import DescriptorSet


@dataclass(frozen=True)
class Constant:
    """A constant of a formula.

    Parameters
    ----------
    name
        Its role in the formula, such as ``constant term`` or ``factor of sin(phi)``.
    value
        As in the text.
    low, high
        95 % interval, from the sandwich covariance clustered by chain.
    unit
        Such as ``nm^-1``; ``1`` for none; None where the form does not determine it.
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
        The same in LaTeX.
    template
        The text with c0, c1, ... for the constants.
    complexity
        Nodes, see `mechanist.formula.expression.nodes`.
    constants
        In the order of the text, fitted to all shots.
    descriptors
        Names of those in the formula, by relevance.
    heldout_loss, heldout_loss_se
        Nats per outcome on held-out chains, of constants fitted to the other chains.
    excess_loss, excess_loss_se
        Loss above that of the best of the Pareto front, and the paired standard error of this.
    q_rms
        Root mean square difference to the network's q at shooting points, both clipped at
        ``formula.q_clip``.
    source
        What proposed it: the name of an engine, or ``grown``.
    stands_share, chosen_share
        Share of resamples of the chains in which this structure represented its length, and in
        which it was the choice.
    set_share
        Share of resamples in which the choice was a formula in the same descriptors.
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
    set_share: float

    def q(self, values: Mapping[str, Array]) -> Q:
        """Reaction coordinate (F,) from descriptors (F,) by name, in nm and rad.

        Raises
        ------
        DataError
            If a descriptor of the formula is not among ``values``.
        """
        return evaluate(self.text, values)

    def frame_q(self, frames: FrameSource, known: DescriptorSet) -> Q:
        """Reaction coordinate (F,) of frames (F, N, 3); its descriptors must be among ``known``."""
        used = known.select(self.descriptors)
        columns = dict(zip(used.names, used.values(frames).T, strict=True))
        return np.array(np.broadcast_to(self.q(columns), len(frames)), dtype=np.float64)


@dataclass(frozen=True)
class Distillation:
    """The Pareto front, the formula chosen on it, and what to compare it with.

    Parameters
    ----------
    pareto_front
        Formulas, shortest first.
    chosen
        One of them; a constant if no formula beats one.
    stable, stability
        Whether at least half of the resamples of the chains choose its descriptors, and a sentence
        on that.
    baselines
        Held-out loss of simple models, by name, in nats per outcome.
    network_heldout_loss, network_heldout_loss_se
        Of the network on the same shots.
    backend
        The engine of the symbolic search, or ``operon+pysr``.
    backend_reason
        Why it was this one, in one line.
    familiar, readability
        The best formula in familiar descriptors alone, and a sentence on what others add; None and
        empty where there is none.
    preferred
        Familiar descriptors.
    """

    pareto_front: tuple[Formula, ...]
    chosen: Formula
    baselines: Mapping[str, float]
    network_heldout_loss: float
    network_heldout_loss_se: float
    backend: str
    backend_reason: str
    stable: bool
    stability: str
    familiar: Formula | None = None
    readability: str = ""
    preferred: tuple[str, ...] = ()
