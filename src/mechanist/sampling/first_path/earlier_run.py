"""Guesses from a run of the same molecule under another force law.

Transition paths of a cheaper law are not in the ensemble of this one. Like any guess they give
shooting points only: every first path comes from a shot under the law of this run (see
`mechanist.sampling.first_path.equilibrate`).
"""

from dataclasses import dataclass
from pathlib import Path

import mdtraj
import numpy as np

from mechanist.bookkeeping.layout import Layout
from mechanist.errors import SettingsError
from mechanist.sampling.first_path.guess import Guess
from mechanist.sampling.records.tables import join_paths, read_paths
from mechanist.systems.prepared import load_inputs

KEY = "config.yaml"


@dataclass(frozen=True)
class EarlierRun:
    """A run to start from, and the number of its last round with a model."""

    layout: Layout
    last: int

    def guesses(self, wanted: int, atoms: int) -> list[Guess]:
        """The last path of up to ``wanted`` chains, evenly spread over chains.

        Raises
        ------
        DataError
            If a file is missing or damaged.
        """
        files = [worker.full for worker in self.layout.round(self.last).workers]
        table = join_paths([read_paths(frames, index, atoms) for frames, index in files])
        # Rows of a chain are in the order of its moves.
        rows = {int(chain): row for row, chain in enumerate(table.index["chain"])}
        chains = sorted(rows)
        picked = np.linspace(0, len(chains) - 1, min(wanted, len(chains))).round().astype(int)
        return [
            Guess(
                np.array(table.path(rows[chains[i]])),
                {"method": "earlier run", "run": str(self.layout.root), "chain": chains[i]},
            )
            for i in picked.tolist()
        ]


def earlier_run(folder: Path, layout: Layout) -> EarlierRun:
    """The run in ``folder``, for a run with these files.

    Raises
    ------
    SettingsError
        If there is none with a model, or it has other atoms or inputs.
    """
    earlier = Layout(folder)
    trained = [n for n in earlier.rounds() if earlier.round(n).model.is_file()]
    if not trained:
        raise SettingsError(KEY, f"warm_start: {folder}: holds no run with a model of a round")
    if folder.resolve() == layout.root.resolve():
        raise SettingsError(KEY, f"warm_start: {folder}: is this run itself")
    own, other = (mdtraj.load_topology(str(one.topology)) for one in (layout, earlier))
    elements = [[atom.element for atom in topology.atoms] for topology in (own, other)]
    if elements[0] != elements[1]:
        raise SettingsError(KEY, f"warm_start: {folder}: has other atoms than this system")
    inputs = load_inputs(layout), load_inputs(earlier)
    if inputs[0].box_row != inputs[1].box_row:
        what = "the box changes within paths (dynamics.npt) of one of both"
        raise SettingsError(KEY, f"warm_start: {folder}: {what}")
    names = inputs[0].feature_names, inputs[1].feature_names
    if names[0] != names[1]:
        differ = sorted(set(names[0]) ^ set(names[1])) or ["their order"]
        raise SettingsError(
            KEY, f"warm_start: {folder}: has other inputs than this system ({differ[0]})"
        )
    return EarlierRun(earlier, trained[-1])
