"""Bonds that do not turn at the temperature of a run, and hot MD in which they do."""

import mdtraj
import numpy as np
import openmm
import pytest
from scipy.spatial.transform import Rotation

from mechanist.bookkeeping.journal import Journal
from mechanist.engine.plan import default_plan
from mechanist.sampling.first_path.guesses import GuessSearch
from mechanist.sampling.first_path.hot_md import hot_paths
from mechanist.settings.run import InitialSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.geometry import torsions
from mechanist.systems.descriptors.states import Box, Interval, State, States
from mechanist.systems.isomers import stiff_bonds
from mechanist.systems.prepared import Prepared

KT = 2.494
SOFT, STIFF = 15 * KT, 24 * KT
"""Barriers."""


def chain(barriers, told, *, ryckaert_bellemans=False):
    """A chain of atoms, each torsion with two minima, cis and trans; ``told`` defines A and B."""
    count = len(barriers) + 3
    system = openmm.System()
    bonds, angles = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce()
    turns, powers = openmm.PeriodicTorsionForce(), openmm.RBTorsionForce()
    for i in range(count):
        system.addParticle(12.0)
        if i > 0:
            bonds.addBond(i - 1, i, 0.15, 1e5)
        if i > 1:
            angles.addAngle(i - 2, i - 1, i, np.radians(115), 3000.0)
    for i, barrier in enumerate(barriers):
        four = (i, i + 1, i + 2, i + 3)
        # k (1 - cos 2 phi) = 2 k (1 - cos^2 phi)
        if ryckaert_bellemans:
            powers.addTorsion(*four, barrier, 0.0, -barrier, 0.0, 0.0, 0.0)
        else:
            turns.addTorsion(*four, 2, np.pi, barrier / 2)
    for force in (bonds, angles, turns, powers):
        system.addForce(force)
    # Planar, all trans.
    rise, across = 0.15 * np.cos(np.radians(32.5)), 0.15 * np.sin(np.radians(32.5))
    positions = np.array([[i * rise, across * (i % 2), 0.0] for i in range(count)])
    descriptors = {
        "torsion": Descriptor("turn", "torsion", (0, 1, 2, 3)),
        "distance": Descriptor("ends", "distance", (0, count - 1)),
    }
    a, b = {
        "torsion": ((np.radians(150), np.radians(210)), (-np.radians(30), np.radians(30))),
        "distance": ((0.36, 9.0), (0.0, 0.31)),
    }[told]
    name = descriptors[told].name
    states = States(
        DescriptorSet((descriptors[told],)),
        State("trans", (Box((Interval(name, *a),)),)),
        State("cis", (Box((Interval(name, *b),)),)),
    )
    return Prepared(
        name="chain",
        system=system,
        positions=positions,
        masses=np.full(count, 12.0),
        temperature=300.0,
        friction=5.0,
        timestep=0.001,
        stride=5,
        max_half_frames=2000,
        states=states,
    )


@pytest.mark.parametrize("ryckaert_bellemans", [False, True])
def test_stiff_bonds_are_those_with_a_high_barrier(ryckaert_bellemans):
    made = chain([SOFT, STIFF], "torsion", ryckaert_bellemans=ryckaert_bellemans)
    found = stiff_bonds(made)
    assert found.atoms.tolist() == [[1, 2, 3, 4]]
    assert found.told.tolist() == [False]
    assert stiff_bonds(chain([STIFF], "torsion")).told.tolist() == [True]
    assert not len(stiff_bonds(chain([SOFT, SOFT], "torsion")).atoms)


def test_amide_bonds_are_stiff_and_no_others(alanine):
    found = stiff_bonds(alanine)
    assert {tuple(sorted(row)) for row in found.atoms[:, 1:3].tolist()} == {(4, 6), (10, 16)}
    assert not found.turned(alanine.positions[None]).any()
    # Half a turn of all that lies behind the first of them.
    axis = alanine.positions[6] - alanine.positions[4]
    axis /= np.linalg.norm(axis)
    turned = alanine.positions.copy()
    part = turned[6:] - turned[4]
    turned[6:] = turned[4] + 2 * (part @ axis)[:, None] * axis - part
    assert found.turned(turned[None])[0].tolist() == [
        {4, 6} == set(row) for row in found.atoms[:, 1:3].tolist()
    ]


def test_hot_md_leaves_out_crossings_to_other_isomers():
    # At 8 times 300 K the stiff torsion turns nearly as often as the soft one. Seed 4.
    made, said = chain([SOFT, STIFF], "torsion"), []
    found = hot_paths(made, (8.0,), 4, 2000.0, 12, default_plan(made, "Reference"), 4, said.append)
    assert len(found) == 12
    ends = np.concatenate([path.frames[[0, -1]] for path in found])
    stiff = torsions(ends, np.array([[1, 2, 3, 4]]))
    assert (np.cos(stiff) < 0).all()
    assert any("more left out, which turn about the stiff bond of atoms 2 and 3" in s for s in said)


@pytest.mark.parametrize("told", ["torsion", "distance"])
def test_a_reaction_that_is_such_a_turn_is_found(told):
    # By a distance it cannot be seen that the turn is the reaction: nothing else is found. Seed 5.
    made, said = chain([STIFF], told), []
    plan = default_plan(made, "Reference")
    found = hot_paths(made, (8.0,), 4, 200.0, 4, plan, 5, said.append)
    assert len(found) == 4
    assert any("no crossing without a turn" in s for s in said) == (told == "distance")


def bent(first, second):
    """Positions (5, 3) of five atoms with these torsions in degrees, made of rotations alone."""
    at = chain([SOFT, STIFF], "torsion").positions.copy()
    for (i, j), angle in (((1, 2), first - 180), ((2, 3), second - 180)):
        axis = at[j] - at[i]
        turn = Rotation.from_rotvec(np.radians(angle) * axis / np.linalg.norm(axis))
        at[j + 1 :] = at[j] + turn.apply(at[j + 1 :] - at[j])
    return at


@pytest.mark.parametrize("others", [True, False])
def test_crossings_of_a_file_to_other_isomers_are_left_out_if_there_are_others(tmp_path, others):
    made, said = chain([SOFT, STIFF], "torsion"), []
    # From trans to cis and back; the last atom is cis on the way back, in every frame or never.
    there = [bent(angle, 0 if not others else 180) for angle in np.linspace(180, 0, 37)]
    back = [bent(angle, 0) for angle in np.linspace(0, 180, 37)]
    topology = mdtraj.Topology()
    residue = topology.add_residue("CHN", topology.add_chain())
    for i in range(5):
        topology.add_atom(f"C{i}", mdtraj.element.carbon, residue)
    file = tmp_path / "turns.trr"
    mdtraj.Trajectory(np.array(there + back[1:]), topology).save(str(file))
    mdtraj.Trajectory(made.positions[None], topology).save(str(tmp_path / "topology.pdb"))
    settings = InitialSettings(method="file", path=str(file))
    log = Journal(said.append)
    plan = default_plan(made, "Reference")
    found = GuessSearch(made, settings, plan, 1, tmp_path / "topology.pdb", log).find()
    assert len(found) == (1 if others else 2)
    assert found[0].notes["file_frames"][1] < 36
    wanted = "1 of 2 crossings left out" if others else "every crossing differs"
    assert any(wanted in line and "of atoms 2 and 3" in line for line in said)
