"""Frames to be shown: A and B, the transition state, and a typical path of each channel."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array, Frames, Q, Rows, Values
from mechanist.report.molecule.atoms import Atoms, gathered, shown_atoms, superposed
from mechanist.sampling.records.tables import PathTable
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

ENSEMBLE = 12
"""Frames of the transition state that are superposed, each from another path."""

NEAR_HALF = 0.1
"""They have a p_B within this distance of 1/2."""

MOVIE = 80
"""Frames of a movie, at most."""

ATOM_FRAMES = 400_000
"""Positions of all movies together, at most: about 3 MB of the page."""


@dataclass(frozen=True)
class PathScene:
    """A typical path.

    Parameters
    ----------
    group
        Number of its channel; None if all paths are of one kind.
    path
        Its number among the paths of the run.
    frames
        (F, K, 3) positions in nm of the atoms shown, superposed.
    rows
        (F,) which of its frames these are.
    times
        (T,) in ps, of all its frames.
    values
        (T, D) of all descriptors that formulas may use.
    q, p_error
        (T,) by the network, the latter the standard deviation of the error of p_B.
    """

    group: int | None
    path: int
    frames: Array
    rows: Rows
    times: Array
    values: Values
    q: Q
    p_error: Array


@dataclass(frozen=True)
class Scenes:
    """What is shown of a molecule; positions in nm, superposed on one another.

    Parameters
    ----------
    atoms
        All atoms.
    shown
        (K,) those that are shown.
    names
        Names of the columns of ``values`` of the paths.
    states
        (2, K, 3) a frame in A and one in B.
    ensemble, ensemble_p
        (E, K, 3) frames near p_B = 1/2, each from another path, and their p_B; empty if there
        are none.
    paths
        A typical path of each channel.
    """

    atoms: Atoms
    shown: Rows
    names: tuple[str, ...]
    states: Array
    ensemble: Array
    ensemble_p: Array
    paths: tuple[PathScene, ...]

    @property
    def solute(self) -> Rows:
        """Places among the shown atoms of those that are no water."""
        return np.flatnonzero(~self.atoms.water[self.shown])


def typical_paths(table: PathTable, groups: list[dict[str, Any]]) -> list[tuple[int | None, int]]:
    """Group and number of a typical path of each; else the path of median duration."""
    found = [(one["group"], one["typical_path"]) for one in groups if one["typical_path"] >= 0]
    if len(found) > 1:
        return found
    if found:
        return [(None, found[0][1])]
    counted = np.flatnonzero(table.index["weight"] > 0)
    if not len(counted):
        return []
    lengths = table.index["frames"][counted]
    order = np.argsort(lengths, kind="stable")
    return [(None, int(counted[order[len(order) // 2]]))]


def make_scenes(
    atoms: Atoms,
    table: PathTable,
    groups: list[dict[str, Any]],
    known: DescriptorSet,
    inputs: DescriptorSet,
    model: Any,
    frame_time: float,
) -> Scenes | None:
    """Choose the frames; None without a path that counts, or without a model.

    Parameters
    ----------
    atoms
        Of the system.
    table
        Paths of the run.
    groups
        Of channels.json; empty if there is none.
    known, inputs
        Descriptors that formulas may use, and those of the network.
    model
        The network.
    frame_time
        Time between frames in ps.
    """
    chosen = typical_paths(table, groups)
    if not chosen or model is None:
        return None
    whole = [table.path(path) for _, path in chosen]
    qs = [model.q(inputs.features(inputs.values(frames))) for frames in whole]
    # Waters are those around the solute at the top of the first path.
    top = int(np.argmin(np.abs(qs[0])))
    reference = gathered(atoms, whole[0][top : top + 1], inputs.box)[0]
    shown = shown_atoms(atoms, reference)
    solute = np.flatnonzero(~atoms.water[shown])
    on = solute if len(solute) >= 3 else np.arange(len(shown))
    heavy = on[[atoms.elements[i] != "H" for i in shown[on]]]
    on = heavy if len(heavy) >= 3 else on

    def fitted(frames: Frames) -> Array:
        return superposed(gathered(atoms, frames, inputs.box)[:, shown], reference[shown], on)

    most = max(2, min(MOVIE, ATOM_FRAMES // (len(shown) * len(chosen))))
    scenes = []
    for (group, path), frames, q in zip(chosen, whole, qs, strict=True):
        rows = np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).astype(np.int64))
        features = inputs.features(inputs.values(frames))
        scenes.append(
            PathScene(
                group=group,
                path=path,
                frames=fitted(frames[rows]),
                rows=rows,
                times=np.asarray(np.arange(len(frames)) * frame_time, dtype=np.float64),
                values=known.values(frames),
                q=q,
                p_error=model.estimate(features)[1],
            )
        )
    near, p = _transition_state(table, inputs, model)
    few = max(1, min(ENSEMBLE, ATOM_FRAMES // (4 * len(shown))))
    near, p = near[:few], p[:few]
    return Scenes(
        atoms=atoms,
        shown=shown,
        names=known.names,
        states=np.stack([scenes[0].frames[0], scenes[0].frames[-1]]),
        ensemble=fitted(table.frames[near]) if len(near) else np.empty((0, len(shown), 3)),
        ensemble_p=p,
        paths=tuple(scenes),
    )


def _transition_state(table: PathTable, inputs: DescriptorSet, model: Any) -> tuple[Rows, Array]:
    """Frames nearest p_B = 1/2, one from each of up to `ENSEMBLE` paths, spread over all paths."""
    counted = np.flatnonzero(table.index["weight"] > 0)
    tried = counted[np.unique(np.linspace(0, len(counted) - 1, 4 * ENSEMBLE).astype(np.int64))]
    rows, found = [], []
    for path in tried:
        q = model.q(inputs.features(inputs.values(table.path(int(path)))))
        best = int(np.argmin(np.abs(q)))
        rows.append(int(table.index["first_frame"][path]) + best)
        found.append(float(q_to_p(q[best])))
    p = np.array(found)
    near = np.flatnonzero(np.abs(p - 0.5) < NEAR_HALF)
    near = near[np.linspace(0, len(near) - 1, min(ENSEMBLE, len(near))).astype(np.int64)]
    return np.array(rows, dtype=np.int64)[near], p[near]
