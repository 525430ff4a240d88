"""The formula in other programs gives the same q as here, from positions."""

import importlib.util
import re

import numpy as np
import openmm
import pytest
from openmm import unit
from sympy import lambdify
from sympy.parsing.sympy_parser import convert_xor, parse_expr, standard_transformations

from mechanist.errors import DataError
from mechanist.formula.export import (
    EXPORTS,
    exports_of,
    openmm_force,
    plumed_text,
    python_text,
    write_exports,
)
from mechanist.formula.expression import evaluate
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Column,
    Coordination,
    HydrogenBonds,
    Radial,
)

INPUTS = DescriptorSet(
    (
        Descriptor("phi", "torsion", (4, 6, 8, 14)),
        Descriptor("psi", "torsion", (6, 8, 14, 16)),
        Descriptor("theta", "torsion", (5, 4, 6, 8)),
        Descriptor("angle_C1_N2_CA2", "angle", (4, 6, 8)),
        Descriptor("d", "distance", (5, 17)),
        Descriptor("bond_C1_N2", "distance", (4, 6)),
        Descriptor("height_O1_CA2", "height", (5, 6, 10, 14)),
        Descriptor("transfer", "difference", (5, 7, 16, 7)),
    )
)
# Every function, a division, powers and signs, with an angle, distances, a difference and torsions.
FORMULA = (
    "0.26 - 8.4*sin(phi) + 4.2*cos(theta) - (1.2 + sin(psi))**2/(1.7 + cos(phi))"
    " + exp(-2.5*d) + 3.1*log(angle_C1_N2_CA2) - tanh(40*(bond_C1_N2 - 0.1335))"
    " + sqrt(d)/angle_C1_N2_CA2 - 1e-05*d**2.5 - 20*height_O1_CA2 + 3*transfer"
)
TOLERANCE = 1e-6


def check(found, frames, descriptors, formula):
    columns = descriptors.values(frames).T
    expected = evaluate(formula, dict(zip(descriptors.names, columns, strict=True)))
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def context_of(force, atoms, box, platform):
    """A context with this force alone."""
    system = openmm.System()
    for _ in range(atoms):
        system.addParticle(1.0)
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    chosen = openmm.Platform.getPlatformByName(platform)
    return openmm.Context(system, openmm.VerletIntegrator(0.001), chosen)


def energies(force, frames, box=None):
    """Energy in kJ/mol of each frame on the Reference platform."""
    context = context_of(force, frames.shape[1], box, "Reference")
    result = []
    for frame in frames:
        context.setPositions(frame)
        energy = context.getState(getEnergy=True).getPotentialEnergy()
        result.append(energy.value_in_unit(unit.kilojoule_per_mole))
    return np.array(result)


def imported(text, folder):
    path = folder / "formula.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_formula", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_plumed(text, frames, descriptors):
    """q by the lines of a PLUMED input: its atoms, its arguments, its function read by sympy."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    actions = dict(line.split(": ", 1) for line in lines)
    known = {}
    for label, action in actions.items():
        kind, *words = action.split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        if kind == "POSITION":
            for axis, letter in enumerate("xyz"):
                known[f"{label}.{letter}"] = frames[:, int(options["ATOM"]) - 1, axis]
        elif kind in ("TORSION", "ANGLE", "DISTANCE"):
            atoms = tuple(int(atom) - 1 for atom in options["ATOMS"].split(","))
            one = DescriptorSet((Descriptor(label, kind.lower(), atoms),), descriptors.box)
            known[label] = one.values(frames)[:, 0]
            assert ("NOPBC" in words) == (descriptors.box is None)
        elif kind == "CUSTOM":
            arguments, variables = options["ARG"].split(","), options["VAR"].split(",")
            assert options["PERIODIC"] == "NO"
            rules = (*standard_transformations, convert_xor)
            expr = parse_expr(options["FUNC"], transformations=rules)
            assert {symbol.name for symbol in expr.free_symbols} == set(variables)
            values = dict(zip(variables, (known[name] for name in arguments), strict=True))
            names = sorted(values)
            known[label] = lambdify(names, expr, "numpy")(*(values[name] for name in names))
    return known["q"]


@pytest.fixture(scope="module")
def frames(alanine):
    """The structure with every atom pushed by 0.03 nm; 1,000 times."""
    rng = np.random.default_rng(12)
    return alanine.positions[None] + 0.03 * rng.normal(size=(1000, *alanine.positions.shape))


def test_all_three_agree_on_a_thousand_frames(frames, tmp_path):
    write_exports(FORMULA, INPUTS, tmp_path)
    xml = (tmp_path / EXPORTS["openmm"]).read_text(encoding="utf-8")
    check(energies(openmm.XmlSerializer.deserialize(xml), frames), frames, INPUTS, FORMULA)
    module = imported((tmp_path / EXPORTS["python"]).read_text(encoding="utf-8"), tmp_path)
    check(module.q(frames), frames, INPUTS, FORMULA)
    text = (tmp_path / EXPORTS["plumed"]).read_text(encoding="utf-8")
    check(by_plumed(text, frames, INPUTS), frames, INPUTS, FORMULA)


def test_the_python_file_takes_one_frame_and_gives_chances(frames, tmp_path):
    module = imported(python_text(FORMULA, INPUTS), tmp_path)
    one = module.q(frames[3])
    assert np.ndim(one) == 0
    assert one == module.q(frames)[3]
    np.testing.assert_allclose(module.p_B(frames), 1 / (1 + np.exp(-module.q(frames))), atol=1e-12)
    assert "nm" in module.q.__doc__
    source = (tmp_path / "formula.py").read_text(encoding="utf-8")
    assert re.findall(r"^import (.*)$", source, re.MULTILINE) == ["numpy as np"]
    assert "from " not in source.split('"""')[2]


