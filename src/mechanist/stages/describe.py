"""Stage ``describe``: the descriptors that networks and formulas see."""

from mechanist.bookkeeping.layout import Layout
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.descriptors import describe as descriptors


def describe(config: Config, layout: Layout) -> None:
    """Write inputs.json."""
    folder = system_folder(config.system)
    descriptors.describe(load_system(folder), folder, layout)
