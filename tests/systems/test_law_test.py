"""Force laws whose forces are wrong, or noisy, or of other replicas, are found near a structure."""

from textwrap import dedent

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.systems.forces.law import ForceLawError
from mechanist.systems.forces.law_test import law_test
from tests.bring import build, write_system

START = np.random.default_rng(2).normal(0.0, 0.1, (5, 3))
FIRST, SECOND = np.triu_indices(5, 1)


class Springs:
    """Springs between all pairs of five atoms, with what a law may do wrong."""

    def __init__(
        self,
        factor=1.0,
        offset=0.0,
        single=False,
        noise=0.0,
        mixed=0.0,
        field=0.0,
        twist=0.0,
        away=np.inf,
    ):
        self.factor, self.offset, self.single, self.noise = factor, offset, single, noise
        self.mixed, self.field, self.twist, self.away = mixed, field, twist, away
        self._rng = np.random.default_rng(4)

    def energy_forces(self, positions):
        if np.abs(positions - START).max() > self.away:
            raise ForceLawError("springs", "too far")
        steps = positions[:, SECOND] - positions[:, FIRST]
        lengths = np.linalg.norm(steps, axis=-1)
        energies = 0.5 * 1e5 * ((lengths - 0.15) ** 2).sum(axis=1) + self.offset
        pulls = (1e5 * (lengths - 0.15) / lengths)[..., None] * steps
        forces = np.zeros_like(positions)
        np.add.at(forces, (slice(None), FIRST), pulls)
        np.add.at(forces, (slice(None), SECOND), -pulls)
        energies -= self.field * positions[:, :, 0].sum(axis=1)
        forces[..., 0] += self.field
        # Round the z axis: the work of these forces depends on the way.
        forces[..., 0] -= self.twist * positions[..., 1]
        forces[..., 1] += self.twist * positions[..., 0]
        forces = forces * self.factor + self.mixed * forces.sum(axis=0)
        forces = forces * (1 + self.noise * self._rng.standard_normal(forces.shape))
        if self.single:
            return energies.astype(np.float32), forces.astype(np.float32)
        return energies, forces

    def forget(self):
        pass


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"single": True},
        # As of a hundred heavy atoms by density functional theory, in single precision.
        {"single": True, "offset": -2e6},
        {"away": 0.002},
    ],
)
def test_sound_laws_pass(options):
    test = law_test(Springs(**options), START)
    assert (test.faults, test.doubts) == ((), ())
    # Of two directions, with few stiff ones among 15.
    assert stiffness() / 2.5 < test.stiffness < 2.5 * stiffness()


def stiffness():
    """Root mean square eigenvalue of the Hessian of the springs, by differences of forces."""
    shifts = 1e-5 * np.eye(START.size).reshape(-1, *START.shape)
    _, up = Springs().energy_forces(START + shifts)
    _, down = Springs().energy_forces(START - shifts)
    return np.linalg.norm((up - down) / 2e-5) / np.sqrt(START.size)


@pytest.mark.parametrize(
    ("factor", "hint"),
    [
        (-1.0, "the gradient in place of the forces"),
        (0.1, "forces per angstrom"),
        (0.1 / 96.485, "forces in eV/angstrom"),
        (4.184, "energies in kcal/mol"),
        (0.0529177 / 2625.5, "forces in hartree/bohr"),
        (0.9, "changes by"),
    ],
)
def test_wrong_factors_are_named(factor, hint):
    (fault,) = law_test(Springs(factor=factor), START).faults
    assert "its forces are not minus the gradient of its energy" in fault
    assert hint in fault


def test_the_numbers_of_the_message_are_those_of_the_factor():
    (fault,) = law_test(Springs(factor=0.5), START).faults
    change, work = (
        float(text.split()[0]) for text in (fault.split("by ")[1], fault.split("says ")[1])
    )
    assert work == pytest.approx(0.5 * change, rel=1e-3)


def test_small_errors_of_forces_are_a_doubt():
    test = law_test(Springs(factor=1.03), START)
    assert test.faults == ()
    assert "not minus the gradient" in test.doubts[0]
    # No molecule exerts a torque on itself, and none of a potential has such work.
    turned = law_test(Springs(twist=3e3), START)
    assert any("a net torque of" in text for text in (*turned.faults, *turned.doubts))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"noise": 0.3}, "its forces change from call to call"),
        ({"mixed": 0.2}, "replicas change each other's forces"),
    ],
)
def test_forces_of_more_than_the_positions_are_refused(options, what):
    (fault,) = law_test(Springs(**options), START).faults
    assert what in fault


