"""Stage ``trajectory-openmm``: super-resolution of a molecule that OpenMM moves; table T2."""

from pathlib import Path

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, TRAINING, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.stages.trajectory_data import seed_of


def compare(
    config: Config, files: TrajectoryFiles, folder: Path, number: int, log: Journal
) -> None:
    """Write the errors of every model on each kind of motion; nothing else is kept."""
    log.load("openmm")
    from mechanist.trajectory.openmm_motion import (
        KINDS,
        Force,
        kinetic_temperature,
        move,
        sample,
    )
    from mechanist.trajectory.superres.openmm_table import OPENMM_SIZES, measure_openmm

    size = OPENMM_SIZES[config.trajectory.size]
    found = {}
    for name, kind in KINDS.items():
        molecule = sample(folder, kind.rigid)
        with log.work(MD):
            motion = move(molecule, kind, size.frames, seed_of(config, number))
        temperature = kinetic_temperature(motion, molecule)
        log(f"{name}: {len(motion)} frames, {temperature:.0f} K")
        with log.work(TRAINING):
            rows = measure_openmm(motion, Force(molecule.system), size, log)
        found[name] = {"temperature": temperature, "rows": rows}
    write_json(
        files.openmm(number),
        {
            "system": folder.name,
            "number": number,
            "size": config.trajectory.size,
            "frames": size.frames,
            "geometries": size.geometries,
            "kinds": found,
        },
    )
