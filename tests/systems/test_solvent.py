"""Descriptors of the solvent against plain loops, and what must not change them."""

import math

import mdtraj
import numpy as np
import pytest
import yaml
from scipy.integrate import quad
from scipy.spatial.transform import Rotation

from mechanist.settings.load import validate
from mechanist.settings.system import SystemSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.resolve import resolve_inputs, resolve_states
from mechanist.systems.descriptors.shapes import (
    IDEAL,
    NONE,
    PUBLISHED,
    Angular,
    Radial,
    angular_norm,
    radial_norm,
)
from mechanist.systems.descriptors.states import States
from tests.conftest import REPOSITORY
from tests.systems.solvent import BY_HAND, SYSTEM, WATERS, licl_box
from tests.systems.test_box import OCTAHEDRON

COUNTS = """
n_Li_O: {coordination: {around: element Li, of: water and element O, radius: 0.28 nm}}
n_sharp:
  coordination:
    {around: element Cl, of: water and element H, radius: 0.3 nm, switch: fermi, steepness: 80 /nm}
n_O_O: {coordination: {around: resid 2 to 9 and element O, of: water and element O, radius: 0.3 nm}}
hb_Cl: {hydrogen_bonds: {donors: water and element O, acceptors: element Cl}}
hb_water:
  hydrogen_bonds: {donors: resid 2 to 30 and element O, acceptors: resid 2 to 30 and element O}
bridges:
  bridges:
    between: [element Li, element Cl]
    of: water and element O
    radii: [0.28 nm, 0.4 nm]
bridges_of_groups:
  bridges:
    between: [resid 0 2 3 4 and not element H, resid 1 5 6 and not element H]
    of: water and element O
    radii: [0.35 nm, 0.45 nm]
    steepness: 30 /nm
G2_one:
  radial: {around: 0, of: water and element O, eta: 150 nm^-2, shift: 0.3 nm, normalise: ideal}
G5_one:
  angular:
    {around: 1, of: element H, eta: 90 nm^-2, shift: 0.3 nm, zeta: 7, sign: -1, cutoff: 0.6 nm}
"""


def resolve(resolver=resolve_inputs, descriptors=None, **changes):
    """Inputs, or states, of `SYSTEM` with more descriptors and other sections."""
    topology, _, box = licl_box()
    content = yaml.safe_load(SYSTEM) | changes
    content["descriptors"] |= descriptors or {}
    settings = validate(SystemSettings, content, "system.yaml")
    return resolver(settings, "system.yaml", mdtraj.Topology.from_openmm(topology), box)


@pytest.fixture(scope="module")
def family():
    return resolve()


@pytest.fixture(scope="module")
def counts():
    return resolve(descriptors=yaml.safe_load(COUNTS), inputs=list(yaml.safe_load(COUNTS)))


@pytest.fixture(scope="module")
def frames():
    """The box of water with every atom pushed; ions at several distances."""
    rng = np.random.default_rng(5)
    _, positions, _ = licl_box()
    result = positions + rng.normal(scale=0.02, size=(20, *positions.shape))
    result[:, 1] = result[:, 0] + rng.normal(scale=0.2, size=(20, 3))
    return result


def by_hand(inputs, frame):
    return np.array([BY_HAND[d.kind](frame, d, inputs.box) for d in inputs.descriptors])


def test_the_published_set_is_221_functions(family):
    assert len(family) == 221
    assert len(set(family.names)) == 221
    assert all(name.isidentifier() for name in family.names)
    assert {"r_LiCl", "G2_Li_O_025", "G2_Cl_H_040", "G5_Li_O_025_z16_m", "G5_Cl_H_085_z64_p"} < set(
        family.names
    )
    sizes = {len(d.others[0]) for d in family.descriptors[1:]}
    assert sizes == {WATERS, 2 * WATERS}
    assert {d.unit for d in family.descriptors[1:]} == {"1"}


def test_symmetry_functions_against_loops(family, frames):
    # Every fifteenth of them meets all centres, elements, shifts, zeta and signs in few seconds.
    some = DescriptorSet(family.descriptors[1::15], family.box)
    found = family.values(frames[:1])[0, 1::15]
    # float32 with 64 powers, and atoms that weigh 1e-7 left out.
    np.testing.assert_allclose(found, by_hand(some, frames[0]), rtol=2e-5)
    np.testing.assert_allclose(some.values(frames[:1])[0], found, rtol=1e-5)


