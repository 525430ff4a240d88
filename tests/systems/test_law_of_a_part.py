"""A force law of some molecules in a classical system: its energies, files and bad input."""

import shutil
from dataclasses import replace

import numpy as np
import openmm
import pytest
from openmm import app, unit

from mechanist.bookkeeping.layout import Layout
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import EXPLODED, HalfShots, ShotQueue
from mechanist.engine.plan import POOL, Plan
from mechanist.errors import MechanistError
from mechanist.settings.load import load_system
from mechanist.systems.build.prepare import prepare
from mechanist.systems.forces.remainder import BONDED, PAIRS, remainder
from mechanist.systems.prepared import load
from tests.bring import build, write_system, write_wet
from tests.fuzz.molecules import DATA as DIPEPTIDE
from tests.fuzz.molecules import SETS

EMT = {"ase": "ase.calculators.emt:EMT"}

SPRINGS = """
import numpy as np


def energy_forces(positions, stiffness=3e5):
    steps = positions[:, 1:] - positions[:, :-1]
    lengths = np.linalg.norm(steps, axis=-1)
    away = lengths - [0.097, 0.147, 0.097]
    pulls = (stiffness * away / lengths)[..., None] * steps
    forces = np.zeros_like(positions)
    forces[:, :-1] += pulls
    forces[:, 1:] -= pulls
    return 0.5 * stiffness * (away**2).sum(axis=1), forces
"""

TIP3P = {"force_field": ["peroxide.xml", "amber14/tip3p.xml"]}

PEROXIDE = {"python": "forces.py", "atoms": "resname HPO"}


def energy_and_forces(system, positions):
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    context.computeVirtualSites()
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def wet(folder, forces, waters=20, **changes):
    """Hydrogen peroxide in water with virtual sites, in a box, with a force law."""
    molecule = write_wet(folder, waters) | {"cutoff": "0.4 nm"} | changes
    write_system(folder, molecule | ({} if forces is None else {"forces": forces}))
    (folder / "forces.py").write_text(SPRINGS, encoding="utf-8")
    return molecule | ({} if forces is None else {"forces": forces})


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("periodic", [False, True], ids=["vacuum", "PME"])
def test_energies_are_those_of_openmmml(name, periodic, tmp_path):
    """The same calculator of ASE by `MLPotential.createMixedSystem`, in every format."""
    pytest.importorskip("ase", reason="ase is not installed")
    ml = pytest.importorskip("openmmml", reason="openmmml is not installed")
    from ase import Atoms
    from ase.calculators.emt import EMT as Calculator

    settings = dict(SETS[name])
    if not periodic and "nonbonded" not in settings:
        pytest.skip("a serialised System has its own cutoff")
    if not periodic:
        settings = {k: v for k, v in settings.items() if k not in ("nonbonded", "cutoff", "box")}
    shutil.copytree(DIPEPTIDE, tmp_path, dirs_exist_ok=True)
    classical = build(tmp_path, settings)
    ours = build(tmp_path, settings | {"forces": EMT | {"atoms": "resname ACE ALA NME"}})
    atoms = ours.law.spec.atoms
    assert atoms == tuple(range(22))
    theirs = ml.MLPotential("ase").createMixedSystem(
        classical.topology,
        classical.system,
        list(atoms),
        aseAtoms=Atoms(numbers=ours.law.spec.numbers, calculator=Calculator()),
        **({"mlLongRange": False} if periodic else {}),
    )
    rng = np.random.default_rng(1)
    for scale in (0.0, 0.001, 0.003):
        positions = ours.positions + scale * rng.standard_normal(ours.positions.shape)
        found = energy_and_forces(ours.system, positions)
        expected = energy_and_forces(theirs, positions)
        assert found[0] == pytest.approx(expected[0], rel=1e-9, abs=1e-6)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-6, atol=1e-5)
    assert ours.system.getNumConstraints() == theirs.getNumConstraints()


