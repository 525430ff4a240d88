"""Table T2: interpolators on motion of a molecule by OpenMM."""

from pathlib import Path

from benchmarks.trajectory.job import Job, main
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, TRAINING
from mechanist.settings.load import find_system


def compare(job: Job) -> None:
    """Test interpolators on motion by OpenMM: NVE, Langevin, and NVE with rigid bonds."""
    job.log.load("openmm")
    from benchmarks.trajectory.measure.openmm import OPENMM_SIZES, measure_openmm
    from benchmarks.trajectory.reference.openmm_motion import (
        KINDS,
        Force,
        kinetic_temperature,
        move,
        sample,
    )

    folder = find_system(job.system, Path.cwd())
    size = OPENMM_SIZES[job.size_name]
    kinds = {}
    for name, kind in KINDS.items():
        molecule = sample(folder, kind.rigid)
        with job.log.work(MD):
            motion = move(molecule, kind, size.frames, job.seed)
        temperature = kinetic_temperature(motion, molecule)
        job.log(f"{name}: {len(motion)} frames, {temperature:.0f} K")
        with job.log.work(TRAINING):
            rows = measure_openmm(motion, Force(molecule.system), size, job.log)
        kinds[name] = {"temperature": temperature, "rows": rows}
    write_json(
        job.files.openmm(job.number),
        {
            "system": folder.name,
            "number": job.number,
            "size": job.size_name,
            "frames": size.frames,
            "geometries": size.geometries,
            "kinds": kinds,
        },
    )


if __name__ == "__main__":
    main(compare, "number", "system")
