"""Parts of the forecaster and amounts of training; apart from the networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Parts of the forecaster; each can be switched off.

    Parameters
    ----------
    width, heads, blocks
        Of the network; half of the heads are local, half global.
    patch, stride
        Known frames in a delay vector, and frames from one to the next.
    chunk
        Future frames per token of the decoder.
    ahead
        Future frames per pass; longer forecasts are made block by block.
    near, far
        Whether spatial attention has local heads (atoms within two bonds) and global ones.
    softmax
        Whether attention weights add up to one; else they are exponentials over the number of
        atoms, the continuous attention of STNN.
    aligned
        Whether windows are rotated onto a reference geometry.
    delays
        Whether tokens are delay vectors; else single frames.
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
    """Amounts of training.

    Parameters
    ----------
    windows
        Training windows, in pairs one frame apart.
    steps, batch
        Of Adam, and pairs per step.
    rate
        Of Adam.
    checks
        Evaluations on the validation block; the best weights there are kept.
    longer
        Factor on the steps of networks of the main table that start from the last frame: our
        forecaster spends that time on its base.
    """

    windows: int = 300
    steps: int = 100
    batch: int = 8
    rate: float = 4e-3
    checks: int = 6
    longer: int = 6