def test_a_part_by_openmm_ml_is_that_of_its_potential(tmp_path):
    """The key openmm-ml itself, with a potential registered here for want of weights."""
    ml = pytest.importorskip("openmmml", reason="openmmml is not installed")

    class Springs(ml.mlpotential.MLPotentialImpl):
        def addForces(self, topology, system, atoms, forceGroup, **others):
            force = openmm.HarmonicBondForce()
            own = range(4) if atoms is None else list(atoms)
            for k, length in enumerate((0.097, 0.147, 0.097)):
                force.addBond(own[k], own[k + 1], length, 3e5)
            system.addForce(force)

    class Factory(ml.mlpotential.MLPotentialImplFactory):
        def createImpl(self, name, **arguments):
            return Springs()

    ml.MLPotential.registerImplFactory("own-springs", Factory())
    forces = {"openmm-ml": "own-springs", "atoms": "resname HPO"}
    settings = wet(tmp_path, None, **TIP3P)
    molecule = build(tmp_path, settings | {"forces": forces})
    classical = build(tmp_path, settings)
    theirs = ml.MLPotential("own-springs").createMixedSystem(
        classical.topology, classical.system, [0, 1, 2, 3], mlLongRange=False
    )
    positions = molecule.positions.copy()
    positions[0] += 0.004
    found = energy_and_forces(molecule.system, positions)
    expected = energy_and_forces(theirs, positions)
    assert found[0] == pytest.approx(expected[0], rel=1e-9, abs=1e-6)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)


