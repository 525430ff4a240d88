r"""Parameters of solvent descriptors besides their atoms, one class per kind.

Symmetry functions are those of Behler (J. Chem. Phys. 134, 074106 (2011)) with the Fermi cutoff of
Geiger and Dellago (J. Chem. Phys. 139, 164105 (2013)), fc(r) = 1/(1 + exp(alpha (r - r_c))):

    G2 = 1/N2 * sum_j exp(-eta (r_ij - r_s)^2) fc(r_ij)
    G5 = 1/N5 * sum_{j<k} (1 + lambda cos theta_jik)^zeta
                * exp(-eta [(r_ij - r_s)^2 + (r_ik - r_s)^2]) fc(r_ij) fc(r_ik)

G5 is modified: the original has r^2 in place of (r - r_s)^2. With the number density rho of the
atoms j, the norms are, for `PUBLISHED`, those of the published application to LiCl in water

    N2 = rho * 8 sqrt(2) pi r_s^2 / sqrt(eta)
    N5 = 1/2 (rho * 4 sqrt(2) r_s^2 / sqrt(eta) * int_0^{2 pi} (1 + cos t)^zeta dt)^2 * 2^(1 - zeta)

for `IDEAL`, the values of a structureless fluid that fills all space, without a cutoff

    N2 = rho * 4 pi * int_0^inf r^2 exp(-eta (r - r_s)^2) dr
    N5 = 1/2 N2^2 * 2^zeta / (zeta + 1)

and 1 for `NONE`.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

PUBLISHED, IDEAL, NONE = "published", "ideal", "none"


@dataclass(frozen=True)
class Radial:
    """A G2: eta in 1/nm^2, shift r_s and cutoff r_c in nm, steepness alpha in 1/nm."""

    eta: float
    shift: float
    cutoff: float
    steepness: float
    norm: float = 1.0


@dataclass(frozen=True)
class Angular(Radial):
    """A G5: as a G2, and the power zeta, and lambda, the sign of the cosine."""

    zeta: int = 1
    sign: int = 1


@dataclass(frozen=True)
class Coordination:
    """A smooth count of neighbours within ``radius`` nm.

    Each counts 1/(1 + (r/radius)^power), which is (1 - x^n)/(1 - x^2n), or, if ``power`` is 0,
    1/(1 + exp(steepness (r - radius))) with ``steepness`` in 1/nm.
    """

    radius: float
    power: int = 0
    steepness: float = 0.0


@dataclass(frozen=True)
class HydrogenBonds:
    """A smooth count of hydrogen bonds D-H...A.

    The criteria are those of Baker and Hubbard (Prog. Biophys. Mol. Biol. 44, 97 (1984)): H...A
    shorter than ``distance`` (nm) and the angle D-H...A wider than 120 degrees, whose cosine is
    ``cosine``. Each is a Fermi switch, of widths 1/``steepness`` nm and 1/``sharpness`` in the
    cosine, and a bond counts with the product of both.
    """

    distance: float
    cosine: float
    steepness: float
    sharpness: float


@dataclass(frozen=True)
class Bridges:
    """A smooth count of atoms in contact with both of two groups.

    The contact of an atom with a group is 1 - prod_i (1 - s(r_i)) over the group's atoms i, with
    s(r) = 1/(1 + exp(steepness (r - radius))); the atom counts the product for both groups.
    """

    radii: tuple[float, float]
    steepness: float


@dataclass(frozen=True)
class Sorted:
    """One of the values of several descriptors of a kind, by its place in ascending order.

    ``measure`` is the kind, ``size`` the number of values and ``rank`` the place, from 0.
    """

    measure: str
    size: int
    rank: int


@dataclass(frozen=True)
class Column:
    """A column of an imported table, of which nothing but unit and period is known."""

    unit: str
    periodic: bool


Reference = tuple[tuple[float, float, float], ...]
"""(K, 3) positions in nm."""


@dataclass(frozen=True)
class Centres:
    """The distance of two centres, with the weights of the atoms of each group."""

    weights: tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Rmsd:
    """The deviation from a structure, of a system with so many atoms."""

    reference: Reference
    system: int


@dataclass(frozen=True)
class PathVariable:
    """Place along, or distance from, a path of structures; ``sharpness`` in 1/nm^2."""

    references: tuple[Reference, ...]
    sharpness: float
    system: int


Shape = (
    Radial
    | Angular
    | Coordination
    | HydrogenBonds
    | Bridges
    | Sorted
    | Centres
    | Rmsd
    | PathVariable
    | Column
)
CLASS_OF_KIND: dict[str, type[Shape]] = {
    "radial": Radial,
    "angular": Angular,
    "coordination": Coordination,
    "hydrogen_bonds": HydrogenBonds,
    "bridges": Bridges,
    "sorted": Sorted,
    "column": Column,
    "centre_distance": Centres,
    "rmsd": Rmsd,
    "path_s": PathVariable,
    "path_z": PathVariable,
}


def shape_to_json(shape: Shape | None) -> dict[str, Any] | None:
    """Plain data of a shape."""
    return None if shape is None else asdict(shape)


def shape_from_json(kind: str, content: dict[str, Any] | None) -> Shape | None:
    """Inverse of `shape_to_json`."""
    if content is None:
        return None
    if kind == "bridges":
        first, second = content["radii"]
        return Bridges((first, second), content["steepness"])
    return CLASS_OF_KIND[kind](**{name: _tuples(value) for name, value in content.items()})


def _tuples(value: Any) -> Any:
    """Lists of JSON as tuples."""
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def radial_norm(normalise: str, density: float, eta: float, shift: float) -> float:
    """N2 as in the head of the module, for ``density`` in atoms per nm^3."""
    if normalise == NONE:
        return 1.0
    root = math.sqrt(eta)
    if normalise == PUBLISHED:
        return density * 8 * math.sqrt(2) * math.pi * shift**2 / root
    bell = math.sqrt(math.pi) * (1 + math.erf(root * shift)) * (2 * eta * shift**2 + 1)
    integral = bell / (4 * root**3) + shift * math.exp(-eta * shift**2) / (2 * eta)
    return density * 4 * math.pi * integral


def angular_norm(normalise: str, density: float, eta: float, shift: float, zeta: int) -> float:
    """N5 as in the head of the module, for ``density`` in atoms per nm^3."""
    if normalise == NONE:
        return 1.0
    if normalise == PUBLISHED:
        turn = 2 * math.pi * math.comb(2 * zeta, zeta) / 2.0**zeta
        shell = density * 4 * math.sqrt(2) * shift**2 / math.sqrt(eta)
        return 0.5 * (shell * turn) ** 2 * 2.0 ** (1 - zeta)
    return 0.5 * radial_norm(IDEAL, density, eta, shift) ** 2 * 2.0**zeta / (zeta + 1)
