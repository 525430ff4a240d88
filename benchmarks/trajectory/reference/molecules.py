"""Molecules of the reference data: geometries minimised with GFN2-xTB, and permutations."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import SettingsError

Permutation = tuple[int, ...]


@dataclass(frozen=True)
class Molecule:
    """A molecule.

    Parameters
    ----------
    xyz
        Atomic number and Cartesian coordinates in Angstrom of each atom, one after the other.
    swaps
        Cycles of like atoms that thermal motion can exchange; they generate the whole group.
    """

    xyz: str
    swaps: tuple[tuple[Permutation, ...], ...] = ()

    @cached_property
    def _table(self) -> Array:
        return np.array(self.xyz.split(), dtype=np.float64).reshape(-1, 4)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Atomic numbers (N,)."""
        return self._table[:, 0].astype(np.int64)

    @property
    def positions(self) -> Array:
        """Positions (N, 3) in nm."""
        return np.asarray(self._table[:, 1:] * 0.1)

    @property
    def permutations(self) -> NDArray[np.int64]:
        """All permutations of the group, (G, N); the first changes nothing."""
        return group(len(self._table), self.swaps)


def group(atoms: int, generators: tuple[tuple[Permutation, ...], ...]) -> NDArray[np.int64]:
    """Closure of permutations that are given as products of cycles, (G, N)."""
    steps = []
    for cycles in generators:
        step = list(range(atoms))
        for cycle in cycles:
            for here, there in zip(cycle, cycle[1:] + cycle[:1], strict=True):
                step[here] = there
        steps.append(step)
    found = [tuple(range(atoms))]
    for one in found:
        for step in steps:
            product = tuple(one[i] for i in step)
            if product not in found:
                found.append(product)
    return np.array(found, dtype=np.int64)


def molecule(name: str) -> Molecule:
    """A molecule by its name.

    Raises
    ------
    SettingsError
        If there is none of this name.
    """
    if name not in MOLECULES:
        raise SettingsError("molecule", f"{name[:40]!r}: not one of {', '.join(sorted(MOLECULES))}")
    return MOLECULES[name]


MOLECULES = {
    "ethanol": Molecule(
        """
         6  -0.9226  -0.4516  -0.0293
         6   0.3012   0.4506  -0.0013
         8   1.4535  -0.3621   0.0846
         1  -0.9546  -1.0546   0.8738
         1  -0.8679  -1.1174  -0.8860
         1  -1.8267   0.1471  -0.0953
         1   0.2465   1.1272   0.8646
         1   0.3342   1.0637  -0.9142
         1   2.2364   0.1969   0.1032
        """,
        (((3, 4, 5),), ((3, 4), (6, 7))),
    ),
    "malonaldehyde": Molecule(
        """
         6  -1.2616  -0.0092   0.0029
         6  -0.0420  -0.7645  -0.0100
         6   1.1507  -0.1171  -0.0043
         8  -1.3142   1.2150   0.0191
         8   1.2844   1.1866   0.0125
         1  -2.1924  -0.5991  -0.0027
         1  -0.0849  -1.8386  -0.0240
         1   2.0942  -0.6534  -0.0136
         1   0.3658   1.5803   0.0199
        """,
        (((0, 2), (3, 4), (5, 7)),),
    ),
    "benzene": Molecule(
        """
         6  -1.3846   0.0028  -0.0041
         6  -0.6947  -1.1977  -0.0042
         6   0.6899  -1.2005  -0.0000
         6   1.3846  -0.0028   0.0041
         6   0.6947   1.1977   0.0042
         6  -0.6899   1.2005   0.0000
         1  -2.4650   0.0050  -0.0074
         1  -1.2369  -2.1323  -0.0074
         1   1.2282  -2.1373  -0.0000
         1   2.4650  -0.0050   0.0074
         1   1.2369   2.1323   0.0074
         1  -1.2282   2.1373   0.0000
        """,
        (
            ((0, 1, 2, 3, 4, 5), (6, 7, 8, 9, 10, 11)),
            ((1, 5), (2, 4), (7, 11), (8, 10)),
        ),
    ),
    "toluene": Molecule(
        """
         6  -2.2133  -0.0130  -0.0148
         6  -0.7145  -0.0013   0.0085
         6  -0.0002  -1.1672   0.2542
         6   1.3833  -1.1627   0.2553
         6   2.0744   0.0113   0.0097
         6   1.3729   1.1788  -0.2369
         6  -0.0106   1.1708  -0.2373
         1  -2.6141   0.9535   0.2826
         1  -2.6063  -0.7788   0.6502
         1  -2.5679  -0.2286  -1.0235
         1  -0.5342  -2.0871   0.4478
         1   1.9237  -2.0779   0.4500
         1   3.1545   0.0165   0.0119
         1   1.9051   2.0995  -0.4282
         1  -0.5527   2.0862  -0.4294
        """,
        (((7, 8, 9),), ((8, 9),), ((2, 6), (3, 5), (10, 14), (11, 13))),
    ),
    "azobenzene": Molecule(
        """
         7  -0.6216   0.0551  -0.1120
         7   0.6216  -0.0551   0.1120
         6  -1.1584   1.3245  -0.0394
         6  -0.3989   2.4980  -0.1273
         6  -1.0252   3.7259  -0.1095
         6  -2.4060   3.8046   0.0042
         6  -3.1646   2.6465   0.0913
         6  -2.5508   1.4113   0.0587
         6   1.1584  -1.3245   0.0394
         6   0.3989  -2.4979   0.1274
         6   1.0252  -3.7259   0.1096
         6   2.4060  -3.8046  -0.0042
         6   3.1646  -2.6465  -0.0914
         6   2.5508  -1.4113  -0.0588
         1   0.6730   2.4115  -0.2236
         1  -0.4391   4.6306  -0.1840
         1  -2.8913   4.7694   0.0191
         1  -4.2394   2.7118   0.1776
         1  -3.1240   0.4994   0.1260
         1  -0.6730  -2.4115   0.2238
         1   0.4391  -4.6306   0.1841
         1   2.8913  -4.7694  -0.0190
         1   4.2394  -2.7118  -0.1778
         1   3.1240  -0.4994  -0.1261
        """,
        (
            ((3, 7), (4, 6), (14, 18), (15, 17)),
            ((0, 1), *((i, i + 6) for i in range(2, 8)), *((i, i + 5) for i in range(14, 19))),
        ),
    ),
}