@pytest.mark.parametrize("zeta", [1, 2, 3, 4, 5, 7, 8, 11, 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_any_power(zeta, sign, rng):
    frames = rng.normal(scale=0.3, size=(3, 12, 3))
    shape = Angular(20.0, 0.4, 0.8, 40.0, 1.0, zeta, sign)
    one = DescriptorSet((Descriptor("g", "angular", (0,), 0, (tuple(range(1, 12)),), shape),))
    expected = [by_hand(one, frame)[0] for frame in frames]
    # The absolute part is for frames without pairs at the preferred angle, where one is 2^zeta.
    found = one.values(frames)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-9 * 2.0**zeta)


def test_more_atoms_than_a_block_of_pairs(rng):
    frames = rng.normal(scale=0.4, size=(2, 301, 3))
    shape = Angular(20.0, 0.5, 1.2, 40.0, 1.0, 16, 1)
    one = DescriptorSet((Descriptor("g", "angular", (0,), 0, (tuple(range(1, 301)),), shape),))
    expected = [by_hand(one, frame)[0] for frame in frames]
    np.testing.assert_allclose(one.values(frames)[:, 0], expected, rtol=2e-5)


def test_in_a_truncated_octahedron(rng):
    frames = rng.uniform(-2, 2, size=(2, 40, 3))
    others = (tuple(range(1, 40)),)
    shapes = [
        Angular(60.0, 0.6, 0.9, 60.0, 1.0, zeta, sign) for zeta in (2, 16) for sign in (1, -1)
    ]
    inputs = DescriptorSet(
        tuple(Descriptor(f"g{i}", "angular", (0,), 0, others, s) for i, s in enumerate(shapes)),
        OCTAHEDRON,
    )
    expected = [by_hand(inputs, frame) for frame in frames]
    np.testing.assert_allclose(inputs.values(frames), expected, rtol=2e-5)


def test_counts_against_loops(counts, frames):
    found = counts.values(frames[:3])
    expected = [by_hand(counts, frame) for frame in frames[:3]]
    # Terms of 1e-9 are left out; there are fewer than 1e5 of them.
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)
    assert (found > 1e-3).any(axis=0).all()


def test_single_precision_positions_change_little(family, counts, frames):
    for inputs in (family, counts):
        single = inputs.values(frames[:4].astype(np.float32))
        # 6e-8 of 2 nm in a place, times slopes of up to 150/nm.
        np.testing.assert_allclose(single, inputs.values(frames[:4]), rtol=1e-3, atol=1e-4)


