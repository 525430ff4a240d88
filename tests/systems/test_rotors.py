"""Atoms that a rotation exchanges with like ones."""

import mdtraj

from mechanist.systems.descriptors.bonds import rotor_atoms


def test_hydrogens_of_methyl_groups_are_rotors_and_no_others(alanine_layout):
    topology = mdtraj.load_topology(str(alanine_layout.topology))
    names = sorted(str(topology.atom(i)) for i in rotor_atoms(topology))
    ace = [f"ACE1-H{i}" for i in (1, 2, 3)]
    nme = [f"NME3-H{i}3" for i in (1, 2, 3)]
    assert len(names) == 9
    assert {name.split("-")[0] for name in names} == {ace[0][:4], "ALA2", nme[0][:4]}
    assert [name for name in names if name.startswith("ALA2")] == [f"ALA2-HB{i}" for i in (1, 2, 3)]


def test_a_particle_has_none(double_well_layout):
    assert rotor_atoms(mdtraj.load_topology(str(double_well_layout.topology))) == set()
