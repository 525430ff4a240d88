"""Parts of the forecaster and amounts of training; apart from the networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Parts of the forecaster.

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
    hankel: float = 0.1
    conjugate: float = 0.1


@dataclass(frozen=True)
class Training:
    """Amounts of training.

    Parameters
    ----------
    steps, batch
        Of Adam, and pairs per step.
    rate
        Of Adam.
    checks
        Evaluations on the validation block; the best weights there are kept.
    """

    steps: int = 600
    batch: int = 8
    rate: float = 4e-3
    checks: int = 6
