"""Atoms that may change places: descriptors do not depend on which of them is where."""

from itertools import permutations

import numpy as np
import pytest
import yaml
from openmm import app

from mechanist.errors import MechanistError
from mechanist.formula.export.python import python_text
from mechanist.formula.export.words import counted_from, meaning
from mechanist.settings.load import load_system
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import resolve_inputs, resolve_states
from tests.formula.test_export import imported

# O at 0, three hydrogens, and another oxygen: hydronium and water without its hydrogens.
ATOMS = (("O1", "O"), ("H1", "H"), ("H2", "H"), ("H3", "H"), ("O2", "O"))
SETTINGS = {
    "name": "hydronium",
    "molecule": {"structure": "x.pdb", "forces": "gfn2-xtb"},
    "dynamics": {
        "temperature": "300 K",
        "friction": "1 /ps",
        "timestep": "0.5 fs",
        "max_half_path": "1 ps",
    },
    "descriptors": {
        "n": {"coordination": {"around": 0, "of": "element H", "radius": "0.13 nm"}},
        "r_OO": {"distance": [0, 4]},
    },
    "states": {
        "A": {"name": "a", "box": {"n": [2.5, 4]}},
        "B": {"name": "b", "box": {"n": [0, 1]}},
    },
    "inputs": [
        "n",
        {"all": "distances"},
        {"all": "angles", "select": "index < 4"},
        {"all": "differences", "select": "index 0 1 4"},
    ],
    "equivalent": [[1, 2, 3]],
}


def topology():
    made = app.Topology()
    residue = made.addResidue("ION", made.addChain("A"))
    atoms = [made.addAtom(n, app.Element.getBySymbol(e), residue) for n, e in ATOMS]
    for i in (1, 2, 3):
        made.addBond(atoms[0], atoms[i])
    return topology_of(made)


def resolved(tmp_path, **changes):
    file = tmp_path / "system.yaml"
    file.write_text(yaml.safe_dump(SETTINGS | changes), encoding="utf-8")
    settings = load_system(tmp_path)
    resolve_states(settings, file, topology())
    return resolve_inputs(settings, file, topology())


@pytest.fixture
def places(rng):
    return 0.1 * rng.standard_normal((6, 5, 3))


def test_no_permutation_changes_a_value(tmp_path, places):
    inputs = resolved(tmp_path)
    values = inputs.values(places)
    # O-H: 3 lengths in order; H-H: 3; O-O2: 1; H-O2: 3; angles H-O-H: 3; differences of O, H, O2.
    assert len(inputs) == 1 + 3 + 3 + 1 + 3 + 3 + 9
    for order in permutations((1, 2, 3)):
        moved = places[:, [0, *order, 4]]
        np.testing.assert_allclose(inputs.values(moved), values, atol=1e-12)
    # An exchange of the oxygens, which are not equivalent, changes them.
    assert np.abs(inputs.values(places[:, [4, 1, 2, 3, 0]]) - values).max() > 0.01


def test_values_are_sorted_and_named(tmp_path, places):
    inputs = resolved(tmp_path)
    names = [name for name in inputs.names if name.startswith("bond_O1")]
    assert names == [f"bond_O11_H11_{k}of3" for k in (1, 2, 3)]
    found = inputs.select(names).values(places)
    lengths = np.linalg.norm(places[:, 1:4] - places[:, :1], axis=-1)
    np.testing.assert_allclose(found, np.sort(lengths, axis=1), atol=1e-12)
    assert "r_OO" in inputs.names
    assert {inputs.descriptors[inputs.names.index(n)].unit for n in names} == {"nm"}
    assert DescriptorSet.from_json(inputs.to_json()) == inputs


def test_a_formula_of_them_is_exported(tmp_path, places):
    inputs = resolved(tmp_path)
    formula = "1.5 - 20*bond_O11_H11_2of3 + 3*angle_H11_O11_H21_1of3"
    module = imported(python_text(formula, inputs), tmp_path)
    values = dict(zip(inputs.names, inputs.values(places).T, strict=True))
    expected = 1.5 - 20 * values["bond_O11_H11_2of3"] + 3 * values["angle_H11_O11_H21_1of3"]
    np.testing.assert_allclose(module.q(places), expected, atol=1e-9)
    said = meaning(inputs.descriptors[inputs.names.index("bond_O11_H11_2of3")], counted_from(0))
    assert said == ("number 2 in ascending order of the distances of atoms 0, 1; 0, 2; 0, 3, in nm")


BAD = {
    "one atom": ({"equivalent": [[1]]}, r"equivalent\.0: \[1\]: needs two different atoms"),
    "two elements": ({"equivalent": [[0, 1]]}, r"are of elements \['H', 'O'\]"),
    "two sets": ({"equivalent": [[1, 2], [2, 3]]}, r"equivalent\.1: atom 2 is in two sets"),
    "no atom": ({"equivalent": ["element Xe"]}, r"'element Xe': matches no atom"),
    "named distance": (
        {"descriptors": SETTINGS["descriptors"] | {"r": {"distance": [0, 2]}}},
        r"descriptors\.r: depends on which of the atoms \(1, 2, 3\) is atom 2",
    ),
    "part of a count": (
        {
            "descriptors": SETTINGS["descriptors"]
            | {"m": {"coordination": {"around": 4, "of": "index 1 2", "radius": "0.2 nm"}}}
        },
        r"descriptors\.m: depends on which",
    ),
    "torsions": (
        {"inputs": ["n", {"all": "torsions"}], "equivalent": [[1, 2]]},
        r"inputs\.1: the torsion of atoms .* leave these out of select",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_would_depend_on_the_order_is_refused(tmp_path, case):
    changes, message = BAD[case]
    resolve = with_chain if case == "torsions" else resolved
    with pytest.raises(MechanistError, match=message):
        resolve(tmp_path, **changes)


def with_chain(tmp_path, **changes):
    """Torsions need a chain of four atoms: H1-O1-O2-H3 here."""
    made = app.Topology()
    residue = made.addResidue("ION", made.addChain("A"))
    atoms = [made.addAtom(n, app.Element.getBySymbol(e), residue) for n, e in ATOMS]
    for i, j in ((0, 1), (0, 2), (0, 4), (4, 3)):
        made.addBond(atoms[i], atoms[j])
    file = tmp_path / "system.yaml"
    file.write_text(yaml.safe_dump(SETTINGS | changes), encoding="utf-8")
    resolve_inputs(load_system(tmp_path), file, topology_of(made))
