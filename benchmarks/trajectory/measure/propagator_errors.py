"""Errors of propagators, in internal and Cartesian coordinates."""

from collections.abc import Mapping

import numpy as np
import torch

from mechanist.trajectory.propagator.motion import Motion
from mechanist.trajectory.propagator.zmatrix import Zmatrix, unwrapped

ANGSTROM = 10.0
"""Angstrom in a nm."""

FS = 1e-3
"""ps in a fs."""

KINDS = ("distance", "angle", "dihedral")


def errors(zmatrix: Zmatrix, found: Motion, true: Motion, at: int) -> Mapping[str, float]:
    """Errors at one of the times.

    Root mean squares over origins, averaged over the coordinates of a kind that are defined by
    atoms alone, as GICnet reports them; in Angstrom, radians and 1/fs. ``position`` is the mean
    absolute error of Cartesian components in Angstrom, ``position_rms`` the root mean square.
    """
    one, other = (
        zmatrix.there(torch.tensor(m.positions[:, at]), torch.tensor(m.velocities[:, at]))
        for m in (found, true)
    )
    off = one[0] - other[0]
    off[..., 2] = unwrapped(off[..., 2], off.new_zeros(()))
    result = {}
    for name, wrong in (("", off), ("_velocity", one[1] - other[1])):
        rms = (wrong**2).mean(0).sqrt().numpy()
        for column, kind in enumerate(KINDS):
            inside = zmatrix.inside[:, column]
            unit = (ANGSTROM if column == 0 else 1.0) * (FS if name else 1.0)
            value = rms[inside, column].mean() if inside.any() else 0.0
            result[kind + name] = unit * float(value)
    away = ANGSTROM * (found.positions[:, at] - true.positions[:, at])
    result["position"] = float(np.abs(away).mean())
    result["position_rms"] = float(np.sqrt((away**2).mean()))
    return result
