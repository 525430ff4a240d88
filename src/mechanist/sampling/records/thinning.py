"""Paths stored in part: every n-th frame, and only the waters nearest to the solute.

Waters are identical, and descriptors do not change when two of them are exchanged. So the solute
and its N nearest waters of each frame are stored, in the order of their indices, whichever they
are: every stored frame has the same number of atoms. When a frame is read, the stored waters become
the first N, and all others are put as far from the solute as the periodic box allows. Whether the
values of all descriptors in use are the same is tested on frames of each job.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Frames, Rows
from mechanist.errors import DataError, SettingsError
from mechanist.settings.run import StoreSettings
from mechanist.systems.descriptors.box import Cell, box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.waters import is_water
from mechanist.systems.prepared import Prepared

NOTE = "store"
"""Key of the note in the head of an index of paths that are stored in part."""

CHUNK = 64
"""Frames at a time."""

TESTED = 400
"""Frames of a job whose descriptors are compared, at most."""

TOLERANCE = 1e-4
"""Largest change of a descriptor, in units of its standard deviation over the frames."""

FAR = 1000.0
"""Distance in nm at which waters that are not stored are put, without a periodic box."""


@dataclass(frozen=True)
class Waters:
    """Which atoms are solute and which are waters, and how many waters are stored.

    Parameters
    ----------
    solute
        (S,) indices.
    molecules
        (W, M) indices of the atoms of each water.
    nearest
        Waters stored of each frame.
    template
        (M, 3) in nm, a water about its first atom.
    box
        (3, 3) reduced box vectors in nm, or None.
    """

    solute: Rows
    molecules: Rows
    nearest: int
    template: Array
    box: Array | None

    @cached_property
    def kept_atoms(self) -> Rows:
        """Indices, in order, of the atoms that stored frames represent: solute and first waters."""
        return np.sort(np.concatenate([self.solute, self.molecules[: self.nearest].ravel()]))

    def reduce(self, frames: Frames) -> Frames:
        """Solute and nearest waters of frames (F, N, 3)."""
        parts = [self._reduce(frames[i : i + CHUNK]) for i in range(0, len(frames), CHUNK)]
        return np.concatenate([frames[:0, self.kept_atoms], *parts])

    def _reduce(self, frames: Frames) -> Frames:
        distances = np.full((len(frames), len(self.molecules)), np.inf)
        centres = frames[:, self.molecules[:, 0]].astype(np.float64)
        cell = None if self.box is None else Cell(self.box)
        for atom in self.solute.tolist():
            away = centres - frames[:, atom, None]
            away = away if cell is None else cell.nearest(away)
            np.minimum(distances, np.einsum("fwx,fwx->fw", away, away), out=distances)
        order = np.argpartition(distances, self.nearest - 1, axis=1)[:, : self.nearest]
        order.sort(axis=1)
        atoms = self.molecules[order].reshape(len(frames), -1)
        reduced = frames[:, self.kept_atoms]
        slots = np.searchsorted(self.kept_atoms, self.molecules[: self.nearest].ravel())
        reduced[:, slots] = np.take_along_axis(frames, atoms[:, :, None], axis=1)
        return reduced

    def expand(self, frames: Frames) -> Frames:
        """Frames with all atoms from reduced ones."""
        atoms = len(self.solute) + self.molecules.size
        full = np.empty((len(frames), atoms, 3), dtype=np.float32)
        full[:, self.kept_atoms] = frames
        centre = full[:, self.solute].astype(np.float64).mean(axis=1)
        away = np.full(3, FAR) if self.box is None else 0.5 * self.box.sum(axis=0)
        others = self.molecules[self.nearest :]
        full[:, others] = centre[:, None, None] + away + self.template
        return full


@dataclass(frozen=True)
class Thinning:
    """Which frames of a path are stored, and which of its atoms.

    Parameters
    ----------
    every
        Every n-th frame is stored.
    waters
        What is stored of a frame; None: all atoms.
    p99
        Error in nm below which 99 % of the heavy atoms of restored frames were in the test by the
        job; None without a test.
    """

    every: int
    waters: Waters | None
    p99: float | None = None

    def rows(self, length: int, move: int) -> Rows:
        """Stored frames of a path: both ends, and every n-th of the others.

        The first of these depends on the move, so that all frames are equally likely.
        """
        inner = np.arange(1 + move % self.every, length - 1, self.every)
        return np.concatenate([[0], inner, [length - 1]])

    def reduce(self, frames: Frames, move: int) -> Frames:
        """Stored frames and atoms of a path (F, N, 3)."""
        kept = frames[self.rows(len(frames), move)]
        return kept if self.waters is None else self.waters.reduce(kept)

    def note(self) -> str:
        """JSON for the head of the index, needed to read the frames."""
        content: dict[str, Any] = {"every": self.every, "waters": "all", "p99_nm": self.p99}
        waters = self.waters
        if waters is not None:
            content |= {
                "waters": waters.nearest,
                "solute": waters.solute.tolist(),
                "molecules": waters.molecules.tolist(),
                "template": waters.template.tolist(),
                "box": None if waters.box is None else waters.box.tolist(),
            }
        return json.dumps(content)


def thinning_of(notes: Mapping[str, str], file: Path) -> Thinning | None:
    """How the paths of an index were stored; None: completely."""
    if NOTE not in notes:
        return None
    try:
        content = json.loads(notes[NOTE])
        p99 = None if content.get("p99_nm") is None else float(content["p99_nm"])
        if content["waters"] == "all":
            return Thinning(int(content["every"]), None, p99)
        waters = Waters(
            np.array(content["solute"], dtype=np.int64),
            np.array(content["molecules"], dtype=np.int64),
            int(content["waters"]),
            np.array(content["template"]),
            None if content["box"] is None else np.array(content["box"]),
        )
        return Thinning(int(content["every"]), waters)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(file, f"damaged note on what is stored ({error}); delete it") from None


def make_thinning(settings: StoreSettings, prepared: Prepared, topology: Path) -> Thinning | None:
    """How to store paths; None: completely.

    Raises
    ------
    SettingsError
        If there are no waters, or not all of the same kind.
    """
    if settings.waters == "all":
        return None if settings.every == 1 else Thinning(settings.every, None)
    import mdtraj

    residues = list(mdtraj.load_topology(str(topology)).residues)
    named = [one for one in residues if one.is_water or is_water(one)]
    waters = [[atom.index for atom in one.atoms] for one in named]
    if not waters or len({len(atoms) for atoms in waters}) != 1:
        what = "no waters" if not waters else "waters of different kinds"
        raise SettingsError(
            "config.yaml", f"sampling.store.waters: {settings.waters}: the system has {what}"
        )
    if settings.waters >= len(waters):
        return Thinning(settings.every, None)
    inside = {i for atoms in waters for i in atoms}
    first = prepared.positions[waters[0]]
    molecules = np.array(waters, dtype=np.int64)
    solute = np.array([i for i in range(prepared.atoms) if i not in inside], dtype=np.int64)
    if len(solute) == 0:
        raise SettingsError("config.yaml", "sampling.store.waters: the system is all water")
    vectors = box_of(prepared.system)
    box = None if vectors is None else np.array(vectors)
    return Thinning(
        settings.every, Waters(solute, molecules, settings.waters, first - first[0], box)
    )


def check_descriptors(
    thinning: Thinning | None, paths: Sequence[Frames], sets: Sequence[DescriptorSet]
) -> None:
    """Check that the stored waters are enough for the descriptors in use.

    Raises
    ------
    SettingsError
        If the value of a descriptor changes when it is computed from stored atoms.
    """
    if thinning is None or thinning.waters is None or not paths:
        return
    every = np.concatenate([path[:: max(1, sum(map(len, paths)) // TESTED)] for path in paths])
    again = thinning.waters.expand(thinning.waters.reduce(every))
    for descriptors in sets:
        one, other = descriptors.values(every), descriptors.values(again)
        spread = np.maximum(one.std(axis=0), 1e-6)
        change = np.abs(one - other).max(axis=0) / spread
        worst = int(np.argmax(np.where(np.isfinite(change), change, np.inf)))
        if not change[worst] <= TOLERANCE:
            raise SettingsError(
                "config.yaml",
                f"sampling.store.waters: {thinning.waters.nearest}: too few for"
                f" {descriptors.names[worst]!r}, which changes by {change[worst]:.2g} of its"
                " standard deviation; store more waters, or all",
            )
