"""A folder with models of one molecule: ``card.json`` says what they are good for.

``topology.pdb`` names the atoms, ``conformations.safetensors`` holds the learned geometries, and
each kind of model has files of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import MODELS_FORMAT, read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.tools.judge import Row
from mechanist.trajectory.tools.mdtraj_files import topology_file
from mechanist.trajectory.tools.molecule import Conformations, Molecule
from mechanist.trajectory.tools.source import formula

NAME = "card.json"
ROWS = ("fill", "motion", "forecast")


@dataclass(frozen=True)
class Card:
    """What models were learned from, and how well they do on the last block.

    Parameters
    ----------
    conformations
        The molecule, with the geometries that were learned.
    masses
        (N,) in Da.
    dt_ps
        Time between frames.
    step_ps
        Step with which learned forces are integrated; None without forces.
    temperature_K
        Mean kinetic temperature; None without velocities.
    source
        Name and hash of the file, what was found in it, and the frames of its blocks.
    fill
        Errors of the models that fill gaps.
    motion
        Errors after some times, by model.
    forecast
        Errors of forecasts, by model and number of frames.
    warnings
        Limits of these models.
    """

    conformations: Conformations
    masses: NDArray[np.float64]
    dt_ps: float
    step_ps: float | None
    temperature_K: float | None
    source: dict[str, Any]
    fill: tuple[Row, ...]
    motion: tuple[Row, ...] = ()
    forecast: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Atomic numbers (N,)."""
        return self.conformations.molecule.numbers


def write_card(card: Card, folder: Path, topology: Any) -> None:
    """Write card, geometries and topology."""
    from mechanist.bookkeeping.files import atomic

    known, frames = card.conformations, card.conformations.frames
    tensors = {
        "frames": frames,
        "numbers": card.numbers,
        "masses": card.masses,
        "reference": known.molecule.reference,
    }
    content = {
        "meaning": "models of the motion of one molecule; errors are mean distances of atoms in nm"
        " on the last block, with intervals for fresh stretches as long as an eighth of it",
        "atoms": {"count": len(card.numbers), "formula": formula(card.numbers)},
        "dt_ps": card.dt_ps,
        "step_ps": card.step_ps,
        "temperature_K": card.temperature_K,
        "source": card.source,
        **{name: [row.to_json() for row in getattr(card, name)] for name in ROWS},
        "valid": {"conformations_within_nm": known.limit_nm},
        "warnings": list(card.warnings),
    }
    weights = folder / "conformations.safetensors"
    write_model(weights, folder / NAME, tensors, MODELS_FORMAT, content)
    import mdtraj

    with atomic(folder / "topology.pdb") as temporary:
        mdtraj.Trajectory(known.molecule.reference[None], topology).save(str(temporary))


def read_card(folder: Path) -> Card:
    """Read a card that `write_card` has written.

    Raises
    ------
    DataError
        If the folder holds none, or it is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        raise DataError(folder, f"holds no {NAME}; make a model with mechanist trajectory learn")
    weights = folder / "conformations.safetensors"
    content, tensors = read_model(weights, path, MODELS_FORMAT, "card of trajectory models")
    with damage_reported(path):
        molecule = Molecule(tensors["numbers"], tensors["reference"])
        limit = float(content["valid"]["conformations_within_nm"])
        card = Card(
            Conformations(molecule, tensors["frames"], limit),
            tensors["masses"],
            float(content["dt_ps"]),
            None if content["step_ps"] is None else float(content["step_ps"]),
            None if content["temperature_K"] is None else float(content["temperature_K"]),
            dict(content["source"]),
            warnings=tuple(str(one) for one in content["warnings"]),
            **{name: tuple(Row(**row) for row in content[name]) for name in ROWS},
        )
    atoms = len(card.numbers)
    if card.masses.shape != (atoms,) or card.conformations.frames.shape[1:] != (atoms, 3):
        raise DataError(weights, f"shapes do not fit {NAME}; learn the model again")
    return card


def topology(folder: Path) -> Any:
    """Topology of mdtraj of the molecule of a model.

    Raises
    ------
    DataError
        If its file is missing or damaged.
    """
    return topology_file(folder / "topology.pdb", folder, "")


def lines(card: Card) -> Sequence[str]:
    """The card as text."""
    rows = [
        f"{formula(card.numbers)}, {len(card.numbers)} atoms, frames {1e3 * card.dt_ps:g} fs apart"
    ]
    for what in dict.fromkeys((row.known, row.stride, 0) for row in card.fill):
        rows.append(f"one frame in {what[1]} known ({what[0]}): {_sorted(card.fill, what, True)}")
    rows += [
        f"after {1e3 * row.ps:g} fs: {row.model} {row.mean_nm:.2g} nm, x + v t"
        f" {row.straight_nm:.2g} nm"
        for row in card.motion
    ]
    last = max((row.frames for row in card.forecast), default=0)
    for what in dict.fromkeys((row.known, row.stride, last) for row in card.forecast):
        parts = _sorted(card.forecast, what, False)
        every = "every frame" if what[1] == 1 else f"one frame in {what[1]}"
        rows.append(f"forecast of frame {last} after ten, {every} known ({what[0]}): {parts}")
    rows += [f"warning: {one}" for one in card.warnings]
    return rows


def _sorted(rows: Sequence[Row], what: tuple[str, int, int], intervals: bool) -> str:
    """Models and their errors, the best first, of the rows of one kind."""
    some = [row for row in rows if (row.known, row.stride, row.frames) == what]
    some.sort(key=lambda row: row.mean_nm)
    return "; ".join(
        f"{row.model} {row.text() if intervals else f'{row.mean_nm:.2g} nm'}" for row in some
    )
