"""A small molecule in a force field that costs nothing: springs between all atoms."""

import numpy as np
import pytest

from mechanist.trajectory.molecules import molecule
from mechanist.trajectory.nve import constant_energy, heat
from mechanist.trajectory.trajectory import Meta, masses_of


class Springs:
    """V = sum over pairs of k/2 (r - r0)^2 + c (r - r0)^3, stiff where atoms are near."""

    def __init__(self, positions):
        self.i, self.j = np.triu_indices(len(positions), 1)
        self.rest = np.linalg.norm(positions[self.i] - positions[self.j], axis=1)
        self.k = np.where(self.rest < 0.16, 2.0e5, 1.0e4)

    def __call__(self, positions):
        away = positions[self.i] - positions[self.j]
        r = np.linalg.norm(away, axis=1)
        long = r - self.rest
        pull = -(self.k * long - 8 * self.k * long**2)[:, None] * away / r[:, None]
        forces = np.zeros_like(positions)
        np.add.at(forces, self.i, pull)
        np.add.at(forces, self.j, -pull)
        return float((self.k * (long**2 / 2 - 8 * long**3 / 3)).sum()), forces


@pytest.fixture(scope="session")
def springs():
    return Springs(molecule("ethanol").positions)


@pytest.fixture(scope="session")
def motion(springs):
    """6,000 frames of ethanol-like springs at constant energy, 0.5 fs, 300 K."""
    start = molecule("ethanol")
    masses = masses_of(start.numbers)
    rng = np.random.default_rng(11)
    x, v = heat(springs, start.positions, masses, 300.0, 1000, 5e-4, rng)
    meta = Meta(source="test", integrator_dt_ps=5e-4, seed=11)
    return constant_energy(springs, x, v, start.numbers, masses, 6000, 5e-4, meta)


@pytest.fixture(scope="session")
def forecast_records(motion):
    """Table T4 of two trajectories that overlap in part, learned for three steps."""
    import torch

    from mechanist.trajectory.forecast.options import Options, Training
    from mechanist.trajectory.forecast.setup import setup
    from mechanist.trajectory.forecast.sizes import ForecastSize
    from mechanist.trajectory.forecast.table import measure
    from mechanist.trajectory.sizes import Size
    from mechanist.trajectory.superres.budget import Budget
    from mechanist.trajectory.superres.learned import learn_bridge

    torch.set_num_threads(1)
    size = Size(5500, 0.4, 0.2, 12, 100, Budget())
    amounts = ForecastSize(
        Options(width=8, heads=2, blocks=1),
        Training(windows=8, steps=3, batch=4, checks=1, longer=1),
        400,
        8,
        4,
        1,
        30,
    )
    result = []
    for number in (0, 1):
        part = motion[number * 500 : 5500 + number * 500]
        blocks = setup(part, size, amounts)
        bridge = learn_bridge(blocks.dataset, molecule("ethanol").permutations, 12)
        found = measure(blocks, bridge, number, lambda text: None)
        result.append(
            {
                "molecule": "ethanol",
                "number": number,
                "size": "small",
                "spacing": 5.0,
                "rows": found.rows,
                "ablations": found.ablations,
                "rolls": found.rolls,
            }
        )
    return result


def turn(rng):
    """A random rotation (3, 3)."""
    left, _, right = np.linalg.svd(rng.normal(size=(3, 3)))
    return left * np.sign(np.linalg.det(left @ right)) @ right


@pytest.fixture(scope="session")
def propagated(motion, springs, explained):
    """Records of table T3 of two overlapping parts of that motion, and of azobenzene of springs."""
    from mechanist.trajectory.dataset import by_time
    from mechanist.trajectory.propagator.gicnet_budget import GicnetBudget
    from mechanist.trajectory.propagator.gicnet_learn import learn_gicnet
    from mechanist.trajectory.propagator.learned import motion_of
    from mechanist.trajectory.propagator.long import long_motion
    from mechanist.trajectory.propagator.sizes import PropagatorSize
    from mechanist.trajectory.propagator.table import measure
    from mechanist.trajectory.superres.forcefield import fit_forces

    budget = GicnetBudget((32,), (16,), members=1, steps=60, energy_steps=60, batch=128)
    size = PropagatorSize(
        replicas=2, chain_ps=1.0, judged=10, dipoles=400, gicnet=budget, gicnet_ps=0.05
    )
    records = []
    for number in (0, 1):
        part = motion[number * 800 : 5200 + number * 800]
        data = by_time(part, 42, 0.2, 0.2)
        rows = np.linspace(0, len(data.train[0]) - 1, 30).astype(int)
        train = data.train[0]
        orders = molecule("ethanol").permutations
        forces = fit_forces(train.positions[rows], train.forces[rows], orders)
        learned = motion_of(forces, part.masses, part.dt_ps)
        gicnet = learn_gicnet(train, data.validate[0], budget, number)
        record = measure(data, learned, gicnet, springs, size)
        charges = np.where(part.numbers == 1, 0.1, -0.2)
        record |= long_motion(
            part,
            data.test[0],
            (learned, gicnet),
            springs,
            lambda x, charges=charges: np.einsum("n,tnx->tx", charges, x),
            size,
            np.random.default_rng(number),
        )
        record |= {"molecule": "ethanol", "number": number, "size": "small"}
        record |= {"gicnet_parameters": gicnet.parameters, "step_fs": 0.5}
        record["diatomics"] = {"H2": {"error": 2e-4 * (1 + number), "cycles": 129.0}}
        records.append(record)
    return records, explained | {"size": "small"}


@pytest.fixture(scope="session")
def explained():
    """What turns azobenzene of springs whose rest is at 90 degrees."""
    from mechanist.trajectory.propagator import twist
    from mechanist.trajectory.superres import likelihood
    from mechanist.trajectory.superres.forcefield import pair_permutations

    azobenzene = Springs(twist.azobenzene().turned(np.pi / 2))
    # Like atoms are alike: forces are learned for all permutations of them.
    orders = pair_permutations(molecule("azobenzene").permutations)
    azobenzene.rest = azobenzene.rest[orders].mean(axis=0)
    # The equilibrium, where the path of integration begins, is far away: soft where not bonded.
    azobenzene.k = np.where(azobenzene.rest < 0.16, 2.0e5, 20.0)
    with pytest.MonkeyPatch.context() as patch:
        # Each look at the likelihood takes a second.
        patch.setattr(likelihood, "LOOKS", 4)
        return twist.explain(azobenzene, 3, 0.015, 300.0, 5, geometries=20)
