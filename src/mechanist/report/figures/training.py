"""Figure: loss by epoch of the last training."""

import numpy as np

from mechanist.errors import DataError
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    A_COLOUR,
    HALF,
    MARK,
    NETWORK,
    Picture,
    canvas,
    grid,
    to_svg,
)


def training(data: ReportData) -> Picture | None:
    """Loss by epoch of the last training."""
    if data.training is None:
        return None
    path = data.layout.round(int(data.last["round"])).training
    try:
        inside = np.array(data.training["train"], dtype=np.float64)
        outside = np.array(data.training["out_of_bag"], dtype=np.float64)
        best = np.array(data.training["best_epoch"], dtype=np.int64)
        at_best = outside[best]
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(path, f"damaged ({error}); delete it and run again") from None
    if not len(inside):
        return None
    epochs = np.arange(1, len(inside) + 1)
    with canvas(HALF, 3.3) as figure:
        axes = figure.subplots()
        axes.plot(epochs, inside, color=A_COLOUR, label="chains in the sample")
        axes.plot(epochs, outside, color=NETWORK, label="chains left out")
        axes.plot(best + 1, at_best, "o", ms=6, mfc=MARK, mec="white", label="weights kept")
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss (nats per outcome)")
        low = min(inside.min(), outside.min())
        # The high losses of the first epochs would flatten the rest.
        high = np.quantile(np.r_[inside[1:], outside[1:]], 0.98) if len(inside) > 3 else outside[0]
        margin = 0.1 * max(high - low, 1e-3)
        axes.set_ylim(low - margin, max(high, at_best.max()) + 2 * margin)
        grid(axes)
        axes.legend(loc="upper right")
        svg = to_svg(figure, "training", "Loss by epoch of the last training")
    caption = (
        "Mean loss of the networks by epoch of the last training, on the chains of each network's "
        "bootstrap sample and on those left out. Each network keeps the weights of its best epoch "
        "on the chains left out. A widening gap means that more shots are needed."
    )
    return Picture("training", "Training of the last model", svg, caption, wide=False)