def add_forces(system, block):
    """Forces of every kind that is split, within eight particles."""
    a, rng = [8 * block + k for k in range(8)], np.random.default_rng(block)
    for force in system.getForces():
        kind = type(force).__name__
        if kind == "NonbondedForce":
            for _ in a:
                force.addParticle(rng.normal(), 0.3, 0.5)
            force.addException(a[0], a[1], 0.1, 0.2, 0.3)
        elif kind == "CustomNonbondedForce":
            for _ in a:
                force.addParticle([rng.normal()])
            force.addExclusion(a[0], a[1])
        elif kind == "CustomExternalForce":
            force.addParticle(a[7], [])
        elif kind == "HarmonicBondForce":
            force.addBond(a[0], a[1], 0.1, 1e4)
        elif kind == "CustomBondForce":
            force.addBond(a[2], a[3], [])
        elif kind == "HarmonicAngleForce":
            force.addAngle(*a[:3], 1.5, 100.0)
        elif kind == "CustomAngleForce":
            force.addAngle(*a[1:4], [])
        elif kind == "PeriodicTorsionForce":
            force.addTorsion(*a[:4], 2, 0.5, 3.0)
        elif kind == "RBTorsionForce":
            force.addTorsion(*a[2:6], 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
        elif kind == "CustomTorsionForce":
            force.addTorsion(*a[1:5], [])
        elif kind == "CMAPTorsionForce":
            force.addTorsion(0, *a[:4], *a[1:5])
        else:
            assert kind == "CustomCompoundBondForce"
            force.addBond([a[0], a[2], a[4]], [])


def with_every_force(blocks, field):
    """A System of so many blocks; the external field acts on those in ``field``."""
    grid = np.random.default_rng(9).normal(size=16).tolist()
    cmap = openmm.CMAPTorsionForce()
    cmap.addMap(4, grid)
    pairs = openmm.CustomNonbondedForce("c1*c2*exp(-10*r)")
    pairs.addPerParticleParameter("c")
    forces = [
        openmm.NonbondedForce(),
        pairs,
        openmm.HarmonicBondForce(),
        openmm.CustomBondForce("r^2"),
        openmm.HarmonicAngleForce(),
        openmm.CustomAngleForce("theta^2"),
        openmm.PeriodicTorsionForce(),
        openmm.RBTorsionForce(),
        openmm.CustomTorsionForce("cos(theta)"),
        cmap,
        openmm.CustomCompoundBondForce(3, "distance(p1,p2)*distance(p2,p3)"),
        *([openmm.CustomExternalForce("x^2")] if field else []),
    ]
    system = openmm.System()
    for force in forces:
        system.addForce(force)
    for block in range(blocks):
        for _ in range(8):
            system.addParticle(1.0)
        add_forces(system, block)
    return system


def test_part_and_rest_add_up():
    """The part by its own classical forces in place of a law; the rest has the external field."""
    whole, part = with_every_force(2, True), with_every_force(1, False)
    kinds = {type(force).__name__ for force in whole.getForces()}
    assert kinds >= BONDED | PAIRS
    positions = np.random.default_rng(3).uniform(0, 0.8, (16, 3))
    expected, expected_forces = energy_and_forces(whole, positions)
    rest, forces = energy_and_forces(remainder(whole, range(8)), positions)
    own, own_forces = energy_and_forces(part, positions[:8])
    assert abs(own) > 1.0
    assert rest + own == pytest.approx(expected, rel=1e-9)
    forces[:8] += own_forces
    np.testing.assert_allclose(forces, expected_forces, rtol=1e-9, atol=1e-6)


def test_implicit_solvent_stays():
    """Around a part by a law there is the solvent that was there before."""
    pdb = app.PDBFile(str(DIPEPTIDE / "x.pdb"))
    modeller = app.Modeller(pdb.topology, pdb.positions)
    others = [r for r in pdb.topology.residues() if r.name not in ("ACE", "ALA", "NME")]
    modeller.delete(others)
    modeller.topology.setPeriodicBoxVectors(None)
    files = ("amber14/protein.ff14SB.xml", "implicit/obc2.xml")
    options = {"constraints": None, "removeCMMotion": False}
    wet_one = app.ForceField(*files).createSystem(modeller.topology, **options)
    dry_one = app.ForceField(files[0]).createSystem(modeller.topology, **options)
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    rest, _ = energy_and_forces(remainder(wet_one, range(22)), positions)
    dry, _ = energy_and_forces(dry_one, positions)
    expected, _ = energy_and_forces(wet_one, positions)
    assert rest < -20  # the energy of solvation
    assert rest + dry == pytest.approx(expected, abs=1e-6)


def test_a_force_that_cannot_be_split_is_named(tmp_path):
    settings = wet(tmp_path, PEROXIDE)
    classical = build(tmp_path, {k: v for k, v in settings.items() if k != "forces"})
    classical.system.addForce(openmm.CustomManyParticleForce(3, "0"))
    with pytest.raises(MechanistError, match="CustomManyParticleForce: cannot be split"):
        remainder(classical.system, range(4))


def test_files_hold_the_classical_rest_alone(tmp_path):
    wet(tmp_path, PEROXIDE)
    layout = Layout(tmp_path / "run")
    prepare(load_system(tmp_path), tmp_path, layout)
    text = layout.system_xml.read_text(encoding="utf-8")
    assert "Python" not in text
    prepared = load(layout)
    assert prepared.law.spec.atoms == (0, 1, 2, 3)
    stored = openmm.XmlSerializer.deserialize(text)
    positions = prepared.positions + 0.001
    with_law, _ = energy_and_forces(prepared.system, positions)
    without, _ = energy_and_forces(stored, positions)
    lengths = np.linalg.norm(np.diff(positions[:4], axis=0), axis=1)
    own = 1.5e5 * ((lengths - [0.097, 0.147, 0.097]) ** 2).sum()
    assert with_law - without == pytest.approx(own, abs=1e-6)
    # The waters are as rigid as without a law, the part is flexible.
    fixed = {
        i for k in range(stored.getNumConstraints()) for i in stored.getConstraintParameters(k)[:2]
    }
    assert len(fixed) == 60
    assert min(fixed) > 3


def test_a_part_that_is_wider_than_half_of_the_box_explodes(tmp_path):
    """Its ends would otherwise meet images of each other, between which there is no force."""
    wet(tmp_path, PEROXIDE)
    layout = Layout(tmp_path / "run")
    settings = load_system(tmp_path)
    prepare(settings, tmp_path, layout)
    prepared = load(layout)
    engine = make_engine(
        replace(prepared, friction=1e-9, stride=1),
        2,
        Plan("Reference", POOL, 2),
        1,
        lambda x: np.zeros(len(x)),
        2,
    )
    positions = np.repeat(prepared.positions[None], 2, axis=0)
    half = prepared.law.widest
    positions[1, 0] += [half, half, half]
    queue = ShotQueue()
    queue.put(HalfShots(np.arange(2), positions, np.zeros_like(positions)))
    ends = {}
    for halves in engine.run(queue.take):
        ends.update(zip(halves.keys.tolist(), halves.ends.tolist(), strict=True))
    assert ends[1] == EXPLODED
    assert ends[0] != EXPLODED


def test_molecules_of_a_part_are_put_side_by_side(tmp_path):
    """Two molecules on two sides of the border of the box are neighbours to the law."""
    pytest.importorskip("tblite", reason="tblite is not installed")
    settings = write_wet(tmp_path, 60) | {"cutoff": "0.4 nm"} | TIP3P
    pdb = app.PDBFile(str(tmp_path / "wet.pdb"))
    positions = np.array(pdb.positions.value_in_unit(unit.nanometer))
    edge = pdb.topology.getUnitCellDimensions().value_in_unit(unit.nanometer)[0]
    atoms = list(pdb.topology.atoms())
    near = int(np.linalg.norm(positions[4:] - positions[1], axis=1).argmin()) + 4
    water = [atom.index for atom in atoms[near].residue.atoms()]
    positions[water] += [edge, 0.0, -edge]
    with (tmp_path / "wet.pdb").open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(pdb.topology, positions * unit.nanometer, handle, keepIds=True)
    chosen = f"resname HPO or resid {atoms[near].residue.index}"
    forces = {"xtb": "gfn2-xtb", "atoms": chosen}
    molecule = build(tmp_path, settings | {"forces": forces})
    assert molecule.law.spec.atoms == (0, 1, 2, 3, *water)
    between = np.linalg.norm(molecule.positions[water] - molecule.positions[1], axis=1)
    assert between.min() < 0.5 * edge
    together = np.array(molecule.positions)
    together[water] -= [edge, 0.0, -edge]
    assert molecule.law.widest > 0.4
    others = np.delete(np.arange(len(positions)), water)
    np.testing.assert_allclose(molecule.positions[others], positions[others], atol=1e-3)


BAD = {
    "no atoms": ({"atoms": "resname LIG"}, r"forces\.atoms: 'resname LIG': matches no atom"),
    "not a selection": ({"atoms": "resname ("}, r"forces\.atoms: .*not an mdtraj selection"),
    "empty": ({"atoms": ""}, r"atoms: .*at least 1 character"),
    "all atoms": ({"atoms": "all"}, r"'all': are all atoms; leave out atoms and the keys"),
    "a cut bond": ({"atoms": "name O1"}, r"cuts 2 bonds, such as .*HPO.* - .*; only whole molec"),
    "a rigid water cut": ({"atoms": "water and name O and resid 3"}, r"cuts 2 bonds"),
    "virtual sites": ({"atoms": "not resname HPO"}, r"is a site without an element"),
    "charge": ({"xtb": "gfn2-xtb", "charge": 2}, r"charge: 2: the force field gives .* of \+0\.00"),
    "odd electrons": ({"xtb": "gfn2-xtb", "multiplicity": 2}, r"18 electrons .* even"),
    "implicit solvent": ({"xtb": "gfn2-xtb", "solvent": "water"}, r"solvent: not for a part"),
    "wrong shape": ({"function": "one_array"}, r"must return two arrays"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_in_one_line(tmp_path, case):
    forces, message = BAD[case]
    base = {"atoms": "resname HPO"} if "xtb" in forces else PEROXIDE
    wet(tmp_path, base | forces)
    extra = "\n\ndef one_array(positions):\n    return np.zeros_like(positions)\n"
    (tmp_path / "forces.py").write_text(SPRINGS + extra, encoding="utf-8")
    with pytest.raises(MechanistError, match=message) as told:
        prepare(load_system(tmp_path), tmp_path, Layout(tmp_path / "run"))
    assert "\n" not in str(told.value)
    assert str(tmp_path / "system.yaml") in str(told.value)


def test_a_part_needs_a_force_field_around_it(tmp_path):
    write_system(tmp_path, {"structure": "peroxide.pdb", "forces": PEROXIDE})
    with pytest.raises(MechanistError, match="force_field: missing"):
        load_system(tmp_path)
