"""Force laws: each kind gives its forces to OpenMM, is named in files, and fails in one line."""

import json
import socket
from dataclasses import replace

import numpy as np
import openmm
import pytest

from mechanist.bookkeeping.files import sha256, write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.batched import BATCHED
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import EXPLODED, HalfShots, ShotQueue
from mechanist.engine.plan import POOL, Plan
from mechanist.errors import DataError, MechanistError
from mechanist.settings.load import load_system
from mechanist.systems.build.prepare import prepare
from mechanist.systems.build.sanity import changed_bonds
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.forces.openmm_ml import offline
from mechanist.systems.prepared import load
from tests.bring import build, write_system

SPRINGS = """
import numpy as np

PAIRS = np.array([(0, 1), (1, 2), (2, 3)])
LENGTHS = np.array([0.095, 0.147, 0.095])


def energy_forces(positions, stiffness=3e5, numbers=None):
    '''Springs along the bonds of hydrogen peroxide.'''
    assert numbers is None or list(numbers) == [1, 8, 8, 1]
    steps = positions[:, PAIRS[:, 1]] - positions[:, PAIRS[:, 0]]
    lengths = np.linalg.norm(steps, axis=-1)
    pulls = (stiffness * (lengths - LENGTHS) / lengths)[..., None] * steps
    forces = np.zeros_like(positions)
    for k, (i, j) in enumerate(PAIRS):
        forces[:, i] += pulls[:, k]
        forces[:, j] -= pulls[:, k]
    return 0.5 * stiffness * ((lengths - LENGTHS) ** 2).sum(axis=1), forces


def fragile(positions):
    '''No forces; no result once an atom has moved by 0.01 nm along x.'''
    forces = np.zeros_like(positions)
    return np.where(positions[:, 0, 0] > 0.01 + START, np.nan, 0.0), forces


START = 1.0952


def wrong_shape(positions):
    return np.zeros(3), np.zeros_like(positions)


def one_array(positions):
    return np.zeros_like(positions)


def text(positions):
    return "low", "strong"


def raises(positions):
    raise ValueError("on the first line\\nand the second")


def not_finite(positions):
    return np.zeros(len(positions)), np.full_like(positions, np.inf)
"""


def law(folder, forces, **changes):
    """A folder of hydrogen peroxide under a force law."""
    write_system(folder, {"structure": "peroxide.pdb", "forces": forces}, **changes)
    (folder / "forces.py").write_text(SPRINGS, encoding="utf-8")
    (folder / "broken.pt2").write_text("nothing", encoding="utf-8")
    return folder


def energy_and_forces(system, positions):
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value


def write_torch(folder):
    """A TorchScript module with the springs of ``SPRINGS``."""
    import torch

    class Springs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            rest = torch.tensor([0.095, 0.147, 0.095], dtype=torch.float64)
            self.register_buffer("rest", rest)

        def forward(self, positions: torch.Tensor) -> torch.Tensor:
            lengths = (positions[:, 1:] - positions[:, :-1]).square().sum(dim=-1).sqrt()
            return 0.5 * 3e5 * ((lengths - self.rest) ** 2).sum(dim=1)

    torch.jit.script(Springs()).save(str(folder / "springs.pt"))
    example = (torch.zeros(3, 4, 3, dtype=torch.float64),)
    replicas = ({0: torch.export.Dim("replicas")},)
    exported = torch.export.export(Springs(), example, dynamic_shapes=replicas)
    torch.export.save(exported, folder / "springs.pt2")


KINDS = {
    "gfn2-xtb": "gfn2-xtb",
    "gfn1-xtb": "gfn1-xtb",
    "in water": {"xtb": "gfn2-xtb", "solvent": "water"},
    "cation": {"xtb": "gfn2-xtb", "charge": 1, "multiplicity": 2},
    "python": {"python": "forces.py"},
    "torch": {"torch": "springs.pt"},
    "exported": {"torch": "springs.pt2"},
    "ase": {"ase": "ase.calculators.emt:EMT"},
}
NEEDS = {"gfn2-xtb": "tblite", "gfn1-xtb": "tblite", "in water": "tblite", "cation": "tblite"} | {
    "ase": "ase"
}


