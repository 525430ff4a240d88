"""The selection of a round, guided by the model of the round before."""

from mechanist.bookkeeping.layout import Layout
from mechanist.committor.network import load as load_model
from mechanist.errors import DataError
from mechanist.sampling.chains.selection import Lorentzian, Selection, Uniform
from mechanist.settings.run import SamplingSettings
from mechanist.systems.prepared import load_inputs


def make_selection(
    settings: SamplingSettings, layout: Layout, number: int, longest: int
) -> Selection:
    """Selection of a round: uniform in round 0, then by the model of the round before."""
    files = layout.round(number - 1)
    plain = settings.selection == "uniform" and not files.model.is_file()
    if number == 0 or plain:
        # With uniform selection a model only predicts; the comparison has none.
        return Uniform(longest)
    model = load_model(files.model, files.model_card)
    inputs = load_inputs(layout)
    if inputs.feature_names != model.feature_names:
        raise DataError(files.model_card, f"was trained on other inputs than {layout.inputs}")
    return Lorentzian(
        q=lambda frames: model.q(inputs.features(inputs.values(frames))),
        gamma=settings.gamma,
        edges=model.density_edges if settings.flatten else None,
        density=model.density if settings.flatten else None,
        model=f"{number - 1:03d}",
        uniform=settings.selection == "uniform",
        longest=longest,
    )
