"""Stage ``prepare``: forces, starting structure and states of a system."""

from collections.abc import Callable
from functools import partial

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.volume import settle_volume
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.build import prepare as build


def prepare(config: Config, layout: Layout, log: Callable[[str], None]) -> None:
    """Write system.xml, topology.pdb and dynamics.json; the seed is that of the barostat."""
    folder = system_folder(config.system)
    settle = partial(settle_volume, seed=config.seed, log=log)
    build.prepare(load_system(folder), folder, layout, settle)