@pytest.mark.parametrize("kind", KINDS)
def test_forces_are_the_gradient_of_the_energy(tmp_path, kind):
    if kind in NEEDS:
        pytest.importorskip(NEEDS[kind], reason=f"{NEEDS[kind]} is not installed")
    law(tmp_path, KINDS[kind])
    if "torch" in KINDS[kind]:
        write_torch(tmp_path)
    molecule = build(tmp_path, {"structure": "peroxide.pdb", "forces": KINDS[kind]})
    rng = np.random.default_rng(3)
    positions = molecule.positions + 0.003 * rng.standard_normal(molecule.positions.shape)
    _, forces = energy_and_forces(molecule.system, positions)
    step = 1e-4 * rng.standard_normal(positions.shape)
    up, down = (energy_and_forces(molecule.system, positions + s * step)[0] for s in (1, -1))
    assert np.abs(forces).max() > 100
    assert -(up - down) / 2 == pytest.approx((forces * step).sum(), rel=2e-3)


def test_charge_spin_and_solvent_change_the_energy(tmp_path):
    pytest.importorskip("tblite", reason="tblite is not installed")
    found = {}
    for kind in ("gfn2-xtb", "gfn1-xtb", "in water", "cation"):
        law(tmp_path, KINDS[kind])
        molecule = build(tmp_path, {"structure": "peroxide.pdb", "forces": KINDS[kind]})
        found[kind] = energy_and_forces(molecule.system, molecule.positions)[0]
    assert len({round(value) for value in found.values()}) == 4
    # Ionisation by some 10 eV; hydration by tens of kJ/mol.
    assert 600 < found["cation"] - found["gfn2-xtb"] < 2000
    assert -100 < found["in water"] - found["gfn2-xtb"] < -5


def test_python_and_torch_agree_with_openmm(tmp_path):
    law(tmp_path, {"python": "forces.py"})
    write_torch(tmp_path)
    reference = openmm.System()
    force = openmm.HarmonicBondForce()
    for _ in range(4):
        reference.addParticle(1.0)
    for i, length in enumerate((0.095, 0.147, 0.095)):
        force.addBond(i, i + 1, length, 3e5)
    reference.addForce(force)
    for forces in ({"python": "forces.py"}, {"torch": "springs.pt"}, {"torch": "springs.pt2"}):
        molecule = build(tmp_path, {"structure": "peroxide.pdb", "forces": forces})
        positions = molecule.positions + 0.01
        positions[0] += 0.004
        found = energy_and_forces(molecule.system, positions)
        expected = energy_and_forces(reference, positions)
        assert found[0] == pytest.approx(expected[0], rel=1e-9)
        assert np.allclose(found[1], expected[1], rtol=1e-8, atol=1e-6)


def test_files_of_a_run_name_the_law_and_hold_none_of_it(tmp_path):
    folder = law(tmp_path, {"python": "forces.py", "arguments": {"stiffness": 1e5}})
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    assert "Python" not in layout.system_xml.read_text(encoding="utf-8")
    written = json.loads(layout.dynamics.read_text(encoding="utf-8"))["forces"]
    assert written["sha256"] == sha256(folder / "forces.py")
    assert written["settings"]["arguments"] == {"stiffness": 1e5}
    again = load(layout)
    positions = again.positions.copy()
    positions[0] += 0.004
    energy, _ = energy_and_forces(again.system, positions)
    lengths = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    assert energy == pytest.approx(0.5e5 * ((lengths - [0.095, 0.147, 0.095]) ** 2).sum())
    # A copy of the System within the process, as for restraints, has the same law.
    copied = openmm.XmlSerializer.clone(again.system)
    assert energy_and_forces(copied, positions)[0] == pytest.approx(energy)


