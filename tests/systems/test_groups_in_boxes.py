"""Groups of collective variables in periodic boxes: what would be wrong silently is refused."""

from pathlib import Path

import mdtraj
import numpy as np
import pytest

from mechanist.errors import DataError, SystemBuildError
from mechanist.formula.export.openmm import openmm_force
from mechanist.settings.collective import CentreDistanceSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.resolve import Resolver, check_groups
from mechanist.systems.descriptors.shapes import Centres

FILE = Path("system.yaml")
BOX = ((3.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 4.0))


@pytest.fixture
def topology():
    """Three molecules of two atoms."""
    made = mdtraj.Topology()
    for name in ("ONE", "TWO", "SIX"):
        residue = made.add_residue(name, made.add_chain())
        pair = [made.add_atom(f"C{i}", mdtraj.element.carbon, residue) for i in (1, 2)]
        made.add_bond(*pair)
    return made


@pytest.mark.parametrize(
    ("between", "periodic", "scattered"),
    [
        (("resname ONE", "resname TWO"), True, False),
        (("resname ONE or resname TWO", "resname SIX"), True, True),
        (("resname ONE", "resname TWO or resname SIX"), True, True),
        (("resname ONE or resname TWO", "resname SIX"), False, False),
    ],
)
def test_openmm_refuses_groups_of_several_molecules_in_a_box(
    topology, between, periodic, scattered
):
    settings = CentreDistanceSettings.model_validate({"centre_distance": {"between": between}})
    found = Resolver(FILE, topology, periodic=periodic).descriptor("far", settings)
    assert found.scattered == scattered
    known = DescriptorSet((found,), BOX if periodic else None)
    assert DescriptorSet.from_json(known.to_json()) == known
    if scattered:
        with pytest.raises(DataError, match=r"'far' \(centre distance\).*several molecules"):
            openmm_force("2*far", known)
    else:
        assert openmm_force("2*far", known).getNumCollectiveVariables() == 1


def test_a_group_with_a_gap_of_half_the_box_is_refused():
    weights = ((1.0, 1.0, 1.0), (1.0,))
    far = Descriptor("far", "centre_distance", (0, 1, 2), 0, ((3,),), Centres(weights))
    positions = np.zeros((4, 3))
    positions[:, 2] = [0.0, 1.4, 2.8, 0.5]
    check_groups(DescriptorSet((far,), BOX), positions, FILE)
    # The nearest image of the second is 1.6 nm away, which is more than half of 3 nm.
    positions[1, 2] = 1.6
    with pytest.raises(SystemBuildError, match=r"descriptors.far: atoms 0 and 1.* 1.60 nm .* 1.50"):
        check_groups(DescriptorSet((far,), BOX), positions, FILE)
    check_groups(DescriptorSet((far,)), positions, FILE)
