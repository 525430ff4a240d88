"""Stage ``replay``: one shot of shots.parquet, regenerated as a trajectory."""

from collections.abc import Callable
from pathlib import Path

from mechanist.bookkeeping.layout import Layout
from mechanist.committor.guide import make_selection
from mechanist.errors import DataError
from mechanist.sampling.chains import replay as chains
from mechanist.sampling.chains.shot_record import read_record
from mechanist.sampling.records.tables import write_frames
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def replay(
    config: Config,
    layout: Layout,
    address: tuple[int, int, int, int],
    out: Path | None,
    log: Callable[[str], None],
) -> None:
    """Regenerate a shot, write its frames, print how it ended, and check it against its row.

    Parameters
    ----------
    config, layout
        Settings and files of the run.
    address
        Round, worker, chain and move.
    out
        TRR to write; ``replay_R_W_C_M.trr`` in the current folder if None.

    Raises
    ------
    DataError
        If there is no such shot, or it differs from what the run has stored.
    """
    if out is None:
        out = Path("replay_{}_{}_{}_{}.trr".format(*address))
    if out.suffix != ".trr":
        raise DataError(out, "--out: the name must end in .trr")
    prepared = load(layout)
    record = read_record(layout, address, prepared.atoms)
    chains.check_seed(config, record)
    longest, warm = prepared.max_half_frames, config.warm_start is not None
    selection = make_selection(config.sampling, layout, record.round, longest, warm)
    result = chains.replay(config, layout, prepared, record, selection, log)
    write_frames(out, [result.frames], record=False, box=prepared.frame_box)
    print(result.description(out))
    print(result.verdict())
