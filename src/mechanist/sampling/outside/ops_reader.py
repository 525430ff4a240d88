"""Shots and paths of an OpenPathSampling storage as an npz file; runs where OPS is installed.

python ops_reader.py STORAGE.nc OUT.npz

It needs openpathsampling and numpy, and nothing of Mechanist. Of each shooting move it writes the
shooting point, the first and the last frame of the trial, whether a half-shot was made backward and
forward, and the path that was current afterwards.
"""

import sys
from typing import Any

import numpy as np


def positions(snapshot: Any) -> Any:
    """Positions (N, 3) in nm."""
    found = snapshot.coordinates
    found = found._value if hasattr(found, "_value") else found
    return np.asarray(found, dtype=np.float32).reshape(-1, 3)


def frames(trajectory: Any) -> Any:
    """Positions (F, N, 3) in nm."""
    return np.stack([positions(snapshot) for snapshot in trajectory])


def shot(change: Any) -> Any:
    """Shooting point, ends and sides of a shooting move; None of another move."""
    details = change.canonical.details
    point = getattr(details, "shooting_snapshot", None)
    if point is None or not change.canonical.trials:
        return None
    trial = change.canonical.trials[0].trajectory
    mover = type(change.canonical.mover).__name__.lower()
    # One-way movers are called ForwardShootMover and BackwardShootMover; two-way movers are called
    # after the half that they make first.
    both = "twoway" in mover
    backward, forward = both or "backward" in mover, both or "forward" in mover
    if not backward and not forward:
        raise SystemExit(f"mover {type(change.canonical.mover).__name__} is not known")
    return positions(point), positions(trial[0]), positions(trial[-1]), backward, forward


def main() -> None:
    """Read a storage and write the npz file."""
    import warnings

    warnings.simplefilter("ignore")
    import openpathsampling as paths
    import openpathsampling.engines.openmm

    storage = paths.Storage(sys.argv[1], "r")
    rows: list[Any] = []
    replicas: list[int] = []
    accepted: list[bool] = []
    current: list[Any] = []
    weights: list[int] = []
    index: dict[int, int] = {}
    begun = False
    for step in storage.steps:
        # The first path stands once for each time that a sampler was made.
        again = begun and step.mccycle == 0
        if step.change is None or step.mccycle < 0 or again:
            continue
        begun = True
        found = shot(step.change) if step.mccycle > 0 else None
        for sample in step.active:
            key = id(sample.trajectory)
            if key not in index:
                index[key] = len(current)
                current.append((len(rows), sample.trajectory))
                weights.append(0)
            weights[index[key]] += 1
        if found is not None:
            rows.append(found)
            replicas.append(step.change.canonical.trials[0].replica)
            accepted.append(bool(step.change.accepted))
    lengths = [len(path) for _, path in current]
    point, first, last, backward, forward = zip(*rows, strict=True) if rows else ((),) * 5
    np.savez(
        sys.argv[2],
        point=np.array(point, dtype=np.float32),
        first=np.array(first, dtype=np.float32),
        last=np.array(last, dtype=np.float32),
        backward=np.array(backward, dtype=bool),
        forward=np.array(forward, dtype=bool),
        replica=np.array(replicas, dtype=np.int64),
        accepted=np.array(accepted, dtype=bool),
        path_shot=np.array([shot for shot, _ in current], dtype=np.int64),
        path_weight=np.array(weights, dtype=np.int64),
        path_length=np.array(lengths, dtype=np.int64),
        path_frames=np.concatenate([frames(path) for _, path in current])
        if current
        else np.empty((0, 0, 3), dtype=np.float32),
    )


if __name__ == "__main__":
    main()
