"""Stages ``trajectory-propagate`` and ``trajectory-attribute``: table T3."""

import numpy as np

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, TRAINING, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.stages.trajectory_data import seed_of
from mechanist.stages.trajectory_device import device_of
from mechanist.trajectory.dataset import by_time
from mechanist.trajectory.morse import DIATOMICS
from mechanist.trajectory.sizes import GAPS, SIZES
from mechanist.trajectory.store import load
from mechanist.trajectory.xtb import Xtb

ENERGIES = (20.0, 30.0, 40.0)
"""Of diatomic vibrations in kJ/mol, by the number of the trajectory."""


def propagate(
    config: Config,
    files: TrajectoryFiles,
    molecule: str,
    number: int,
    threads: int,
    log: Journal,
) -> None:
    """Write errors, chains and spectra of the propagators on one trajectory."""
    from mechanist.trajectory.propagator.gicnet_learn import learn_gicnet
    from mechanist.trajectory.propagator.gicnet_store import save
    from mechanist.trajectory.propagator.infrared import xtb_dipoles
    from mechanist.trajectory.propagator.learned import load_motion
    from mechanist.trajectory.propagator.long import long_motion
    from mechanist.trajectory.propagator.sizes import PROPAGATOR_SIZES
    from mechanist.trajectory.propagator.table import measure

    device = device_of(threads, log)
    shares, size = SIZES[config.trajectory.size], PROPAGATOR_SIZES[config.trajectory.size]
    seed = seed_of(config, number)
    trajectory = load(files.data(molecule, number))
    motion = load_motion(
        files.model(molecule, number), files.model_card(molecule, number), trajectory
    )
    dataset = by_time(trajectory, max(GAPS) + 2, shares.validate, shares.test)
    with log.work(TRAINING):
        gicnet = learn_gicnet(dataset.train[0], dataset.validate[0], size.gicnet, seed, device)
    weights = files.gicnet(molecule, number)
    save(gicnet, weights, weights.with_suffix(".json"))
    log(f"GICnet: {gicnet.parameters} parameters")
    potential, dipoles = Xtb(trajectory.numbers), xtb_dipoles(trajectory.numbers)
    record = measure(dataset, motion, gicnet, potential, size)
    log(f"steps a second of processor: {record['speed']}")
    with log.work(MD):
        rng = np.random.default_rng(seed)
        record |= long_motion(
            trajectory, dataset.test[0], (motion, gicnet), potential, dipoles, size, rng
        )
    record |= {"gicnet_parameters": gicnet.parameters, "step_fs": 1e3 * motion.step_ps}
    record |= {"diatomics": _diatomics(number)}
    known = {"molecule": molecule, "number": number, "size": config.trajectory.size}
    write_json(files.propagator(molecule, number), record | known)


def _diatomics(number: int) -> dict[str, dict[str, float]]:
    """Error of the phase after 1 ps and the cycles that were to be followed, by molecule."""
    from mechanist.trajectory.propagator.diatomics import phase_error

    energy = ENERGIES[number % len(ENERGIES)]
    return {
        name: dict(zip(("error", "cycles"), phase_error(one, energy), strict=True))
        for name, one in DIATOMICS.items()
    }


def attribute(config: Config, files: TrajectoryFiles, threads: int, log: Journal) -> None:
    """Write what turns the CNNC dihedral of azobenzene."""
    from mechanist.trajectory.propagator.sizes import PROPAGATOR_SIZES
    from mechanist.trajectory.propagator.twist import azobenzene, explain

    device_of(threads, log)
    size = PROPAGATOR_SIZES[config.trajectory.size]
    with log.work(MD):
        record = explain(
            Xtb(azobenzene().numbers),
            size.shots,
            size.shot_ps,
            config.trajectory.temperature,
            config.seed,
        )
    for row in record["ranking"][:4]:
        log(f"{row['degrees']:8.2f} degrees: {row['input']}")
    write_json(files.attribution, record | {"size": config.trajectory.size})
