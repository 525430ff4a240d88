from pathlib import Path

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.settings.load import load_system
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.descriptors.describe import formula_inputs
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import resolve_inputs
from mechanist.systems.prepared import load_formula_inputs, load_inputs
from tests.bring import write_system

ALANINE = Path(__file__).parents[2] / "systems" / "alanine_dipeptide"


def test_features_of_a_torsion_are_sine_and_cosine():
    inputs = DescriptorSet(
        (Descriptor("r", "distance", (0, 1)), Descriptor("phi", "torsion", (0, 1, 2, 3)))
    )
    values = np.array([[0.3, 1.0], [0.4, -2.0]])
    assert inputs.feature_names == ("r", "sin(phi)", "cos(phi)")
    assert inputs.owners.tolist() == [0, 1, 1]
    expected = np.c_[values[:, 0], np.sin(values[:, 1]), np.cos(values[:, 1])]
    np.testing.assert_array_equal(inputs.features(values), expected)


def test_two_neighbouring_torsions_keep_their_own_sine_and_cosine():
    inputs = DescriptorSet(
        (Descriptor("a", "torsion", (0, 1, 2, 3)), Descriptor("b", "torsion", (1, 2, 3, 4)))
    )
    values = np.array([[0.5, 1.5]])
    expected = [[np.sin(0.5), np.cos(0.5), np.sin(1.5), np.cos(1.5)]]
    np.testing.assert_array_equal(inputs.features(values), expected)


def test_json_round_trip(alanine_layout):
    inputs = load_inputs(alanine_layout)
    assert DescriptorSet.from_json(inputs.to_json()) == inputs


def test_alanine_has_named_torsions_among_all(alanine_layout):
    inputs = load_inputs(alanine_layout)
    kinds = [d.kind for d in inputs.descriptors]
    # 9 bonds and 11 angles of 10 heavy atoms; torsions: product of neighbours over inner bonds.
    assert kinds.count("distance") == 9
    assert kinds.count("angle") == 11
    assert kinds.count("torsion") == 41
    assert {"phi", "psi", "theta"} <= set(inputs.names)
    assert len(set(inputs.names)) == len(inputs.names)


def test_start_of_alanine_is_an_l_amino_acid_in_c7eq(alanine, alanine_layout):
    values = load_inputs(alanine_layout).values(alanine.positions[None])[0]
    by_name = dict(zip(load_inputs(alanine_layout).names, np.degrees(values), strict=True))
    assert -100 < by_name["phi"] < -60
    assert 40 < by_name["psi"] < 90
    n, ca, c, cb = (alanine.positions[i] for i in (6, 8, 10, 12))
    assert np.dot(np.cross(n - ca, c - ca), cb - ca) > 0


def test_formulas_of_alanine_may_hold_heights_over_local_planes(alanine, alanine_layout):
    formula_inputs(load_system(ALANINE), ALANINE, alanine_layout)
    inputs, known = load_inputs(alanine_layout), load_formula_inputs(alanine_layout)
    assert known.names[: len(inputs)] == inputs.names
    heights = known.descriptors[len(inputs) :]
    # Three atoms have three heavy neighbours: CA and both carbonyl carbons, 7 others for each.
    assert len(heights) == 3 * 7
    assert {d.kind for d in heights} == {"height"}
    assert len(set(known.names)) == len(known)
    # A tetrahedral carbon with bonds of 0.15 nm stands a third of a bond over its neighbours.
    height = known.select(["height_CA2_CA2"]).values(alanine.positions[None])[0, 0]
    assert 0.03 < abs(height) < 0.06


def peroxide(tmp_path, descriptors, inputs):
    """Descriptors of hydrogen peroxide, H1 O1 O2 H2, and its positions."""
    molecule = {"structure": "peroxide.pdb", "force_field": ["peroxide.xml"]}
    write_system(tmp_path, molecule, inputs=inputs, descriptors=descriptors)
    settings = load_system(tmp_path)
    made = build_molecule(settings.molecule, tmp_path)
    found = resolve_inputs(settings, tmp_path / "system.yaml", topology_of(made.topology))
    return found, made.positions


PHI = {"phi": {"torsion": [0, 1, 2, 3]}}


def test_groups_of_distances_and_differences(tmp_path):
    groups = [{"all": "bonds"}, {"all": "distances"}, {"all": "differences", "select": "index < 3"}]
    named = PHI | {"shift": {"difference": [[1, 0], [1, 2]]}}
    found, positions = peroxide(tmp_path, named, groups)
    # A bond has its name in both groups, and what is named in descriptors has that name.
    assert found.names == (
        *("bond_H11_O11", "bond_O11_O21", "bond_O21_H21"),
        *("distance_H11_O21", "distance_H11_H21", "distance_O11_H21"),
        *("difference_H11_O21_O11", "shift", "difference_O11_H11_O21"),
    )
    values = dict(zip(found.names, found.values(positions[None])[0].tolist(), strict=True))
    assert values["shift"] == pytest.approx(values["bond_H11_O11"] - values["bond_O11_O21"])
    assert values["difference_O11_H11_O21"] == pytest.approx(
        values["bond_H11_O11"] - values["distance_H11_O21"]
    )
    assert DescriptorSet.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[0, 0], [1, 2]], "names the same atom twice"),
        ([[0, 1], [1, 0]], "a distance and itself"),
        ([[0, 1], [1, 9]], "9: atoms count from 0 to 3"),
    ],
)
def test_differences_that_are_none(tmp_path, pairs, message):
    with pytest.raises(MechanistError, match=f"descriptors.wrong: .*{message}"):
        peroxide(tmp_path, PHI | {"wrong": {"difference": pairs}}, ["phi"])
