"""Windows along the q of a model, with the weights that spread shooting points over them."""

import numpy as np

from mechanist.arrays import Array, Frames
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_q
from mechanist.committor.network import load
from mechanist.errors import DataError
from mechanist.sampling.excursions.excursions import EvenWindows
from mechanist.systems.prepared import Prepared, load_inputs


def even_windows(layout: Layout, prepared: Prepared) -> tuple[int, EvenWindows]:
    """The last round, and the windows with their first weights."""
    content = read_json(layout.windows)
    with damage_reported(layout.windows):
        edges = np.array(content["edges"], dtype=np.float64)
        log_weights = np.array(content["log_weights"], dtype=np.float64)
        last = int(content["round"])
    if len(edges) != len(log_weights) + 1 or not np.isfinite(log_weights).all():
        raise DataError(layout.windows, "edges and weights do not fit; delete it and run again")
    inputs = load_inputs(layout)
    model = load(layout.windows_model, layout.windows_model_card)
    if model.feature_names != inputs.feature_names:
        raise DataError(layout.windows_model_card, f"has other inputs than {layout.inputs}")

    def q(frames: Frames) -> Array:
        return frame_q(frames, inputs, model)

    return last, EvenWindows(q, edges, log_weights, prepared.max_half_frames, "windows")
