"""Laws with energies and forces in kcal/mol are found by their bonds to hydrogen."""

import numpy as np
import pytest

from mechanist.settings.forces import XtbSettings
from mechanist.systems.build.drawn import from_smiles
from mechanist.systems.build.radii import bonded_pairs
from mechanist.systems.forces.laws import make_law
from mechanist.systems.forces.stretch import stretch

MOLECULES = ("C", "C#C", "C=O", "c1ccccc1", "CC(=O)[O-]", "C[NH3+]", "[CH3]", "CS", "N", "O", "OO")
MOLECULES += ("OC(=O)C=O", "C[Si](C)(C)C", "[NH4+]", "CBr", "OCC(O)CO", "NC(=O)N", "C1CC1")


class Scaled:
    """A force law in other units."""

    def __init__(self, law, factor):
        self.law, self.factor = law, factor

    def energy_forces(self, positions):
        return tuple(self.factor * x for x in self.law.energy_forces(positions))

    def forget(self):
        self.law.forget()


@pytest.mark.parametrize("smiles", MOLECULES)
@pytest.mark.parametrize("method", ["gfn2-xtb", "gfn1-xtb"])
def test_only_other_units_are_said(smiles, method):
    pytest.importorskip("tblite", reason="tblite is not installed")
    pytest.importorskip("rdkit", reason="rdkit is not installed")
    atoms = from_smiles(smiles)
    settings = XtbSettings(
        xtb=method, charge=atoms.charge or 0, multiplicity=1 + (atoms.unpaired or 0)
    )
    numbers = tuple(atoms.numbers)
    law = make_law(settings, np.array(numbers), "", "")
    pairs = bonded_pairs(list(numbers), atoms.positions)
    found = {f: stretch(Scaled(law, f), numbers, pairs, atoms.positions) for f in (1, 0.239, 4.184)}
    assert found[1] is None
    assert "are energies and forces in kcal/mol?" in found[0.239]
    assert "are units right?" in found[4.184]


def test_nothing_is_said_without_bonds_to_hydrogen():
    pytest.importorskip("rdkit", reason="rdkit is not installed")
    atoms = from_smiles("O=C=O")
    assert stretch(Scaled(None, 1), tuple(atoms.numbers), [(0, 1), (1, 2)], atoms.positions) is None