def same(inputs, frames, moved):
    np.testing.assert_allclose(inputs.values(moved), inputs.values(frames), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("kinds", ["family", "counts"])
def test_exchange_of_waters_changes_nothing(kinds, frames, request):
    inputs = request.getfixturevalue(kinds)
    # Waters with a special part in `counts`, residues 2 to 30, stay what they are.
    order = np.r_[np.arange(31), 31 + np.random.default_rng(1).permutation(WATERS - 29)]
    atoms = np.r_[0, 1, (2 + 3 * (order[2:] - 2)[:, None] + np.arange(3)).ravel()]
    assert sorted(atoms) == list(range(frames.shape[1]))
    assert not np.array_equal(atoms, np.arange(len(atoms)))
    same(inputs, frames[:5], frames[:5, atoms])


@pytest.mark.parametrize("kinds", ["family", "counts"])
def test_the_choice_of_images_changes_nothing(kinds, frames, request):
    inputs = request.getfixturevalue(kinds)
    turns = np.random.default_rng(2).integers(-2, 3, (5, frames.shape[1], 3))
    same(inputs, frames[:5], frames[:5] + turns @ np.array(inputs.box))
    # Wrapped into the box atom by atom, which cuts waters.
    same(inputs, frames[:5], np.mod(frames[:5], np.diag(inputs.box)))


@pytest.mark.parametrize("kinds", ["family", "counts"])
def test_rotation_and_translation_change_nothing_in_vacuum(kinds, frames, request):
    inputs = DescriptorSet(request.getfixturevalue(kinds).descriptors)
    turn = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    same(inputs, frames[:5], frames[:5] @ turn.T + [3.0, -2.0, 1.0])
    mirrored = frames[:5] * [1, 1, -1]
    same(inputs, frames[:5], mirrored)


def test_a_torsion_beside_them_is_in_its_own_column(family, frames):
    extra = Descriptor("t", "torsion", (2, 3, 4, 5))
    mixed = DescriptorSet((*family.descriptors[:4], extra, *family.descriptors[4:8]), family.box)
    found = mixed.values(frames)
    np.testing.assert_allclose(np.delete(found, 4, axis=1), family.values(frames)[:, :8], rtol=1e-5)
    alone = DescriptorSet((extra,), family.box).values(frames)[:, 0]
    np.testing.assert_array_equal(found[:, 4], alone)


def test_no_atom_within_the_cutoff_and_no_frame(family):
    frames = np.zeros((2, 2 + 3 * WATERS, 3))
    frames[:, 0, 0] = 0.1
    frames[:, 2:, 0] = 50 + np.arange(3 * WATERS)
    free = DescriptorSet(family.descriptors)
    values = free.values(frames)
    np.testing.assert_allclose(values[:, 0], 0.1)
    assert (values[:, 1:] == 0).all()
    assert free.values(frames[:0]).shape == (0, 221)


def test_json_round_trip(family, counts):
    for inputs in (family, counts):
        assert DescriptorSet.from_json(inputs.to_json()) == inputs
    # Four groups of atoms, written once each, not 220 times.
    assert len(family.to_json()["selections"]) == 2


def test_select_keeps_what_is_measured(family, frames):
    names = ["G5_Cl_H_040_z16_m", "r_LiCl", "G2_Li_O_025"]
    columns = [family.names.index(name) for name in names]
    found = family.select(names).values(frames[:2])
    np.testing.assert_allclose(found, family.values(frames[:2])[:, columns], rtol=1e-5)


def test_the_ideal_norm_is_that_of_a_fluid_without_structure():
    def shell(r):
        return 4 * math.pi * r**2 * math.exp(-200 * (r - 0.3) ** 2)

    number = 5.0 * quad(shell, 0, 2, points=[0.3])[0]
    assert radial_norm(IDEAL, 5.0, 200, 0.3) == pytest.approx(number)
    angle = 0.5 * quad(lambda c: (1 + c) ** 16, -1, 1)[0]
    assert angular_norm(IDEAL, 5.0, 200, 0.3, 16) == pytest.approx(0.5 * number**2 * angle)


def test_an_ideal_gas_has_about_one(rng):
    # Many points at random around an origin; 4 standard errors of G2 over frames.
    frames = rng.uniform(-1, 1, size=(200, 801, 3))
    frames[:, 0] = 0
    shell = {"eta": 200.0, "shift": 0.5, "cutoff": 0.9, "steepness": 150.0}
    norms = radial_norm(IDEAL, 100, 200, 0.5), angular_norm(IDEAL, 100, 200, 0.5, 4)
    others = (tuple(range(1, 801)),)
    inputs = DescriptorSet(
        (
            Descriptor("g2", "radial", (0,), 0, others, Radial(**shell, norm=norms[0])),
            Descriptor("g5", "angular", (0,), 0, others, Angular(**shell, norm=norms[1], zeta=4)),
        )
    )
    values = inputs.values(frames)
    errors = values.std(axis=0) / math.sqrt(len(values))
    assert (np.abs(values.mean(axis=0) - 1) < 4 * errors).all()


def test_the_published_norm():
    turn = quad(lambda t: (1 + math.cos(t)) ** 16, 0, 2 * math.pi)[0]
    radial = 33 * 8 * math.sqrt(2) * math.pi * 0.4**2 / math.sqrt(120)
    angular = 0.5 * (33 * 4 * math.sqrt(2) * 0.4**2 / math.sqrt(120) * turn) ** 2 * 2.0**-15
    assert radial_norm(PUBLISHED, 33, 120, 0.4) == pytest.approx(radial)
    assert angular_norm(PUBLISHED, 33, 120, 0.4, 16) == pytest.approx(angular)
    assert radial_norm(NONE, 33, 120, 0.4) == angular_norm(NONE, 33, 120, 0.4, 16) == 1


def test_density_counts_atoms_of_a_molecule(family):
    shapes = {d.name: d.shape for d in family.descriptors}
    assert shapes["G2_Li_H_025"].norm == pytest.approx(2 * shapes["G2_Li_O_025"].norm)
    assert shapes["G2_Li_O_025"].norm == pytest.approx(radial_norm(PUBLISHED, 33, 200, 0.25))


def test_states_by_the_nearest_image_and_by_a_count(frames):
    count = {"n_Li_O": {"coordination": {"around": 0, "of": "element O", "radius": "0.28 nm"}}}
    boxes = {"A": {"r_LiCl": ["0.01 nm", "0.23 nm"]}, "B": {"r_LiCl": ["0.48 nm", "1 nm"]}}
    boxes["B"]["n_Li_O"] = [0.5, 8]
    sides = {side: {"name": side, "box": box} for side, box in boxes.items()}
    states = resolve(resolve_states, count, states=sides)
    assert States.from_json(states.to_json()) == states
    box = np.array(states.descriptors.box)
    some = np.tile(frames[:1], (3, 1, 1))
    some[:, 1] = some[:, 0] + np.array([[0.2, 0, 0], [0, 0.3, 0], [0, 0, 0.6]])
    some[:, 2] = some[:, 0] - [0, 0.2, 0]
    assert states.label_positions(some).tolist() == [-1, 0, 1]
    some[:, 1] += box[0] - 2 * box[2]
    assert states.label_positions(some).tolist() == [-1, 0, 1]
    # No oxygen near Li any more.
    some[:, 2:] = some[:, :1] + 0.5 * box.sum(axis=0)
    assert states.label_positions(some).tolist() == [-1, 0, 0]


def test_the_examples_of_the_page(frames):
    text = (REPOSITORY / "docs" / "descriptors.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    sizes = [7, 221]
    for block, size in zip(blocks, sizes, strict=True):
        inputs = resolve(**yaml.safe_load(block))
        assert len(inputs) == size
        values = inputs.values(frames[:2])
        assert np.isfinite(values).all()
        assert (values.max(axis=0) > 0).all()
