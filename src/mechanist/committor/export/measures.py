"""Descriptors of one frame with their gradients, in nm and rad; written into network.py of a run.

The equations are in `mechanist.systems.descriptors.shapes` and
`mechanist.systems.descriptors.collective`.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Value = tuple[float, Ints, Array]
"""A descriptor: its value, and the gradient (K, 3) at atoms (K,), which may occur repeatedly."""

WIDTHS = 21
"""Range of a Fermi switch in its widths; beyond that it is 1e-9 and left out."""


class Box:
    """Nearest images in a periodic box of reduced vectors (3, 3) in nm; None is no box."""

    def __init__(self, rows: Any) -> None:
        self.rows = None if rows is None else np.array(rows, dtype=np.float64)
        self.shifts = np.empty((0, 3))
        if self.rows is not None and np.tril(self.rows, -1).any():
            # Voronoi vectors: the shortest of each coset of the lattice modulo twice itself.
            whole = np.array(list(product(range(-3, 4), repeat=3)))
            points = whole @ self.rows
            squares = (points**2).sum(axis=1)
            cosets = [c for c in product((0, 1), repeat=3) if any(c)]
            masks = [(whole % 2 == coset).all(axis=1) for coset in cosets]
            found = [points[m & (squares < squares[m].min() * (1 + 1e-9))] for m in masks]
            self.shifts = np.concatenate(found)
            self.safe = (self.shifts**2).sum(axis=1).min() / 4

    def nearest(self, steps: Array) -> Array:
        """The shortest images of vectors (..., 3)."""
        if self.rows is None:
            return steps
        for axis in (2, 1, 0):
            turns = np.round(steps[..., axis] / self.rows[axis, axis])
            steps = steps - turns[..., None] * self.rows[axis]
        if len(self.shifts):
            far = _dot(steps, steps) > self.safe
            steps[far] = self._descend(steps[far])
        return steps

    def _descend(self, steps: Array) -> Array:
        """The shortest images of vectors (K, 3), by steps along Voronoi vectors."""
        while True:
            before = steps
            for shift in self.shifts:
                other = steps + shift
                nearer = _dot(other, other) < _dot(steps, steps) - 1e-12
                if nearer.any():
                    steps = np.where(nearer[:, None], other, steps)
            if steps is before:
                return steps


def fermi(x: Array) -> Array:
    """1/(1 + exp(x))."""
    return np.asarray(0.5 * (1 - np.tanh(0.5 * x)))


def _dot(a: Array, b: Array) -> Array:
    return np.asarray((a * b).sum(axis=-1))


def _long(x: Array) -> Array:
    return np.sqrt(_dot(x, x))[..., None]


def _distance(x: Array, atoms: Ints, box: Box) -> tuple[Array, Array]:
    step = box.nearest(x[atoms[:, 1]] - x[atoms[:, 0]])
    way = step / _long(step)
    return _long(step)[..., 0], np.stack([-way, way], axis=1)


def _angle(x: Array, atoms: Ints, box: Box) -> tuple[Array, Array]:
    a, c = (box.nearest(x[atoms[:, k]] - x[atoms[:, 1]]) for k in (0, 2))
    normal = np.cross(a, c)
    sine, cosine = _long(normal)[..., 0], _dot(a, c)
    first = np.cross(a, normal) / (_long(normal) * _dot(a, a)[:, None])
    last = np.cross(normal, c) / (_long(normal) * _dot(c, c)[:, None])
    return np.arctan2(sine, cosine), np.stack([first, -first - last, last], axis=1)


def _torsion(x: Array, atoms: Ints, box: Box) -> tuple[Array, Array]:
    # Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996).
    a, b, c = (box.nearest(x[atoms[:, k + 1]] - x[atoms[:, k]]) for k in range(3))
    n, m, middle = np.cross(a, b), np.cross(b, c), _long(b)
    value = np.arctan2(middle[:, 0] * _dot(a, m), _dot(n, m))
    first = -middle / _dot(n, n)[:, None] * n
    last = middle / _dot(m, m)[:, None] * m
    s, t = (_dot(one, b)[:, None] / middle**2 for one in (a, c))
    return value, np.stack(
        [first, -(1 + s) * first + t * last, -(1 + t) * last + s * first, last], axis=1
    )


def _height(x: Array, atoms: Ints, box: Box) -> tuple[Array, Array]:
    up, one, two = (box.nearest(x[atoms[:, k]] - x[atoms[:, 1]]) for k in (0, 2, 3))
    normal = np.cross(one, two)
    unit = normal / _long(normal)
    value = _dot(unit, up)
    tilt = (up - value[:, None] * unit) / _long(normal)
    second, third = np.cross(two, tilt), np.cross(tilt, one)
    return value, np.stack([unit, -unit - second - third, second, third], axis=1)


def _difference(x: Array, atoms: Ints, box: Box) -> tuple[Array, Array]:
    (a, first), (b, second) = (_distance(x, atoms[:, k : k + 2], box) for k in (0, 2))
    return a - b, np.concatenate([first, -second], axis=1)


GEOMETRY: dict[str, Callable[[Array, Ints, Box], tuple[Array, Array]]]
GEOMETRY = {
    "distance": _distance,
    "difference": _difference,
    "angle": _angle,
    "torsion": _torsion,
    "height": _height,
}
"""Values (K,) and gradients (K, A, 3) of K descriptors of atoms (K, A)."""


def _pairs(x: Array, ones: Ints, others: Ints, box: Box) -> tuple[Ints, Ints, Array, Array]:
    """Atoms of each pair of two groups, their distance and the unit vector between them."""
    i, j = (np.ravel(part) for part in np.meshgrid(ones, others, indexing="ij"))
    i, j = i[i != j], j[i != j]
    step = box.nearest(x[j] - x[i])
    r = _long(step)
    return i, j, r[:, 0], step / r


def _pair_sum(terms: Array, slopes: Array, i: Ints, j: Ints, ways: Array) -> Value:
    """A sum over pairs of terms (K,) that have slopes (K,) along their distance."""
    push = slopes[:, None] * ways
    return float(terms.sum()), np.concatenate([i, j]), np.concatenate([-push, push])


def _bell(r: Array, shape: dict[str, Any]) -> tuple[Array, Array]:
    """exp(-eta (r - shift)^2) fc(r), and its slope."""
    eta, shift, steepness = shape["eta"], shape["shift"], shape["steepness"]
    cut = fermi(steepness * (r - shape["cutoff"]))
    bell = np.exp(-eta * (r - shift) ** 2) * cut
    return bell, bell * (-2 * eta * (r - shift) - steepness * (1 - cut))


def _radial(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    i, j, r, ways = _pairs(x, groups[0], groups[1], box)
    bell, slope = _bell(r, shape)
    return _pair_sum(bell / shape["norm"], slope / shape["norm"], i, j, ways)


def _angular(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    i, j, r, ways = _pairs(x, groups[0], groups[1], box)
    near = r < shape["cutoff"] + WIDTHS / shape["steepness"]
    i, j, r, ways = (part[near] for part in (i, j, r, ways))
    bell, slope = _bell(r, shape)
    base = 1 + shape["sign"] * (ways @ ways.T)
    np.fill_diagonal(base, 0)
    zeta, norm = shape["zeta"], shape["norm"]
    power = np.maximum(base, 0) ** (zeta - 1)
    np.fill_diagonal(power, 0)
    along = (power * base) @ bell
    turn = shape["sign"] * zeta * bell[:, None] * (power @ (bell[:, None] * ways))
    turn -= _dot(turn, ways)[:, None] * ways
    push = (slope * along)[:, None] * ways + turn / r[:, None]
    where, gradient = np.concatenate([i, j]), np.concatenate([-push, push]) / norm
    return 0.5 * float(bell @ along) / norm, where, gradient


def _coordination(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    i, j, r, ways = _pairs(x, groups[0], groups[1], box)
    radius, power, steepness = shape["radius"], shape["power"], shape["steepness"]
    if power:
        terms = 1 / (1 + (r / radius) ** power)
        slopes = -power / r * terms * (1 - terms)
    else:
        terms = fermi(steepness * (r - radius))
        slopes = -steepness * terms * (1 - terms)
    return _pair_sum(terms, slopes, i, j, ways)


def _hydrogen_bonds(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    hydrogens, donors, acceptors = groups
    h, a = (np.ravel(p) for p in np.meshgrid(np.arange(len(hydrogens)), acceptors, indexing="ij"))
    other = donors[h] != a
    h, a = h[other], a[other]
    arm = box.nearest(x[a] - x[hydrogens[h]])
    near = _long(arm)[:, 0] < shape["distance"] + WIDTHS / shape["steepness"]
    h, a, arm = h[near], a[near], arm[near]
    bond = box.nearest(x[donors[h]] - x[hydrogens[h]])
    r, length = _long(arm), _long(bond)
    one, two = arm / r, bond / length
    cosine = _dot(one, two)[:, None]
    close = fermi(shape["steepness"] * (r - shape["distance"]))
    straight = fermi(shape["sharpness"] * (cosine - shape["cosine"]))
    terms = close * straight
    by_r = -shape["steepness"] * terms * (1 - close)
    by_cosine = -shape["sharpness"] * terms * (1 - straight)
    at_a = by_r * one + by_cosine * (two - cosine * one) / r
    at_d = by_cosine * (one - cosine * two) / length
    where = np.concatenate([a, donors[h], hydrogens[h]])
    return float(terms.sum()), where, np.concatenate([at_a, at_d, -at_a - at_d])


def _bridges(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    between, steepness = groups[2], shape["steepness"]
    touch, where, slopes = [], [], []
    for group, radius in zip(groups[:2], shape["radii"], strict=True):
        step = box.nearest(x[between] - x[group][:, None])
        near = fermi(steepness * (_long(step)[..., 0] - radius))
        # Contact 1 - prod(1 - near); its slope along one distance leaves out that factor.
        rest = np.stack(
            [np.prod(1 - np.delete(near, k, axis=0), axis=0) for k in range(len(group))]
        )
        touch.append(1 - np.prod(1 - near, axis=0))
        slope = -steepness * near * (1 - near) * rest
        slopes.append(slope[..., None] * step / _long(step))
        where.append(group)
    ways, gradient = [], []
    for mine, other in ((0, 1), (1, 0)):
        push = slopes[mine] * touch[other][:, None]
        ways += [np.repeat(where[mine], len(between)), np.tile(between, len(where[mine]))]
        gradient += [-push.reshape(-1, 3), push.reshape(-1, 3)]
    return float(touch[0] @ touch[1]), np.concatenate(ways), np.concatenate(gradient)


def _sorted(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    atoms = groups[0].reshape(shape["size"], -1)
    values, gradients = GEOMETRY[shape["measure"]](x, atoms, box)
    one = int(np.argsort(values)[shape["rank"]])
    return float(values[one]), atoms[one], gradients[one]


def _whole(x: Array, atoms: Ints, box: Box) -> Array:
    """Positions (K, 3) of atoms, each at the image nearest to the one before it."""
    places = x[atoms]
    steps = box.nearest(np.diff(places, axis=0))
    return np.concatenate([places[:1], places[:1] + np.cumsum(steps, axis=0)])


def _centre_distance(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    shares = [np.array(own) / np.sum(own) for own in shape["weights"]]
    first, second = (w @ _whole(x, g, box) for g, w in zip(groups, shares, strict=True))
    step = box.nearest(second - first)
    length = np.sqrt(_dot(step, step))
    push = [sign * w[:, None] * step / length for sign, w in zip((-1, 1), shares, strict=True)]
    return float(length), np.concatenate(groups), np.concatenate(push)


def _deviation(places: Array, reference: Any) -> tuple[float, Array]:
    """Mean squared deviation of places (K, 3) after superposition, and its gradient (K, 3)."""
    # Kabsch, Acta Cryst. A 34, 827 (1978).
    a, b = (x - x.mean(axis=0) for x in (places, np.array(reference)))
    u, s, v = np.linalg.svd(a.T @ b)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ v))])
    turned = b @ (v.T * signs) @ u.T
    square = (_dot(a, a).sum() + _dot(b, b).sum() - 2 * signs @ s) / len(a)
    return max(float(square), 0.0), 2 / len(a) * (a - turned)


def _rmsd(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    square, gradient = _deviation(_whole(x, groups[0], box), shape["reference"])
    value = np.sqrt(square)
    # At the structure itself the slope has no direction.
    return float(value), groups[0], gradient / (2 * value) if value else 0 * gradient


def _path(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> tuple[Array, ...]:
    """Deviations from structures of a path, their gradients, and their weights (P,)."""
    places = _whole(x, groups[0], box)
    each = [_deviation(places, reference) for reference in shape["references"]]
    squares = np.array([square for square, _ in each])
    weights = np.exp(-shape["sharpness"] * (squares - squares.min()))
    return squares, np.stack([gradient for _, gradient in each]), weights


def _path_s(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    _, gradients, weights = _path(x, groups, shape, box)
    shares, numbers = weights / weights.sum(), np.arange(1, len(weights) + 1)
    s = shares @ numbers
    slopes = -shape["sharpness"] * shares * (numbers - s)
    return float(s), groups[0], np.einsum("p,pkx->kx", slopes, gradients)


def _path_z(x: Array, groups: list[Ints], shape: dict[str, Any], box: Box) -> Value:
    squares, gradients, weights = _path(x, groups, shape, box)
    z = squares.min() - np.log(weights.sum()) / shape["sharpness"]
    return float(z), groups[0], np.einsum("p,pkx->kx", weights / weights.sum(), gradients)


OF_GROUPS: dict[str, Callable[[Array, list[Ints], dict[str, Any], Box], Value]] = {
    "radial": _radial,
    "angular": _angular,
    "coordination": _coordination,
    "hydrogen_bonds": _hydrogen_bonds,
    "bridges": _bridges,
    "sorted": _sorted,
    "centre_distance": _centre_distance,
    "rmsd": _rmsd,
    "path_s": _path_s,
    "path_z": _path_z,
}
