"""Stage ``shoot``: one shooting job of one round."""

from collections.abc import Sequence

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.guide import make_selection
from mechanist.errors import SettingsError
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.shoot import shoot_round
from mechanist.sampling.records.thinning import Thinning
from mechanist.settings.config import Config
from mechanist.systems.prepared import load
from mechanist.trajectory.restore.stride import lowered


def shoot(config: Config, layout: Layout, number: int, worker: int, log: Journal) -> None:
    """Let the chains of one worker make their moves of round ``number``.

    Raises
    ------
    Interrupted
        If a signal to stop has come; the next call resumes from the checkpoint.
    """
    prepared = load(layout)
    longest, warm = prepared.max_half_frames, config.warm_start is not None
    selection = make_selection(config.sampling, layout, number, longest, warm)
    tolerance = config.sampling.store.tolerance
    if tolerance is not None and prepared.boxed:
        what = f"sampling.store.tolerance: {tolerance}: not with npt: paths, whose boxes change"
        raise SettingsError("config.yaml", what)

    def lower(thinning: Thinning, paths: Sequence[CurrentPath]) -> Thinning:
        if tolerance is None:
            return thinning
        frames = [path.frames for path in paths]
        return lowered(thinning, tolerance, frames, prepared.masses, log)

    shoot_round(config, layout, prepared, (number, worker), selection, log, lower)
