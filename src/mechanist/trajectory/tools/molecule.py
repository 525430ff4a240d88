"""What a molecule says of its models: bonds, permutations of like atoms, and conformations.

Permutations are automorphisms of the graph of bonds. Of them those can occur in motion that keep
the handedness of all tetrahedral atoms, or invert that of all of them (distances cannot tell).

A conformation is described by the distances of atoms at least three bonds apart, sorted within each
set of pairs that permutations exchange. Its distance from the learned ones is the smallest root
mean square difference from a learned frame. It is new if this is above a limit, which held-out
frames have set.
"""

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
from networkx.algorithms.isomorphism import GraphMatcher, categorical_node_match
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.systems.build.radii import bonded_pairs

LARGEST_GROUP = 12
"""Largest number of permutations; forces take as many times as long. Larger groups are left out."""

TRIED = 2000
"""Largest number of automorphisms that are looked at."""

LEARNED = 2000
"""Largest number of frames that conformations are compared with."""

CHUNK = 200
"""Frames per batch of comparisons."""

WIDER = 1.5
"""Limit in units of the largest distance of a held-out frame."""


@dataclass(frozen=True)
class Molecule:
    """Atoms and bonds.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    reference
        (N, 3) in nm, a geometry.
    """

    numbers: NDArray[np.int64]
    reference: Array

    @cached_property
    def graph(self) -> "nx.Graph[int]":
        """Atoms, with their elements, and bonds, by covalent radii."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from((i, {"z": int(z)}) for i, z in enumerate(self.numbers))
        graph.add_edges_from(bonded_pairs(self.numbers.tolist(), self.reference))
        return graph

    @cached_property
    def permutations(self) -> Rows:
        """Permutations (G, N) that motion can bring about; the first changes nothing."""
        same = np.arange(len(self.numbers))
        matcher = GraphMatcher(self.graph, self.graph, node_match=categorical_node_match("z", 0))
        found = [same]
        hand = self._handedness(self.reference)
        for count, one in enumerate(matcher.isomorphisms_iter()):
            order = np.array([one[i] for i in range(len(same))])
            turned = self._handedness(self.reference[order]) * hand
            if (order != same).any() and abs(turned.sum()) == len(turned):
                found.append(order)
            if count > TRIED or len(found) > LARGEST_GROUP:
                return same[None]
        return np.array(found, dtype=np.int64)

    def _handedness(self, x: Array) -> Array:
        """Sign of the volume spanned by the neighbours of each atom that has four."""
        around = [sorted(self.graph[i]) for i in self.graph if len(self.graph[i]) == 4]
        corners = np.array([x[one[:3]] - x[one[3]] for one in around]).reshape(-1, 3, 3)
        return np.asarray(np.sign(np.linalg.det(corners)))

    @cached_property
    def _pairs(self) -> tuple[Rows, Rows, Rows]:
        """First and second atom of each pair, and the set of pairs that it belongs to."""
        near = dict(nx.all_pairs_shortest_path_length(self.graph, cutoff=2))
        first, second = np.triu_indices(len(self.numbers), 1)
        far = np.array([j not in near[i] for i, j in zip(first, second, strict=True)], dtype=bool)
        if far.any():
            first, second = first[far], second[far]
        images = np.sort(self.permutations[:, np.stack([first, second], axis=1)], axis=2)
        codes = (images[..., 0] * len(self.numbers) + images[..., 1]).min(axis=0)
        order = np.argsort(codes, kind="stable")
        return first[order], second[order], codes[order]

    def shape(self, x: Array) -> Array:
        """Descriptors (F, P) in nm of frames (F, N, 3)."""
        first, second, codes = self._pairs
        values = np.linalg.norm(x[:, first] - x[:, second], axis=2)
        for rows in np.split(np.arange(len(codes)), np.flatnonzero(np.diff(codes)) + 1):
            if len(rows) > 1:
                values[:, rows] = np.sort(values[:, rows], axis=1)
        return np.asarray(values)


def thinned(count: int, most: int) -> Rows:
    """At most ``most`` of ``count`` rows, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


@dataclass(frozen=True)
class Conformations:
    """The conformations that a model has learned.

    Parameters
    ----------
    molecule
        Its molecule.
    frames
        (M, N, 3) in nm, learned ones.
    limit_nm
        Largest root mean square difference from the nearest of them that is not new.
    """

    molecule: Molecule
    frames: Array
    limit_nm: float

    @cached_property
    def _shapes(self) -> Array:
        return self.molecule.shape(self.frames)

    def away(self, x: Array) -> Array:
        """Distance (F,) in nm of frames (F, N, 3) from the nearest learned one."""
        from scipy.spatial.distance import cdist

        scale = np.sqrt(self._shapes.shape[1])
        parts = [
            cdist(self.molecule.shape(x[i : i + CHUNK]), self._shapes).min(axis=1)
            for i in range(0, len(x), CHUNK)
        ]
        return np.asarray(np.concatenate(parts) / scale)

    def new(self, x: Array) -> NDArray[np.bool_]:
        """Which frames (F, N, 3) are in conformations that were not learned."""
        return np.asarray(self.away(x) > self.limit_nm)


def conformations(molecule: Molecule, learned: Array, held: Array) -> Conformations:
    """Conformations of frames (F, N, 3) in nm, with a limit from held-out frames."""
    frames = learned[thinned(len(learned), LEARNED)]
    found = Conformations(molecule, frames, np.inf)
    limit = WIDER * float(found.away(held[thinned(len(held), LEARNED)]).max())
    return Conformations(molecule, frames, limit)