def test_a_law_with_another_energy_than_before_is_refused(tmp_path):
    """As after a change of weights, which neither name nor version tells."""
    folder = law(tmp_path, {"python": "forces.py"})
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    assert load(layout).law.law
    content = json.loads(layout.dynamics.read_text(encoding="utf-8"))
    content["forces"]["energy"] += 0.1
    write_json(layout.dynamics, content)
    with pytest.raises(MechanistError, match=r"python: forces\.py: has an energy of .* but had"):
        assert load(layout).law.law


def test_a_changed_file_is_refused(tmp_path):
    folder = law(tmp_path, {"python": "forces.py"})
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    (folder / "forces.py").write_text(SPRINGS + "\n# edited\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"forces\.py: has changed since 'mechanist prepare'"):
        load(layout)


def test_another_version_of_a_package_is_refused(tmp_path):
    pytest.importorskip("tblite", reason="tblite is not installed")
    folder = law(tmp_path, "gfn2-xtb")
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    text = layout.dynamics.read_text(encoding="utf-8")
    content = json.loads(text)
    content["forces"]["versions"]["tblite"] = "0.0.1"
    write_json(layout.dynamics, content)
    with pytest.raises(DataError, match=r"forces by gfn2-xtb with tblite 0\.0\.1"):
        load(layout)


@pytest.mark.parametrize("layout_name", [POOL, BATCHED])
def test_a_failing_law_ends_half_shots_as_exploded_and_nothing_else(layout_name, tmp_path, capsys):
    folder = law(tmp_path, {"python": "forces.py", "function": "fragile"})
    layout = Layout(tmp_path / "run")
    prepare(load_system(folder), folder, layout)
    # Without friction there is no noise.
    prepared = replace(load(layout), friction=1e-9)
    plan = Plan("Reference", layout_name, 4)
    engine = make_engine(prepared, 4, plan, 1, lambda x: np.zeros(len(x)), 8)
    # Without forces atoms go straight on: half of these half-shots go towards +x, half do not.
    velocities = np.zeros((8, 4, 3))
    velocities[:, :, 0] = np.tile([1.0, -1.0], 4)[:, None]
    queue = ShotQueue()
    positions = np.repeat(prepared.positions[None], 8, axis=0)
    positions[:, :, 0] += 1.0952 - positions[:, :1, 0]
    queue.put(HalfShots(np.arange(8), positions, velocities))
    ends = {}
    for halves in engine.run(queue.take):
        ends.update(zip(halves.keys.tolist(), (halves.ends == EXPLODED).tolist(), strict=True))
    assert ends == {key: key % 2 == 0 for key in range(8)}
    assert prepared.law.failures == 4
    assert "returned a non-finite energy or force" in capsys.readouterr().err


BAD = {
    "unknown word": ("gfn3-xtb", r"must be gfn2-xtb, gfn1-xtb, or a section with xtb, ase"),
    "unknown key": ({"dftb": "3ob"}, r"needs one of xtb, ase, openmm-ml, torch, python"),
    "two laws": ({"xtb": "gfn2-xtb", "python": "forces.py"}, r"needs one of"),
    "unknown method": ({"xtb": "gfn0-xtb"}, r"xtb: \"gfn0-xtb\": input should be 'gfn2-xtb'"),
    "extra key": ({"xtb": "gfn2-xtb", "solvnt": "water"}, r"did you mean solvent\?"),
    "charge not whole": ({"xtb": "gfn2-xtb", "charge": 0.5}, r"charge: 0.5: .*integer"),
    "odd electrons": ({"xtb": "gfn2-xtb", "charge": 1}, r"17 electrons \(charge 1\) are an odd"),
    "wrong spin": ({"xtb": "gfn2-xtb", "multiplicity": 2}, r"18 electrons .* even"),
    "too few electrons": ({"xtb": "gfn2-xtb", "charge": 19}, r"only 18 electrons"),
    "unknown solvent": ({"xtb": "gfn2-xtb", "solvent": "wasser"}, r"solvents"),
    "class without module": ({"ase": "EMT"}, r"ase: \"EMT\": string should match"),
    "missing module": ({"ase": "no_such_package:X"}, r"no_such_package:X: cannot be imported"),
    "missing class": ({"ase": "ase.calculators.emt:XYZ"}, r"has no class XYZ"),
    "not a calculator": (
        {"ase": "ase.formula:Formula", "arguments": {"formula": "H"}},
        r"is not a calculator of ASE",
    ),
    "wrong argument": (
        {"ase": "ase.calculators.lj:LennardJones", "arguments": {"sigma": "x", "rc": []}},
        r"LennardJones: ",
    ),
    "not in openmmml": ({"openmm-ml": "no-such"}, r"openmmml: 'no-such': is not one of"),
    "neutral only": ({"openmm-ml": "ani2x", "charge": 2}, r"ani2x: knows neutral molecules"),
    "no package": ({"openmm-ml": "nequip"}, r"nequip: cannot be made: "),
    "missing python": ({"python": "laws.py"}, r"'laws.py': there is no such file"),
    "not python": ({"python": "forces.txt"}, r"python: \"forces.txt\": string should match"),
    "missing function": ({"python": "forces.py", "function": "f"}, r"there is no such function"),
    "wrong shape": (
        {"python": "forces.py", "function": "wrong_shape"},
        r"returns energies of shape \(3,\) for positions of shape \(1, 4, 3\); must be \(1,\)",
    ),
    "one array": ({"python": "forces.py", "function": "one_array"}, r"must return two arrays"),
    "text": ({"python": "forces.py", "function": "text"}, r"must return numbers"),
    "raises": ({"python": "forces.py", "function": "raises"}, r"raised ValueError: on the first"),
    "not finite": ({"python": "forces.py", "function": "not_finite"}, r"returned a non-finite"),
    "unknown argument": ({"python": "forces.py", "arguments": {"k": 1}}, r"argument 'k'"),
    "missing torch": ({"torch": "law.pt"}, r"'law.pt': there is no such file"),
    "not torch": ({"torch": "peroxide.pdb"}, r"is not a TorchScript module"),
    "not exported": ({"torch": "broken.pt2"}, r"is not a module of torch\.export: "),
}
WITH_ASE = ("missing class", "not a calculator", "wrong argument", "missing module")
WITH_ML = ("not in openmmml", "neutral only", "no package")


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_in_one_line(tmp_path, case):
    forces, message = BAD[case]
    if case in WITH_ASE:
        pytest.importorskip("ase", reason="ase is not installed")
    if case in WITH_ML:
        pytest.importorskip("openmmml", reason="openmmml is not installed")
    folder = law(tmp_path, forces)
    with pytest.raises(MechanistError, match=message) as told:
        prepare(load_system(folder), folder, Layout(tmp_path / "run"))
    assert "\n" not in str(told.value)
    assert str(folder / "system.yaml") in str(told.value)


def test_a_potential_of_openmmml_gives_its_forces(tmp_path):
    """One of our own, since the weights of others are not on every machine."""
    ml = pytest.importorskip("openmmml", reason="openmmml is not installed")

    class Springs(ml.mlpotential.MLPotentialImpl):
        def addForces(self, topology, system, atoms, forceGroup, charge, **others):
            force = openmm.HarmonicBondForce()
            for i, length in enumerate((0.095, 0.147, 0.095)):
                force.addBond(i, i + 1, length, 3e5 + charge)
            system.addForce(force)

    class Factory(ml.mlpotential.MLPotentialImplFactory):
        def createImpl(self, name, **arguments):
            return Springs()

    ml.MLPotential.registerImplFactory("springs", Factory())
    folder = law(tmp_path, {"openmm-ml": "springs"})
    found = {}
    for forces in ({"openmm-ml": "springs"}, {"python": "forces.py"}):
        molecule = build(folder, {"structure": "peroxide.pdb", "forces": forces})
        positions = molecule.positions.copy()
        positions[0] += 0.004
        found[str(forces)] = energy_and_forces(molecule.system, positions)
    ours, theirs = found.values()
    assert ours[0] == pytest.approx(theirs[0])
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-6)


