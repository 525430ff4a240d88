"""Lennard-Jones beyond the cutoff: where its integral diverges, OpenMM ends the process."""

import shutil

import openmm
import pytest

from mechanist.errors import SystemBuildError
from tests.fuzz.molecules import DATA, SETS, build_molecule, equal, own, plain
from tests.fuzz.molecules import MoleculeSettings as Settings

ATTRACTION = "2.98051038E+00"
"""A coefficient of r^-6 of the prmtop; another value makes OpenMM write a CustomNonbondedForce."""


def change(folder, new):
    shutil.copytree(DATA, folder)
    text = (folder / "x.prmtop").read_text(encoding="utf-8")
    assert text.count(ATTRACTION) == 1
    (folder / "x.prmtop").write_text(text.replace(ATTRACTION, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize("value", ["2.98051038E+60", "2.98051038E+70", "2.98051038E+90"])
def test_a_tail_that_diverges_is_refused_and_ends_no_process(value, tmp_path):
    folder = change(tmp_path / "a", value)
    with pytest.raises(SystemBuildError, match=r"x.prmtop: OpenMM refuses it: .*did not converge"):
        build_molecule(Settings.model_validate(SETS["Amber"]), folder)


@pytest.mark.parametrize("value", ["2.88051038E+00", "0.00000000E+00"])
def test_other_pairs_have_the_energy_of_openmm(value, tmp_path):
    folder = change(tmp_path / "a", value)
    molecule = build_molecule(Settings.model_validate(SETS["Amber"]), folder)
    kinds = {type(force) for force in molecule.system.getForces()}
    assert openmm.CustomNonbondedForce in kinds
    assert equal(own("Amber", folder)[0], plain("Amber", folder))
