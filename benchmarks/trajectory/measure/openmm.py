"""Table T2: super-resolution of a molecule that OpenMM moves, beside bridges of its own forces.

Here the force field is known, which bounds what learning can achieve:

- at constant energy a bridge of the known forces is the motion itself, up to rounding;
- a Langevin thermostat adds noise to the forces at every step, so that missing frames are not
  determined. The bridge with the known forces, and an error of the size of that noise and without
  memory, is their conditional mean: its error is the floor;
- with rigid bonds the known forces lack those of the constraints; the statistics of their error are
  measured on the validation block.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.trajectory.measure.rows import (
    Fitted,
    Stopwatch,
    plain_models,
    row_of,
)
from benchmarks.trajectory.measure.sizes import GAPS, Size
from benchmarks.trajectory.models.budget import Budget
from benchmarks.trajectory.names import BRIDGE, BRIDGE_A, BRIDGE_KNOWN
from benchmarks.trajectory.reference.openmm_motion import Force, noise
from mechanist.trajectory.dataset import Dataset, by_time, windows
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import known_forces
from mechanist.trajectory.superres.learned import learn_bridge, memory_of
from mechanist.trajectory.trajectory import Trajectory

Say = Callable[[str], None]

OPENMM_SIZES = {
    "small": Size(20_000, 0.03, 0.0205, 98, 2000, Budget()),
    "full": Size(400_000, 0.02, 0.02, 400, 20_000, Budget()),
}
"""By the name in the settings; geometries are those of this molecule, and no network is learned."""

EXACT = 1e-3
"""Error in kJ/mol/nm below which known forces are the forces of the motion."""

SHORT = 0.1
"""Correlation time in steps of noise that is independent at every step."""


def measure_openmm(
    trajectory: Trajectory,
    force: Force,
    size: Size,
    say: Say,
    gaps: Sequence[int] = GAPS,
) -> list[dict[str, Any]]:
    """Errors of every model at every length of gap.

    Parameters
    ----------
    trajectory
        Every step of a motion by `openmm_motion.move`.
    force
        Its forces, without those of constraints.
    size
        How much.
    say
        Takes lines of progress.
    gaps
        Missing frames between two known ones.

    Returns
    -------
    list of dict
        One for each model and length of gap.
    """
    dataset = by_time(trajectory, max(gaps) + 2, size.validate, size.test)
    clock = Stopwatch()
    identity = np.arange(len(trajectory.masses))[None]
    learned = learn_bridge(_learnable(dataset), identity, size.geometries)
    numbers = int(getattr(learned.forces, "parameters", 0))
    spent = clock.read()
    say(f"forces from {size.geometries} geometries: {spent[1]:.0f} s of processor")
    known = known_bridge(dataset, force)
    ours = [
        Fitted(BRIDGE, lambda w: learned(w.ends), numbers, *spent),
        Fitted(BRIDGE_A, lambda w: learned(w.ends, w.accelerations), numbers, *spent),
        Fitted(BRIDGE_KNOWN, lambda w: known(w.ends), 0, 0.0, 0.0),
    ]
    rows = []
    for gap in gaps:
        test = windows(dataset.test, gap)
        for model in [*ours, *plain_models(dataset, gap, size)]:
            rows.append(row_of(model, gap, test, trajectory))
            say(f"T = {gap}: {model.name} {rows[-1]['position']:.1e} nm")
    return rows


def known_bridge(dataset: Dataset, force: Force) -> Bridge:
    """A bridge of known forces, with the error that they have for this kind of motion."""
    block = dataset.validate
    meta, masses = block.meta, block.masses
    if meta.ensemble == "langevin":
        assert meta.friction_ps is not None
        assert meta.temperature_K is not None
        sizes = noise(masses, meta.friction_ps, meta.temperature_K, block.dt_ps)
        return Bridge(force, masses, sizes, SHORT * block.dt_ps)
    x, truth = known_forces(block)
    wrong = force(x) - truth
    sizes = np.sqrt((wrong**2).mean(axis=(0, 2)))
    if sizes.max() < EXACT:
        return Bridge(force, masses, np.full(len(masses), EXACT), block.dt_ps)
    return Bridge(force, masses, sizes, memory_of(wrong) * block.dt_ps)


def _learnable(dataset: Dataset) -> Dataset:
    """The blocks, with training forces that are free of the noise of a thermostat.

    Second differences of positions contain that noise; stored forces do not.
    """
    if dataset.train.meta.ensemble != "langevin":
        return dataset
    blocks = (dataset.train, dataset.validate, dataset.test)
    return Dataset(*(replace(one, meta=replace(one.meta, integrator_dt_ps=None)) for one in blocks))