def test_weights_that_are_not_there_are_named(tmp_path, monkeypatch):
    pytest.importorskip("openmmml", reason="openmmml is not installed")
    pytest.importorskip("torchani", reason="torchani is not installed")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = law(tmp_path, {"openmm-ml": "ani2x"})
    with pytest.raises(MechanistError, match="mechanist doctor --fetch NAME gets them") as told:
        prepare(load_system(folder), folder, Layout(tmp_path / "run"))
    assert "\n" not in str(told.value)


def test_nothing_is_downloaded_while_a_potential_is_made():
    with offline(), pytest.raises(OSError, match="nothing is downloaded during a run"):
        socket.create_connection(("localhost", 80), timeout=1)
    assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize("key", ["force_field", "constraints", "box", "hydrogen_mass"])
def test_keys_of_a_classical_force_field_are_refused(tmp_path, key):
    values = {
        "force_field": ["peroxide.xml"],
        "constraints": "HBonds",
        "box": ["2 nm"] * 3,
        "hydrogen_mass": "2 dalton",
    }
    molecule = {"structure": "peroxide.pdb", "forces": "gfn2-xtb", key: values[key]}
    write_system(tmp_path, molecule)
    with pytest.raises(MechanistError, match=f"{key}: not used with a force law"):
        load_system(tmp_path)


