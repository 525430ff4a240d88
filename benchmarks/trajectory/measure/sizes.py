"""Amounts of data and training of table T1: small for two cores, full for a GPU."""

from dataclasses import dataclass

from benchmarks.trajectory.models.budget import Budget

GAPS = (5, 10, 20, 40, 80)
"""Missing frames between two known ones, as Winkler, Mueller and Sauceda (2022) have them."""


@dataclass(frozen=True)
class Size:
    """Amounts.

    Parameters
    ----------
    frames
        Of a trajectory.
    validate, test
        Shares of the frames, as blocks of time at its end.
    geometries
        Training geometries of forces; fewer for molecules of more than nine atoms.
    gaps
        Largest number of training gaps of linear maps and networks, for each length.
    budget
        Of each network.
    """

    frames: int
    validate: float
    test: float
    geometries: int
    gaps: int
    budget: Budget

    def geometries_of(self, atoms: int) -> int:
        """Geometries such that the linear solve takes as long as for nine atoms."""
        return min(self.geometries, self.geometries * 9 // atoms)


SIZES = {
    "small": Size(80_000, 0.03, 0.06, 480, 4000, Budget()),
    "full": Size(
        400_000, 0.02, 0.05, 1000, 30_000, Budget(hidden=540, layers=4, frames=400_000, batch=100)
    ),
}
"""By the name in the settings. Hidden units and layers of full are the published ones."""
