"""Pressure within paths: the settings of the barostat, and the box as the last row of a frame.

Where the volume changes along a path, the box is part of a configuration, and each frame has it: a
frame of N atoms has N + 1 rows, of which the last is the diagonal (ax, by, cz) in nm of the reduced
box vectors. The shape of the box does not change, so that one number says how it is scaled.

All that handles frames (paths, checkpoints, shooting points) carries the box with them; what needs
it are contexts, descriptors, and files for other programs, which have it where these expect it.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Positions
from mechanist.systems.descriptors.box import BoxVectors

BAR = 0.0602214076
"""kJ/mol/nm^3."""


FREQUENCY = 25
"""MD steps between two attempts to change the volume, on average; OpenMM's default."""


@dataclass(frozen=True)
class Barostat:
    """Monte Carlo moves of the volume, see `mechanist.engine.volume_moves`.

    Parameters
    ----------
    pressure
        In bar.
    change
        Largest change of the volume of a move in nm^3.
    chance
        Probability of an attempt, before each stride and after it.
    """

    pressure: float
    change: float
    chance: float

    @property
    def kj_per_nm3(self) -> float:
        """The pressure in kJ/mol/nm^3."""
        return BAR * self.pressure


def chance_of_attempt(stride: int) -> float:
    """Probability of an attempt before a stride, and after it, of so many MD steps."""
    return min(1.0, stride / (2 * FREQUENCY))


def with_box(positions: Positions, box: BoxVectors | Array) -> Positions:
    """Positions (..., N, 3) and a last row with the diagonal of the box: (..., N + 1, 3) in nm."""
    row = np.diag(np.asarray(box)).astype(positions.dtype)
    rows = np.broadcast_to(row, (*positions.shape[:-2], 1, 3))
    return np.concatenate([positions, rows], axis=-2)


def scales(rows: Positions, box: BoxVectors | Array) -> Array:
    """Edges of the boxes of frames over those of ``box``: (F,) of last rows (F, 3) in nm."""
    return np.asarray(rows[..., 0], dtype=np.float64) / float(np.asarray(box)[0, 0])
