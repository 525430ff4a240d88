"""Stage ``formula_inputs``: the descriptors that formulas may use beside the inputs."""

from mechanist.bookkeeping.layout import Layout
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.descriptors import describe


def formula_inputs(config: Config, layout: Layout) -> None:
    """Write formula_inputs.json."""
    folder = system_folder(config.system)
    describe.formula_inputs(load_system(folder), folder, layout)
