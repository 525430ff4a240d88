"""Records of every table, of a molecule in a force field that costs nothing."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks.trajectory.reference.molecules import molecule
from tests.trajectory.conftest import Springs, motion, springs

__all__ = ["motion", "springs"]


@pytest.fixture(scope="session")
def records(motion):
    """Table T1 of two measurements, on frames that overlap in part."""
    from benchmarks.trajectory.measure.examples import examples
    from benchmarks.trajectory.measure.sizes import Size
    from benchmarks.trajectory.measure.superres import measure
    from benchmarks.trajectory.models.budget import Budget

    tiny = Size(6000, 0.2, 0.1, 30, 250, Budget(hidden=8, layers=1, frames=40, batch=8))
    result = []
    for number in (0, 1):
        part = motion[number * 800 : 5200 + number * 800]
        rows, bridge = measure(
            part, molecule("ethanol").permutations, tiny, number, lambda text: None
        )
        shown = examples(part, bridge, tiny)
        result.append(
            {
                "molecule": "ethanol",
                "number": number,
                "size": "small",
                "frames": len(part),
                "temperature": part.temperature(),
                "rows": rows,
                "examples": shown,
            }
        )
    return result


@pytest.fixture(scope="session")
def forecast_records(motion):
    """Table T4 of two trajectories that overlap in part, learned for three steps."""
    import torch

    from benchmarks.trajectory.measure.forecast import measure
    from benchmarks.trajectory.measure.forecast_setup import setup
    from benchmarks.trajectory.measure.forecast_sizes import ForecastSize
    from benchmarks.trajectory.measure.sizes import Size
    from benchmarks.trajectory.models.budget import Budget
    from benchmarks.trajectory.models.options import Options, Training
    from mechanist.trajectory.superres.learned import learn_bridge

    torch.set_num_threads(1)
    size = Size(5500, 0.4, 0.2, 12, 100, Budget())
    amounts = ForecastSize(
        Options(width=8, heads=2, blocks=1),
        Training(steps=3, batch=4, checks=1),
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
                "rolls": found.rolls,
            }
        )
    return result


@pytest.fixture(scope="session")
def propagated(motion, springs, explained):
    """Records of table T3 of two overlapping parts of that motion, and of azobenzene of springs."""
    from benchmarks.trajectory.measure.long import long_motion
    from benchmarks.trajectory.measure.propagator import measure
    from benchmarks.trajectory.measure.propagator_sizes import PropagatorSize
    from benchmarks.trajectory.models.published import published
    from benchmarks.trajectory.names import GICNET, SPACETIME
    from mechanist.trajectory.dataset import by_time
    from mechanist.trajectory.propagator.gicnet_learn import GicnetBudget, learn_gicnet, taylor
    from mechanist.trajectory.propagator.learned import LearnedMotion
    from mechanist.trajectory.superres.forcefield import fit_forces

    budget = GicnetBudget((32,), (16,), members=1, steps=60, energy_steps=60, pairs=500, batch=128)
    size = PropagatorSize(
        replicas=2, chain_ps=1.0, judged=10, dipoles=400, gicnet=budget, gicnet_ps=0.05
    )
    records = []
    for number in (0, 1):
        part = motion[number * 800 : 5200 + number * 800]
        data = by_time(part, 42, 0.2, 0.2)
        rows = np.linspace(0, len(data.train) - 1, 30).astype(int)
        train = data.train
        orders = molecule("ethanol").permutations
        forces = fit_forces(train.positions[rows], train.forces[rows], orders)
        learned = LearnedMotion(forces, part.masses, part.dt_ps)
        networks = {
            name: learn_gicnet(train, data.validate, budget, number, make=make)
            for name, make in ((SPACETIME, taylor), (GICNET, published))
        }
        record = measure(data, learned, networks, springs, size)
        charges = np.where(part.numbers == 1, 0.1, -0.2)
        record |= long_motion(
            part,
            data.test,
            learned,
            networks,
            springs,
            lambda x, charges=charges: np.einsum("n,tnx->tx", charges, x),
            size,
            np.random.default_rng(number),
        )
        record |= {"molecule": "ethanol", "number": number, "size": "small"}
        record |= {"parameters": {name: net.parameters for name, net in networks.items()}}
        record |= {"step_fs": 0.5}
        record["diatomics"] = {"H2": {"error": 2e-4 * (1 + number), "cycles": 129.0}}
        records.append(record)
    return records, explained | {"size": "small"}


@pytest.fixture(scope="session")
def explained():
    """What turns azobenzene of springs whose rest is at 90 degrees."""
    from benchmarks.trajectory.measure import twist
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
        patch.setattr(likelihood, "EVALUATIONS", 4)
        return twist.explain(azobenzene, 3, 0.015, 300.0, 5, geometries=20)


@pytest.fixture(scope="session")
def molecules():
    """Alanine dipeptide for each kind of motion."""
    from benchmarks.trajectory.reference.openmm_motion import KINDS, sample

    folder = Path(__file__).resolve().parents[3] / "systems" / "alanine_dipeptide"
    return {name: sample(folder, kind.rigid) for name, kind in KINDS.items()}


@pytest.fixture(scope="session")
def moved(molecules):
    """2,500 frames of each kind of motion by OpenMM, 0.5 fs, 300 K."""
    from benchmarks.trajectory.reference.openmm_motion import KINDS, move

    return {name: move(molecules[name], kind, 2500, 3) for name, kind in KINDS.items()}


@pytest.fixture(scope="session")
def openmm_records(molecules, moved):
    """Table T2 of two parts of those motions that overlap, short gaps only."""
    from benchmarks.trajectory.measure.openmm import measure_openmm
    from benchmarks.trajectory.measure.sizes import Size
    from benchmarks.trajectory.models.budget import Budget
    from benchmarks.trajectory.reference.openmm_motion import Force, kinetic_temperature

    size = Size(2300, 0.1, 0.03, 8, 400, Budget())
    result = []
    for number in (0, 1):
        kinds = {}
        for name, one in moved.items():
            part = one[200 * number : 2300 + 200 * number]
            force = Force(molecules[name].system)
            rows = measure_openmm(part, force, size, lambda text: None, gaps=(5, 10))
            kinds[name] = {"temperature": kinetic_temperature(part, molecules[name]), "rows": rows}
        result.append(
            {
                "system": "alanine_dipeptide",
                "number": number,
                "size": "small",
                "frames": size.frames,
                "geometries": size.geometries,
                "kinds": kinds,
            }
        )
    return result


@pytest.fixture(scope="session")
def robustness_records(motion, springs):
    """More of table T1, of two parts of the motion of springs that overlap."""
    import torch

    from benchmarks.trajectory.measure.robustness import measure_robustness
    from benchmarks.trajectory.measure.sizes import GAPS, Size
    from benchmarks.trajectory.models.budget import Budget
    from mechanist.trajectory.dataset import by_time
    from mechanist.trajectory.superres.learned import learn_bridge

    torch.set_num_threads(1)
    size = Size(5200, 0.2, 0.1, 32, 250, Budget(hidden=8, layers=1, frames=40, batch=8))
    orders = molecule("ethanol").permutations
    result = []
    for number in (0, 1):
        part = motion[number * 800 : 5200 + number * 800]
        data = by_time(part, max(GAPS) + 2, size.validate, size.test)
        bridge = learn_bridge(data, orders, size.geometries)
        sections = measure_robustness(
            part, "ethanol", bridge, size, number, springs, lambda text: None, frames=300
        )
        result.append(
            {
                "molecule": "ethanol",
                "number": number,
                "size": "small",
                "geometries": size.geometries,
                "gaps": size.gaps,
                "sections": sections,
            }
        )
    return result


@pytest.fixture(scope="session")
def path_record(tmp_path_factory):
    """Table T5 of a short run of the double well with early stops, and the run."""
    from benchmarks.trajectory.files import TrajectoryFiles
    from benchmarks.trajectory.job import Job
    from benchmarks.trajectory.paths import measure
    from mechanist.analysis.convergence.savings import Savings
    from mechanist.bookkeeping.files import read_json, write_json
    from mechanist.bookkeeping.journal import Journal
    from mechanist.settings.config import Config
    from mechanist.settings.load import validate
    from mechanist.stages.initial import initial
    from mechanist.stages.learn import learn
    from mechanist.stages.shoot import shoot
    from tests.conftest import build

    sampling = {"workers": 1, "chains": 4, "first_round": 100, "burn_in": 1}
    engine = {"platform": "Reference"}
    plain = {"system": "double_well", "seed": 3, "engine": engine, "sampling": sampling}
    config = validate(Config, plain, "test")
    layout = build("double_well", tmp_path_factory.mktemp("run"))
    initial(config, layout, Journal())
    shoot(config, layout, 0, 0, Journal())
    learn(config, layout, 0, 1, Journal())
    saved = asdict(Savings(0.75, 0.4, 0.25, 0.2, 0.3))
    write_json(layout.summary, {"system": "double well", "early_stop": saved})
    files = TrajectoryFiles(tmp_path_factory.mktemp("paths"))
    measure(Job(config, files, Journal(), run=layout.root))
    return read_json(files.paths(layout.root.name))


@pytest.fixture(scope="session")
def write_records(
    records, propagated, forecast_records, openmm_records, robustness_records, path_record
):
    """Writes the records of all tables."""
    from mechanist.bookkeeping.files import write_json

    def write(files):
        for record in records:
            write_json(files.errors("ethanol", record["number"]), record)
        for record in propagated[0]:
            write_json(files.propagator("ethanol", record["number"]), record)
        write_json(files.attribution, propagated[1])
        for record in openmm_records:
            write_json(files.openmm(record["number"]), record)
        for record in robustness_records:
            write_json(files.robustness("ethanol", record["number"]), record)
        for record in forecast_records:
            write_json(files.forecasts("ethanol", record["number"]), record)
        write_json(files.paths("alanine_dipeptide"), path_record)

    return write
