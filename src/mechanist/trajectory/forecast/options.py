"""Which parts the forecaster has, and how much is learned; apart from the networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Parts of the forecaster; each can be switched off.

    Parameters
    ----------
    width, heads, blocks
        Of the network; half of the heads look near, half far.
    patch, stride
        Known frames in a delay vector, and frames from one to the next.
    chunk
        Coming frames that one token of the decoder answers for.
    ahead
        Coming frames of one pass; fewer than are asked for means to go on block by block.
    near, far
        Heads of spatial attention that see atoms within two bonds, and all atoms.
    softmax
        Whether attention weights add up to one; else they are exponentials over the number of
        atoms, the continuous attention of STNN.
    aligned
        Whether windows are turned on a reference geometry.
    delays
        Whether tokens hold delay vectors; else single frames.
    decoder
        Whether frames come from a decoder in time; else from one linear layer.
    hankel, conjugate
        Weights of the losses of consistency; 0 switches them off.
    """

    width: int = 64
    heads: int = 4
    blocks: int = 2
    patch: int = 4
    stride: int = 2
    chunk: int = 5
    ahead: int = 20
    near: bool = True
    far: bool = True
    softmax: bool = True
    aligned: bool = True
    delays: bool = True
    decoder: bool = True
    hankel: float = 0.1
    conjugate: float = 0.1


@dataclass(frozen=True)
class Training:
    """How much is learned.

    Parameters
    ----------
    windows
        To learn from, in pairs one frame apart.
    steps, batch
        Of Adam, and pairs of a step.
    rate
        Of Adam.
    checks
        How often the validation block is looked at; the best weights there are kept.
    longer
        Times as many steps for networks of the main table that start from the last frame: our
        forecaster spends that time on its base.
    """

    windows: int = 300
    steps: int = 100
    batch: int = 8
    rate: float = 4e-3
    checks: int = 6
    longer: int = 6