def test_plumed_counts_from_one():
    text = plumed_text("2.5*sin(phi)", INPUTS)
    assert "phi: TORSION ATOMS=5,7,9,15 NOPBC" in text
    assert "q: CUSTOM ARG=phi VAR=phi FUNC=2.5*sin(phi) PERIODIC=NO" in text
    assert "psi" not in text


def test_forces_follow_from_the_formula(frames):
    # Along a random direction, by central differences; their error is of order step^2.
    force = openmm_force(FORMULA, INPUTS)
    system = openmm.System()
    for _ in range(frames.shape[1]):
        system.addParticle(1.0)
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(frames[0])
    forces = context.getState(getForces=True).getForces(asNumpy=True)._value
    way = np.random.default_rng(1).normal(size=frames[0].shape)
    step = 1e-5
    ends = [frames[0] + sign * step * way for sign in (-1, 1)]
    slopes = INPUTS.values(np.array(ends)).T
    low, high = evaluate(FORMULA, dict(zip(INPUTS.names, slopes, strict=True)))
    assert -(forces * way).sum() == pytest.approx((high - low) / (2 * step), rel=1e-5)


def test_in_a_periodic_box(frames, tmp_path):
    box = ((1.9, 0.0, 0.0), (0.0, 2.1, 0.0), (0.0, 0.0, 2.3))
    inputs = DescriptorSet(INPUTS.descriptors, box)
    # Every atom is put back into the box, so that the molecule is cut by its faces.
    wrapped = np.mod(frames[:200], np.diag(box))
    assert np.abs(wrapped - frames[:200]).max() > 1
    check(energies(openmm_force(FORMULA, inputs), wrapped, box), wrapped, inputs, FORMULA)
    module = imported(python_text(FORMULA, inputs), tmp_path)
    check(module.q(wrapped), wrapped, inputs, FORMULA)
    check(by_plumed(plumed_text(FORMULA, inputs), wrapped, inputs), wrapped, inputs, FORMULA)


def test_coordinates_of_a_potential(tmp_path):
    places = {"x": (0, 0), "y": (0, 1), "idle_5": (1, 2)}
    kind = "coordinate"
    inputs = DescriptorSet(tuple(Descriptor(n, kind, (a,), i) for n, (a, i) in places.items()))
    formula = "0.5 + 3.2*x - x**3*y + 0.1*idle_5/(2 + y**2)"
    frames = np.random.default_rng(4).normal(size=(300, 2, 3))
    check(energies(openmm_force(formula, inputs), frames), frames, inputs, formula)
    check(imported(python_text(formula, inputs), tmp_path).q(frames), frames, inputs, formula)
    text = plumed_text(formula, inputs)
    check(by_plumed(text, frames, inputs), frames, inputs, formula)
    assert "atom2: POSITION ATOM=2 NOPBC" in text
    assert "ARG=atom1.x,atom1.y,atom2.z VAR=x,y,idle_5" in text


def test_names_that_mean_something_else_there(frames, tmp_path):
    names = ("np", "positions", "e", "q", "exp", "pi")
    pairs = zip(names, INPUTS.descriptors[: len(names)], strict=True)
    inputs = DescriptorSet(tuple(Descriptor(n, d.kind, d.atoms) for n, d in pairs))
    formula = "sin(np) + 2*positions*e - q + exp(exp) + 0.1*pi"
    some = frames[:100]
    check(energies(openmm_force(formula, inputs), some), some, inputs, formula)
    check(imported(python_text(formula, inputs), tmp_path).q(some), some, inputs, formula)
    text = plumed_text(formula, inputs)
    assert "q_: CUSTOM" in text
    assert "e_: ANGLE" not in text
    assert "e_: TORSION" in text
    assert "pi_: DISTANCE" in text


