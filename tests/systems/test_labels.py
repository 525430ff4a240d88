"""Names of descriptors in groups: unique, ASCII, and short where nothing collides."""

import itertools

import mdtraj
import numpy as np
import pytest
from openmm import app

from mechanist.errors import DataError, MechanistError
from mechanist.settings.load import validate
from mechanist.settings.system import SystemSettings
from mechanist.systems.build.suggest import candidates
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.labels import label, topology_of
from mechanist.systems.descriptors.resolve import resolve_inputs

PEPTIDE = {"N": "N", "CA": "C", "C": "C", "O": "O"}


BONDS = ({"all": "bonds"},)


def settings(descriptors=None, inputs=BONDS, formula_inputs=()):
    content = {
        "name": "test",
        "molecule": {"structure": "a.pdb", "force_field": ["a.xml"]},
        "dynamics": {
            "temperature": "300 K",
            "friction": "1 /ps",
            "timestep": "1 fs",
            "max_half_path": "1 ps",
        },
        "descriptors": descriptors or {},
        "states": {key: {"name": key, "box": {"x": ["1 nm", "2 nm"]}} for key in ("A", "B")},
        "inputs": inputs,
        "formula_inputs": formula_inputs,
    }
    return validate(SystemSettings, content, "system.yaml")


def resolved(topology, **changes):
    return resolve_inputs(settings(**changes), "system.yaml", topology_of(topology))


def chain_of(topology, chain, residues):
    """Add a chain: for each residue (name, number, insertion code, atoms); bonds along atoms."""
    last = None
    for name, number, code, atoms in residues:
        residue = topology.addResidue(name, chain, str(number), code)
        for atom, element in atoms.items():
            new = topology.addAtom(atom, app.Element.getBySymbol(element), residue)
            if last is not None:
                topology.addBond(last, new)
            last = new


def peptide(*chains, first=1, codes=("", "")):
    """Chains of two residues of four atoms each, bonded in a row."""
    topology = app.Topology()
    for name in chains:
        rows = [("ALA", first + i, code, PEPTIDE) for i, code in enumerate(codes)]
        chain_of(topology, topology.addChain(name), rows)
    return topology


def test_two_chains_of_one_peptide_have_all_their_inputs():
    groups = [{"all": kind} for kind in ("bonds", "angles", "torsions")]
    inputs = resolved(peptide("A", "B"), inputs=groups)
    assert len(inputs) == 2 * (7 + 6 + 5)
    assert {"bond_A_N1_A_CA1", "bond_B_N1_B_CA1"} <= set(inputs.names)
    # The atoms of both chains are there.
    assert {atom for d in inputs.descriptors for atom in d.atoms} == set(range(16))


def test_one_chain_keeps_its_short_names():
    assert resolved(peptide("A")).names[:3] == ("bond_N1_CA1", "bond_CA1_C1", "bond_C1_O1")


@pytest.mark.parametrize("names", [("1", "1"), ("", ""), ("A", "A")])
def test_chains_of_one_identifier_are_numbered(names):
    inputs = resolved(peptide(*names))
    assert len(inputs) == 14
    assert {"bond_chain1_N1_chain1_CA1", "bond_chain2_N1_chain2_CA1"} <= set(inputs.names)


@pytest.mark.parametrize("prime", ["'", "*"])
def test_primes_tell_sugar_from_base(prime):
    topology = app.Topology()
    atoms = {"C4": "C", "C5": "C", f"C4{prime}": "C", f"C5{prime}": "C"}
    chain_of(topology, topology.addChain(), [("A", 1, "", atoms)])
    names = resolved(topology).names
    assert names == ("bond_C41_C51", "bond_C51_C4p1", "bond_C4p1_C5p1")


def test_insertion_codes_tell_residues_apart():
    topology = peptide("A", codes=("A", "B"))
    for residue in topology.residues():
        residue.id = "52"
    assert {"bond_N52A_CA52A", "bond_N52B_CA52B"} <= set(resolved(topology).names)


def test_a_number_at_the_end_of_an_atom_is_no_residue_number():
    topology = app.Topology()
    rows = [("LIG", 12, "", {"C": "C", "N": "N"}), ("LIG", 2, "", {"C1": "C", "N1": "N"})]
    for row in rows:
        chain_of(topology, topology.addChain("A"), [row])
    # Both bonds were called bond_C12_N12.
    names = resolved(topology).names
    assert len(names) == len(set(names)) == 2


def test_atoms_of_one_name_are_told_apart_by_their_index():
    topology = app.Topology()
    residue = topology.addResidue("ETH", topology.addChain())
    atoms = [topology.addAtom("C", app.Element.getBySymbol("C"), residue) for _ in range(4)]
    for pair in itertools.pairwise(atoms):
        topology.addBond(*pair)
    names = resolved(topology).names
    assert len(names) == len(set(names)) == 3
    assert names[0] == "bond_ETH1_C_i0_ETH1_C_i1"


def test_negative_residue_numbers_have_no_minus():
    names = resolved(peptide("A", first=-1)).names
    assert names[0] == "bond_Nm1_CAm1"


def test_labels_are_ascii():
    topology = app.Topology()
    chain_of(topology, topology.addChain("é"), [("LIG", 1, "", {"Cα": "C", "Cβ": "C"})])
    inputs = resolved(topology)
    assert all(name.isascii() and name.isidentifier() for name in inputs.names)
    atoms = topology_of(topology)
    assert all(label(atoms, 0, level).isascii() for level in range(5))


def test_inputs_and_formula_inputs_share_names():
    topology = peptide("A", "B")
    both = {
        part: resolve_inputs(
            settings(
                inputs=[{"all": "bonds", "select": "chainid 0"}], formula_inputs=[{"all": "bonds"}]
            ),
            "system.yaml",
            topology_of(topology),
            part=part,
        )
        for part in ("inputs", "formula_inputs")
    }
    assert set(both["inputs"].descriptors) < set(both["formula_inputs"].descriptors)


def test_a_named_descriptor_never_hides_a_member_of_a_group():
    other = {"bond_N1_CA1": {"distance": [0, 2]}}
    inputs = resolved(peptide("A"), descriptors=other, inputs=["bond_N1_CA1", {"all": "bonds"}])
    assert len(inputs) == 8
    assert inputs.descriptors[0].atoms == (0, 2)


def test_two_descriptors_of_one_name_are_refused():
    twice = Descriptor("r", "distance", (0, 1)), Descriptor("r", "distance", (0, 2))
    with pytest.raises(DataError, match="'r': two descriptors have this name"):
        DescriptorSet(twice)


def test_suggestions_have_different_names():
    topology = app.Topology()
    for name in ("A", "B"):
        atoms = {"C1": "C", "C2": "C", "C3": "C", "C4": "C"}
        chain_of(topology, topology.addChain(name), [("BUT", 1, "", atoms)])
    found = candidates(mdtraj.Topology.from_openmm(topology), np.eye(8, 3))
    names = [candidate.name for candidate in found]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize("name", ["lambda", "in", "is", "None", "α", "x-1", "1x", "sin", "a b"])
def test_names_that_no_formula_can_hold_are_refused(name):
    with pytest.raises(MechanistError, match=r"descriptors\..*(keyword|function|ASCII)"):
        settings(descriptors={name: {"distance": [0, 1]}})
