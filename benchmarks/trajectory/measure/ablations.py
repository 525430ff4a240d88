"""Ablations of the forecaster."""

from dataclasses import replace

from mechanist.trajectory.forecast.options import Options

WHOLE = "all parts"
FEW = (WHOLE, "no Hankel loss", "no conjugate loss", "no spatial attention", "no alignment")
"""Ablations on a costly base."""


def without(options: Options) -> dict[str, Options]:
    """Options by name of the ablation; the first has all parts."""
    quarter = max(options.chunk, options.ahead // 4 // options.chunk * options.chunk)
    return {
        WHOLE: options,
        "no Hankel loss": replace(options, hankel=0.0),
        "no conjugate loss": replace(options, conjugate=0.0),
        "near attention only": replace(options, far=False),
        "far attention only": replace(options, near=False),
        "no spatial attention": replace(options, near=False, far=False),
        "attention without softmax": replace(options, softmax=False),
        "no alignment": replace(options, aligned=False),
        "no delay vectors": replace(options, delays=False),
        "no decoder": replace(options, decoder=False),
        "autoregressive by blocks": replace(options, ahead=quarter),
    }
