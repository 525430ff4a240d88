"""The selection of a round, guided by the model of the round before.

Round 0 has none. It is guided by the model of a cheaper force law if the run starts from one: any
selection leaves the path ensemble as it is, so that a wrong model costs shots and no exactness.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.network import Committor
from mechanist.committor.network import load as load_model
from mechanist.errors import DataError
from mechanist.sampling.chains.selection import Candidates, Grids, Lorentzian, Selection, Uniform
from mechanist.settings.run import SamplingSettings
from mechanist.systems.prepared import load_inputs

WARM = "warm_start"
"""Name of the model of a cheaper force law in the table of shots."""


@dataclass(frozen=True)
class Foreign:
    """A selection by a model of another force law, which predicts nothing under this one."""

    guide: Lorentzian

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.guide.model

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> list[Candidates]:
        """See `mechanist.sampling.chains.selection.Selection`."""
        return [
            replace(one, p_predicted=np.full(len(one.weights), np.nan))
            for one in self.guide.candidates(paths, grids)
        ]


def make_selection(
    settings: SamplingSettings, layout: Layout, number: int, longest: int, warm: bool = False
) -> Selection:
    """Selection of a round: by the model of the round before.

    In round 0 it is uniform, or with ``warm`` by the model of a cheaper force law.
    """
    files = layout.round(number - 1)
    plain = settings.selection == "uniform" and not files.model.is_file()
    if number == 0 and warm and settings.selection != "uniform":
        return Foreign(_guide(settings, layout, warm_model(layout), WARM, longest))
    if number == 0 or plain:
        # With uniform selection a model only predicts; the comparison has none.
        return Uniform(longest)
    model = load_model(files.model, files.model_card)
    if load_inputs(layout).feature_names != model.feature_names:
        raise DataError(files.model_card, f"was trained on other inputs than {layout.inputs}")
    return _guide(settings, layout, model, f"{number - 1:03d}", longest)


def warm_model(layout: Layout) -> Committor:
    """The model of a cheaper force law.

    Raises
    ------
    DataError
        If it is missing or damaged, or has other inputs.
    """
    model = load_model(layout.warm_model, layout.warm_model_card)
    if load_inputs(layout).feature_names != model.feature_names:
        raise DataError(layout.warm_model_card, f"was trained on other inputs than {layout.inputs}")
    return model


def _guide(
    settings: SamplingSettings, layout: Layout, model: Committor, name: str, longest: int
) -> Lorentzian:
    inputs = load_inputs(layout)
    return Lorentzian(
        q=lambda frames: model.q(inputs.features(inputs.values(frames))),
        gamma=settings.gamma,
        edges=model.density_edges if settings.flatten else None,
        density=model.density if settings.flatten else None,
        model=name,
        uniform=settings.selection == "uniform",
        longest=longest,
    )
