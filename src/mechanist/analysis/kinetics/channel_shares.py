"""Shares of the channels by the weights of excursions that join A and B."""

from typing import Any

import numpy as np

from mechanist.analysis.channels.excursions import channel_report, read_groups
from mechanist.analysis.channels.path_features import Measures, path_features
from mechanist.analysis.kinetics.excursion_data import Excursions
from mechanist.analysis.kinetics.excursion_shares import excursion_shares, transition_rows
from mechanist.analysis.kinetics.rate_results import Resampled
from mechanist.arrays import Rows
from mechanist.sampling.records.stored_frames import view


def channel_labels(content: dict[str, Any], measures: Measures, excursions: Excursions) -> Rows:
    """Group (T,) of each excursion that joins A and B; the number of groups: outside all.

    ``content`` is the entry ``channels`` of assessment.json.
    """
    rows, table = transition_rows(excursions.data), excursions.table
    number = np.full(len(table), -1)
    number[rows] = np.arange(len(rows))
    path = number[table.frame_path]
    mine = path >= 0
    q = excursions.q[mine]
    frames = view(table.frames, mine)
    features = path_features(frames, q, path[mine], len(rows), np.isfinite(q), measures)
    return read_groups(content, measures).assign(features, excursions.data.unit[rows])


def channels_of_run(
    content: dict[str, Any],
    measures: Measures,
    excursions: Excursions,
    resampled: Resampled | None,
) -> dict[str, Any]:
    """Content of channels.json; ``resampled`` is None where there are no rates."""
    if resampled is None:
        return channel_report(content, None)
    labels = channel_labels(content, measures, excursions)
    unit = excursions.data.unit[transition_rows(excursions.data)]
    shares = excursion_shares(resampled, labels, unit, content["groups"])
    return channel_report(content, shares)
