"""Half-shots of overdamped motion on a potential of one's own: what a run would record of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mechanist.analysis.intermediates.intermediates import Limits
from mechanist.analysis.intermediates.record import LongRecord
from mechanist.sampling.chains.long_halves import KEPT, kept_rows
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

STEP, EVERY = 0.002, 10
"""Time step, and steps from frame to frame; kT and the diffusion constant are 1."""

WORKERS = 8


@dataclass(frozen=True)
class World:
    """A potential with its states.

    Parameters
    ----------
    force
        Of positions (K, D), in kT over the unit of length.
    in_a, in_b
        Of positions (K, D).
    start
        Shooting points (K, D) from a generator and their number.
    descriptors
        Of the columns of positions; the first ``defining`` define the states.
    """

    force: Callable
    in_a: Callable
    in_b: Callable
    start: Callable
    descriptors: tuple[Descriptor, ...]
    defining: int = 1


def coordinate(name, axis):
    return Descriptor(name, "coordinate", (0,), axis)


def gradient(energy, h=1e-4):
    """Force of an energy of positions (K, D), by central differences."""

    def force(x):
        result = np.empty_like(x)
        for axis in range(x.shape[1]):
            step = np.zeros(x.shape[1])
            step[axis] = h
            result[:, axis] = (energy(x - step) - energy(x + step)) / (2 * h)
        return result

    return force


def shoot(world, longest, shots, seed, turn=None):
    """LongRecord, table of shots, features of path frames, and Limits of so many two-way shots.

    ``turn`` adds an angle to the column 0 of all recorded values (mod 2 pi).
    """
    rng = np.random.default_rng(seed)
    points = world.start(rng, shots)
    x = np.repeat(points, 2, axis=0)
    frames = round(longest / STEP / EVERY)
    tracks = np.full((frames, len(x), x.shape[1]), np.nan)
    ended, age = np.full(len(x), "too_long", dtype=object), np.full(len(x), frames)
    alive = np.arange(len(x))
    for frame in range(frames):
        for _ in range(EVERY):
            noise = rng.normal(size=(len(alive), x.shape[1]))
            x[alive] += STEP * world.force(x[alive]) + np.sqrt(2 * STEP) * noise
        tracks[frame, alive] = x[alive]
        for name, inside in (("A", world.in_a), ("B", world.in_b)):
            done = alive[inside(x[alive]) & (ended[alive] == "too_long")]
            ended[done], age[done] = name, frame + 1
        alive = np.flatnonzero(ended == "too_long")
        if not len(alive):
            break
    table = {
        "end_backward": ended[::2],
        "end_forward": ended[1::2],
        "steps_backward": age[::2] * EVERY,
        "steps_forward": age[1::2] * EVERY,
        "chain": np.arange(shots) % 64,
        "round": np.zeros(shots, dtype=np.int64),
    }
    long = np.flatnonzero(ended == "too_long")
    kept = rng.permutation(long)[: KEPT * WORKERS]
    values = tracks[kept_rows(frames)][:, kept].transpose(1, 0, 2)
    joins = np.flatnonzero((ended[::2] == "A") & (ended[1::2] == "B"))
    parts = [tracks[: age[row] - 1, row] for shot in joins for row in (2 * shot, 2 * shot + 1)]
    path = np.concatenate([points[joins], *parts])
    descriptors = DescriptorSet(world.descriptors)
    if turn is not None:
        values[..., 0] = np.angle(np.exp(1j * (values[..., 0] + turn)))
        path[:, 0] = np.angle(np.exp(1j * (path[:, 0] + turn)))
    record = LongRecord(descriptors, world.defining, values)
    return record, table, descriptors.features(path), Limits(STEP, longest, 0.02)