def test_a_formula_without_descriptors(frames, tmp_path):
    some = frames[:5]
    np.testing.assert_allclose(energies(openmm_force("0.25", INPUTS), some), 0.25)
    module = imported(python_text("0.25", INPUTS), tmp_path)
    np.testing.assert_array_equal(module.q(some), np.full(5, 0.25))
    assert module.q(some[0]) == 0.25
    assert "q: CONSTANT VALUE=0.25" in plumed_text("0.25", INPUTS)


@pytest.mark.parametrize("write", [openmm_force, python_text, plumed_text])
def test_a_name_that_is_no_descriptor_is_refused(write):
    with pytest.raises(DataError, match="'chi' is no descriptor"):
        write("2*sin(chi)", INPUTS)
    with pytest.raises(DataError, match="not allowed"):
        write("__import__('os').system('true')", INPUTS)


def solvent_inputs():
    """Each kind of the solvent's, with the methyl hydrogens in the place of a solvent."""
    shell = {"eta": 150.0, "shift": 0.25, "cutoff": 0.5, "steepness": 60.0, "norm": 0.7}
    light, heavy = (0, 2, 3, 11, 12, 13), (4, 5, 6, 8, 14, 15)
    around = (light,)
    return (
        Descriptor("G2_CA_H_025", "radial", (8,), 0, around, Radial(**shell)),
        Descriptor("n_sharp", "coordination", heavy, 0, (heavy,), Coordination(0.2, 0, 30.0)),
        Descriptor("n_smooth", "coordination", (8,), 0, around, Coordination(0.3, 6)),
        Descriptor("G5", "angular", (8,), 0, around, Angular(**shell, zeta=6, sign=-1)),
        Descriptor(
            "hb", "hydrogen_bonds", (7, 17), 0, ((6, 16), (5, 15)), HydrogenBonds(0.25, -0.5, 9, 5)
        ),
        Descriptor("links", "bridges", (4,), 0, ((14,), (8, 6)), Bridges((0.2, 0.3), 20.0)),
    )


ALL = "0.3 + 1.4*G2_CA_H_025 - 0.2*n_sharp*n_smooth + sin(phi) + 0.01*G5 - 2*hb + 0.7*links**2"
OCTAHEDRON = ((1.9, 0.0, 0.0), (0.6, 1.8, 0.0), (-0.6, 0.9, 1.55))


@pytest.mark.parametrize("box", [None, ((1.9, 0, 0), (0, 2.1, 0), (0, 0, 2.3)), OCTAHEDRON])
def test_descriptors_of_the_solvent(box, frames, tmp_path):
    inputs = DescriptorSet((*INPUTS.descriptors, *solvent_inputs()), box)
    some = frames[:60]
    if box is not None:
        turns = np.random.default_rng(6).integers(-2, 3, (60, frames.shape[1], 3))
        some = some + turns @ np.array(box)
    assert (np.abs(inputs.values(some)[:, -6:]).max(axis=0) > 0.01).all()
    check(energies(openmm_force(ALL, inputs), some, box), some, inputs, ALL)
    module = imported(python_text(ALL, inputs), tmp_path)
    check(module.q(some), some, inputs, ALL)
    assert module.q(some[2]) == pytest.approx(module.q(some)[2], abs=1e-12)


def test_what_another_program_cannot_express_is_said_in_its_file(tmp_path):
    column = Descriptor("rg", "column", (0,), shape=Column("nm", False))
    inputs = DescriptorSet((*INPUTS.descriptors, *solvent_inputs(), column))
    with pytest.raises(DataError, match="q uses rg, a column of the imported table"):
        plumed_text("2*rg", inputs)
    write_exports("2*rg", inputs, tmp_path)
    for key, start in (("plumed", "# q uses rg"), ("openmm", "<!-- q uses rg")):
        (line,) = (tmp_path / EXPORTS[key]).read_text(encoding="utf-8").splitlines()
        assert line.startswith(start)
    assert exports_of(ALL, inputs) == EXPORTS
    assert exports_of("rg", inputs) == {}


def test_an_octahedron_far_from_the_first_image(tmp_path):
    # Rounding alone misses the nearest image of many of these.
    inputs = DescriptorSet((Descriptor("d", "distance", (0, 1)),), OCTAHEDRON)
    some = np.random.default_rng(3).uniform(-2, 2, (500, 2, 3))
    check(imported(python_text("2*d", inputs), tmp_path).q(some), some, inputs, "2*d")
