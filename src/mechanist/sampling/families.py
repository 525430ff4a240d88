"""Families: the chains that descend from one guess of a transition path.

Guesses are found independently of each other (`mechanist.sampling.first_path.guesses`), so that
chains of different families that agree have forgotten where they started. Of P first paths the
chains 0 to P - 1 take each one, the next P chains again, and so on; from the second P on in an
order of their own, so that every n-th chain, as held out of training, is not always of the same
families.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Rows
from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.streams import shot_seeds


@dataclass(frozen=True)
class Families:
    """Which family each first path belongs to.

    Parameters
    ----------
    of_path
        (P,) family of each first path, from 0.
    sources
        What initial.json says of each family: its source, temperature, shots.
    """

    of_path: Rows
    sources: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return int(self.of_path.max()) + 1 if len(self.of_path) else 0

    def first_path(self, chain: Rows) -> Rows:
        """Row of the first path that each chain (K,) starts from."""
        paths = len(self.of_path)
        turns, turn = np.unique(chain // paths, return_inverse=True)
        keys = shot_seeds(0, np.repeat(turns, paths), np.tile(np.arange(paths), len(turns)))
        order = np.argsort(keys.reshape(len(turns), paths), axis=1)
        order[turns == 0] = np.arange(paths)
        return np.asarray(order[turn, chain % paths])

    def of_chain(self, chain: Rows) -> Rows:
        """Family of each chain (K,)."""
        return np.asarray(self.of_path[self.first_path(chain)])


def read_families(layout: Layout) -> Families:
    """Families of a run by initial/initial.json; one family if it is of a version without them.

    Raises
    ------
    DataError
        If the file is missing or damaged.
    """
    content = read_json(layout.initial_report)
    with damage_reported(layout.initial_report):
        of_path = np.zeros(int(content["paths"]), dtype=np.int64)
        families = tuple(content.get("families", ()))
        for number, family in enumerate(families):
            of_path[np.array(family["first_paths"], dtype=np.int64)] = number
    return Families(of_path, families)
