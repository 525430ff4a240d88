"""Paths stored in part: every n-th frame, and only the waters nearest to the solute.

`mechanist.sampling.records.stored_waters` says which waters are stored and where the others are put
when frames are read. Whether the values of all descriptors in use are the same is tested on frames
of each job.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Frames, FrameSource, Rows
from mechanist.errors import DataError, SettingsError
from mechanist.sampling.records.stored_waters import Waters
from mechanist.settings.run import StoreSettings
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.waters import is_water
from mechanist.systems.prepared import Prepared

NOTE = "store"
"""Key of the note in the head of an index of paths that are stored in part."""

CHUNK_ATOMS = 2_000_000
"""Atoms of the frames whose descriptors are compared at a time."""

TESTED = 400
"""Frames of a job whose descriptors are compared, at most."""

TOLERANCE = 1e-4
"""Largest change of a descriptor, in units of its standard deviation over the frames."""


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

    def reduce(self, frames: FrameSource, move: int) -> Frames:
        """Stored frames and atoms of a path (F, N, 3)."""
        kept = self.thin(frames, move)
        return kept if self.waters is None else self.waters.reduce(kept)

    def thin(self, frames: FrameSource, move: int) -> Frames:
        """Stored frames of a path (F, N, 3), with all atoms."""
        kept: Frames = frames[self.rows(len(frames), move)]
        return kept

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
                "centres": waters.around.tolist(),
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
            # Earlier versions took all of the solute.
            np.array(content.get("centres", content["solute"]), dtype=np.int64),
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
    if prepared.boxed:
        raise SettingsError(
            "config.yaml",
            f"sampling.store.waters: {settings.waters}: npt: paths needs all (others would be put"
            " back into another box)",
        )
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
    centres = _centres(solute, residues, prepared)
    return Thinning(
        settings.every, Waters(solute, molecules, settings.waters, first - first[0], box, centres)
    )


def _centres(solute: Rows, residues: Sequence[Any], prepared: Prepared) -> Rows:
    """The solute without ions of the solvent: residues of one atom that the states do not name.

    If all of the solute are such ions, they are the centres.
    """
    named = {atom for d in prepared.states.descriptors.descriptors for atom in d.every_atom}
    single = {next(one.atoms).index for one in residues if one.n_atoms == 1} - named
    centres = solute[~np.isin(solute, list(single))]
    return centres if len(centres) else solute


def check_descriptors(
    thinning: Thinning | None, paths: Sequence[FrameSource], sets: Sequence[DescriptorSet]
) -> None:
    """Check that the stored waters are enough for the descriptors in use.

    Raises
    ------
    SettingsError
        If the value of a descriptor changes when it is computed from stored atoms.
    """
    if thinning is None or thinning.waters is None or not paths:
        return
    step = max(1, sum(map(len, paths)) // TESTED)
    every = [(path, i) for path in paths for i in range(0, len(path), step)]
    size = max(1, CHUNK_ATOMS // paths[0].shape[1])
    one: list[list[Array]] = [[] for _ in sets]
    other: list[list[Array]] = [[] for _ in sets]
    for start in range(0, len(every), size):
        frames = np.stack([path[i] for path, i in every[start : start + size]])
        again = thinning.waters.expand(thinning.waters.reduce(frames))
        for i, descriptors in enumerate(sets):
            one[i].append(descriptors.values(frames))
            other[i].append(descriptors.values(again))
    for i, descriptors in enumerate(sets):
        values, restored = np.concatenate(one[i]), np.concatenate(other[i])
        change = np.abs(values - restored).max(axis=0) / np.maximum(values.std(axis=0), 1e-6)
        worst = int(np.argmax(np.where(np.isfinite(change), change, np.inf)))
        if not change[worst] <= TOLERANCE:
            raise SettingsError(
                "config.yaml",
                f"sampling.store.waters: {thinning.waters.nearest}: too few for"
                f" {descriptors.names[worst]!r}, which changes by {change[worst]:.2g} of its"
                " standard deviation; store more waters, or all",
            )
