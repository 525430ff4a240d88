import numpy as np
import pytest

from benchmarks.trajectory.reference.generate import generate
from benchmarks.trajectory.reference.molecules import MOLECULES, molecule
from benchmarks.trajectory.reference.morse import DIATOMICS
from benchmarks.trajectory.reference.nve import constant_energy, heat, still
from mechanist.errors import SettingsError, SystemBuildError
from mechanist.trajectory.trajectory import Meta, masses_of


def test_energy_and_momenta_are_kept(motion):
    total = motion.energy + motion.kinetic()
    # The error of velocity Verlet is bounded; thermal energy is 21/2 RT = 26 kJ/mol.
    assert total.std() < 0.3
    momentum = np.einsum("n,tnx->tx", motion.masses, motion.velocities)
    assert np.abs(momentum).max() < 1e-9
    turning = np.einsum("n,tnx->tx", motion.masses, np.cross(motion.positions, motion.velocities))
    assert np.abs(turning).max() < 1e-7


def test_motion_is_reversible(springs, motion):
    back = constant_energy(
        springs,
        motion.positions[400],
        -motion.velocities[400],
        motion.numbers,
        motion.masses,
        401,
        motion.dt_ps,
        Meta(),
    )
    np.testing.assert_allclose(back.positions[::-1], motion.positions[:401], atol=1e-9)
    np.testing.assert_allclose(-back.velocities[::-1], motion.velocities[:401], atol=1e-6)


def test_heating_gives_the_temperature():
    # 40 free atoms: the thermostat alone decides. Kinetic energy of 120 degrees of freedom, 20
    # starts; three momenta and three angular momenta are then taken away.
    masses = np.full(40, 12.0)
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        start = rng.normal(size=(40, 3))
        free = lambda x: (0.0, np.zeros_like(x))  # noqa: E731
        _, v = heat(free, start, masses, 300.0, 200, 1e-3, rng)
        np.testing.assert_allclose(masses @ v, 0, atol=1e-9)
        found.append((masses[:, None] * v**2).sum() / (114 * 8.31446e-3))
    # Variance of a mean of 20 x 114 squared normal numbers: 2 / 2280; four standard errors.
    assert np.mean(found) == pytest.approx(300, rel=4 * np.sqrt(2 / 2280))


def test_a_linear_molecule_can_be_stilled():
    line = np.array([[0.0, 0, 0], [0.1, 0, 0], [0.3, 0, 0]])
    masses = np.array([1.0, 12.0, 16.0])
    v = still(line, np.random.default_rng(3).normal(size=(3, 3)), masses)
    np.testing.assert_allclose(np.cross(line, masses[:, None] * v).sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(masses @ v, 0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(DIATOMICS))
def test_closed_form_of_morse_is_what_integration_gives(name):
    one = DIATOMICS[name]
    energy = 0.3 * one.depth
    exact = one.trajectory(energy, 2001, 1e-5)
    total = exact.energy + exact.kinetic()
    np.testing.assert_allclose(total, energy, rtol=1e-10)
    run = constant_energy(
        one.potential,
        exact.positions[0],
        exact.velocities[0],
        exact.numbers,
        exact.masses,
        2001,
        1e-5,
        Meta(),
    )
    # Velocity Verlet with 0.01 fs: the phase error over 20 fs is (w dt)^2 / 24 of it.
    np.testing.assert_allclose(run.positions, exact.positions, atol=2e-6)
    with pytest.raises(SettingsError, match="energy"):
        one.trajectory(one.depth, 10, 1e-3)


def test_small_vibrations_have_the_tabled_wave_number():
    for one in DIATOMICS.values():
        frequency = one.angular_frequency(1e-9) / (2 * np.pi * 0.0299792458)
        assert frequency == pytest.approx(one.wave_number, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "size"),
    [("ethanol", 6), ("malonaldehyde", 2), ("benzene", 12), ("toluene", 12), ("azobenzene", 8)],
)
def test_symmetries_exchange_like_atoms_and_keep_bonds(name, size):
    one = molecule(name)
    orders = one.permutations
    assert len(orders) == size
    np.testing.assert_array_equal(orders[0], np.arange(len(one.numbers)))
    away = np.linalg.norm(one.positions[:, None] - one.positions, axis=-1)
    heavy = one.numbers > 1
    bonded = away < np.where(heavy[:, None] & heavy, 0.165, 0.12)
    if name == "malonaldehyde":
        # The hydrogen between the two oxygens is bound to one of them.
        bonded[8] = bonded[:, 8] = False
    for order in orders:
        assert sorted(order) == list(range(len(order)))
        np.testing.assert_array_equal(one.numbers[order], one.numbers)
        np.testing.assert_array_equal(bonded[order][:, order], bonded)


def test_unknown_molecules_are_refused():
    with pytest.raises(SettingsError, match="not one of azobenzene"):
        generate("water", 10, 1)


def test_without_tblite_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    with pytest.raises(SystemBuildError, match="pip install 'tblite"):
        generate("ethanol", 10, 1)


def test_xtb_forces_are_the_slope_of_the_energy_at_rest_and_beyond():
    pytest.importorskip("tblite", reason="tblite is not installed")
    from mechanist.systems.forces.xtb import Xtb

    for name in sorted(MOLECULES):
        one = molecule(name)
        # Coordinates are rounded to 1e-5 nm, the stiffest bond has 4e5 kJ/mol/nm2.
        assert np.abs(Xtb(one.numbers)(one.positions)[1]).max() < 15
    one = molecule("ethanol")
    potential = Xtb(one.numbers)
    rng = np.random.default_rng(2)
    x = one.positions + 0.005 * rng.normal(size=(9, 3))
    along = rng.normal(size=(9, 3))
    # The field converges to 1e-7 Hartree or 3e-4 kJ/mol, which over this step is 4e-4 of the slope.
    step = 1e-4 * along
    slope = (potential(x + step)[0] - potential(x - step)[0]) / 2e-4
    assert slope == pytest.approx(-(potential(x)[1] * along).sum(), rel=2e-3)


def test_generated_ethanol_keeps_its_energy():
    pytest.importorskip("tblite", reason="tblite is not installed")
    from mechanist.systems.forces.xtb import Xtb

    run = generate("ethanol", 300, 3, heating_ps=0.1)
    total = run.energy + run.kinetic()
    assert total.std() < 0.5
    assert run.meta.level_of_theory == "GFN2-xTB"
    # Of 21 oscillators at 500 K, above the energy at rest.
    rest = Xtb(run.numbers)(molecule("ethanol").positions)[0]
    assert total[0] - rest == pytest.approx(21 * 8.31446e-3 * 500, abs=0.5)
    np.testing.assert_array_equal(run.masses, masses_of(run.numbers))
    again = generate("ethanol", 20, 3, heating_ps=0.1)
    np.testing.assert_allclose(again.positions, run.positions[:20], atol=1e-9)