def test_an_element_without_parameters(tmp_path):
    pytest.importorskip("tblite", reason="tblite is not installed")
    folder = law(tmp_path, "gfn2-xtb")
    text = (folder / "peroxide.pdb").read_text(encoding="utf-8")
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(("ATOM", "HETATM")))
    lines[first] = lines[first][:76] + "Es" + lines[first][78:]
    (folder / "peroxide.pdb").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(MechanistError, match=r"gfn2-xtb: .*Z") as told:
        prepare(load_system(folder), folder, Layout(tmp_path / "run"))
    assert "\n" not in str(told.value)


def test_bonds_are_found_where_the_structure_has_none(tmp_path):
    folder = law(tmp_path, {"python": "forces.py"})
    text = (folder / "peroxide.pdb").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("CONECT")]
    (folder / "peroxide.pdb").write_text("\n".join(kept) + "\n", encoding="utf-8")
    molecule = build(folder, {"structure": "peroxide.pdb", "forces": {"python": "forces.py"}})
    bonds = [(bond[0].index, bond[1].index) for bond in molecule.topology.bonds()]
    assert sorted(bonds) == [(0, 1), (1, 2), (2, 3)]


def test_a_bond_that_minimisation_breaks_is_a_warning(tmp_path):
    folder = law(tmp_path, {"python": "forces.py"})
    molecule = build(folder, {"structure": "peroxide.pdb", "forces": {"python": "forces.py"}})
    topology = topology_of(molecule.topology)
    assert changed_bonds(molecule, topology, molecule.positions) == []
    moved = molecule.positions.copy()
    # The first hydrogen goes from its oxygen to the other one.
    moved[0] = moved[2] + [0, 0, 0.1]
    said = [finding.what for finding in changed_bonds(molecule, topology, moved)]
    assert said == [
        "minimisation breaks the bond HPO1-H1 - HPO1-O1",
        "minimisation forms the bond HPO1-H1 - HPO1-O2",
    ]