def test_small_noise_is_a_doubt():
    test = law_test(Springs(noise=0.003), START)
    assert test.faults == ()
    assert "its forces change from call to call" in test.doubts[0]


def test_a_field_is_a_doubt():
    test = law_test(Springs(field=500.0), START)
    assert test.faults == ()
    assert (
        test.doubts[0]
        == "a net force of 2.5e+03 kJ/mol/nm acts on all atoms, as in an external field"
    )


def test_without_results_nearby_nothing_is_known():
    test = law_test(Springs(away=1e-9), START)
    assert test.doubts == ("it has no result near the structure, so its forces were not tested",)


def test_new_check_and_prepare_refuse_it(tmp_path):
    write_system(tmp_path, {"structure": "peroxide.pdb", "forces": {"python": "law.py"}})
    text = "import numpy as np\n\n\ndef energy_forces(x):\n    return {}, 200 * x\n"
    molecule = {"structure": "peroxide.pdb", "forces": {"python": "law.py"}}
    (tmp_path / "law.py").write_text(text.format("100 * (x**2).sum(axis=(1, 2))"), encoding="utf-8")
    with pytest.raises(MechanistError, match="as with the gradient in place of the forces") as told:
        build(tmp_path, molecule)
    assert "molecule.forces: python: law.py: its forces" in str(told.value)
    (tmp_path / "law.py").write_text(
        text.format("-100 * (x**2).sum(axis=(1, 2))"), encoding="utf-8"
    )
    # A field that holds the atoms at the origin is no molecule's own.
    assert any("a net force of" in note for note in build(tmp_path, molecule).notes)


@pytest.mark.parametrize(("unit", "soft"), [(1.0, False), (96.485, True), (2625.5, True)])
def test_energies_and_forces_both_in_a_wrong_unit_are_a_doubt(unit, soft, tmp_path):
    write_system(tmp_path, {"structure": "peroxide.pdb", "forces": {"python": "law.py"}})
    text = """
    import numpy as np

    REST = np.array([0.0967, 0.1474, 0.0967])

    def energy_forces(x):
        steps = np.diff(x, axis=1)
        lengths = np.linalg.norm(steps, axis=-1)
        pulls = (3e5 * (lengths - REST) / lengths)[..., None] * steps
        forces = np.zeros_like(x)
        forces[:, :-1] += pulls
        forces[:, 1:] -= pulls
        return 1.5e5 * ((lengths - REST) ** 2).sum(axis=1) / UNIT, forces / UNIT
    """
    source = dedent(text).replace("UNIT", str(unit))
    (tmp_path / "law.py").write_text(source, encoding="utf-8")
    notes = build(tmp_path, {"structure": "peroxide.pdb", "forces": {"python": "law.py"}}).notes
    assert any("are energies and forces in eV or hartree?" in note for note in notes) == soft


def test_a_classical_structure_without_an_energy_is_refused_by_new(tmp_path, monkeypatch):
    from mechanist.systems.build.new import Sources, new

    write_system(tmp_path, {"structure": "peroxide.pdb", "force_field": ["peroxide.xml"]})
    text = (tmp_path / "peroxide.xml").read_text(encoding="utf-8")
    broken = text.replace('k="251040.000000"', 'k="nan"')
    assert broken != text
    (tmp_path / "broken.xml").write_text(broken, encoding="utf-8")
    sources = Sources(tmp_path / "peroxide.pdb", None, (str(tmp_path / "broken.xml"),))
    with pytest.raises(MechanistError, match=r"peroxide\.pdb: the energy is not a finite number"):
        new("own", sources, tmp_path)
    assert not list((tmp_path / "systems").iterdir())


def test_memory_within_accuracy_is_no_noise():
    """As of electrons that start from those of the call before, unless they are to be forgotten."""

    class Remembering(Springs):
        calls = 0

        def energy_forces(self, positions):
            energies, forces = super().energy_forces(positions)
            self.calls += 1
            return energies, forces * (1 + 0.004 * (self.calls > 1))

        def forget(self):
            self.calls = 0

    assert law_test(Remembering(), START).doubts == ()
