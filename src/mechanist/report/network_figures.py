"""Figures of the network: where the ensemble is unsure, and how its training went."""

import numpy as np

from mechanist.errors import DataError
from mechanist.report.data import ReportData
from mechanist.report.style import A_COLOUR, HALF, MARK, NETWORK, Picture, canvas, grid, to_svg


def uncertainty(data: ReportData) -> Picture | None:
    """Spread of q over the ensemble along q."""
    frames = data.frames
    if frames is None or frames.q is None or frames.spread is None or len(frames.q) < 100:
        return None
    inner = np.abs(frames.q) < np.quantile(np.abs(frames.q), 0.98)
    q, spread = frames.q[inner], frames.spread[inner]
    groups = np.array_split(np.argsort(q, kind="stable"), 24)
    centre = np.array([np.median(q[g]) for g in groups])
    bands = np.array([np.quantile(spread[g], [0.1, 0.5, 0.9]) for g in groups]).T
    limit = data.last["criteria"].get("spread", {}).get("limit")
    with canvas(HALF, 3.3) as figure:
        axes = figure.subplots()
        axes.fill_between(centre, bands[0], bands[2], color=NETWORK, alpha=0.18, lw=0)
        axes.plot(centre, bands[1], color=NETWORK)
        if limit is not None:
            axes.plot([-1, 1], [limit, limit], color=MARK, lw=1.6, ls="--", label="limit of mean")
            axes.legend(loc="upper center")
        axes.set_ylim(0, max(float(bands[2].max()), limit or 0.0) * 1.25)
        axes.set_xlabel("$q = \\ln\\,p_B/(1-p_B)$")
        axes.set_ylabel("spread of $q$ over networks")
        grid(axes)
        svg = to_svg(figure, "uncertainty", "Ensemble spread of q along q")
    how = (
        "How far the networks of the ensemble disagree (standard deviation) on frames of "
        "transition paths: median and the middle 80 %. Near q = 0 a spread of 0.4 in q means 0.1 "
        "in p_B."
    )
    return Picture("uncertainty", "Where the network is unsure", svg, how, wide=False)


def learning(data: ReportData) -> Picture | None:
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
        axes.plot(epochs, inside, color=A_COLOUR, label="chains that a network saw")
        axes.plot(epochs, outside, color=NETWORK, label="chains that it did not see")
        axes.plot(best + 1, at_best, "o", ms=6, mfc=MARK, mec="white", label="weights kept")
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss (nats per outcome)")
        low = min(inside.min(), outside.min())
        # The first epochs are high and would press the rest flat.
        high = np.quantile(np.r_[inside[1:], outside[1:]], 0.98) if len(inside) > 3 else outside[0]
        margin = 0.1 * max(high - low, 1e-3)
        axes.set_ylim(low - margin, max(high, at_best.max()) + 2 * margin)
        grid(axes)
        axes.legend(loc="upper right")
        svg = to_svg(figure, "learning", "Loss by epoch of the last training")
    how = (
        "Mean loss over the networks while the last model was trained; each keeps its weights "
        "from the epoch that did best on the chains it had not drawn. A widening gap would mean "
        "that more shots are needed."
    )
    return Picture("learning", "How the last model learned", svg, how, wide=False)
