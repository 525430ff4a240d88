"""Parts of the Python file of a formula: nearest images, and how each descriptor is measured."""

TAKEN = ("np", "positions", "places", "BOX", "NEIGHBOURS", "GROUPS")
"""Names that the file uses itself."""

STEP = '''

def _nearest(step):
    """The shortest images of vectors (..., 3)."""
    if BOX is not None:
        for row in (2, 1, 0):
            turns = np.round(step[..., row] / BOX[row][row])
            step = step - turns[..., None] * np.array(BOX[row])
    return step


def _step(x, i, j):
    """Vectors (..., 3) from atom i to atom j, to its nearest image in a box."""
    return _nearest(x[..., j, :] - x[..., i, :])


def _dot(a, b):
    return np.sum(a * b, axis=-1)
'''

TRICLINIC = '''
NEIGHBOURS = np.array({neighbours}) / {edge}
"""Vectors to the neighbours of the box in units of its first edge: rounding alone can miss the
nearest image."""
'''

DESCENT = """    for _ in range(3):
        for shift in BOX[0][0] * NEIGHBOURS:
            other = step + shift
            nearer = _dot(other, other) < _dot(step, step)
            step = np.where(nearer[..., None], other, step)
"""

FERMI = '''

def _fermi(x):
    """1/(1 + exp(x))."""
    return 0.5 * (1 - np.tanh(0.5 * x))


def _lengths(x, i, others):
    """Distances (..., K) in nm of others from atom i."""
    step = _step(x, [i], others)
    return np.sqrt(_dot(step, step))
'''

WHOLE = '''

def _whole(x, atoms):
    """Atoms (..., K, 3), each at the image nearest to the one before it."""
    steps = np.cumsum(_step(x, atoms[:-1], atoms[1:]), axis=-2)
    first = x[..., atoms[:1], :]
    return np.concatenate([first, first + steps], axis=-2)
'''

SUPERPOSED = '''

def _msd(x, atoms, reference):
    """Mean squared deviation in nm^2 from a structure after superposition."""
    a = _whole(x, atoms)
    a = a - a.mean(axis=-2, keepdims=True)
    b = np.array(reference) - np.mean(reference, axis=0)
    h = np.einsum("...ki,kj->...ij", a, b)
    s = np.linalg.svd(h, compute_uv=False)
    last = np.where(np.linalg.det(h) < 0, -1.0, 1.0) * s[..., 2]
    total = np.sum(a * a, axis=(-2, -1)) + np.sum(b * b) - 2 * (s[..., 0] + s[..., 1] + last)
    return np.maximum(total, 0.0) / len(b)


def _along(x, atoms, references, sharpness):
    """Least deviation from a path of structures, and the weights relative to it."""
    msd = np.stack([_msd(x, atoms, one) for one in references], axis=-1)
    least = np.min(msd, axis=-1, keepdims=True)
    return least[..., 0], np.exp(-sharpness * (msd - least))
'''

MEASURES = {
    "volume": '''

def _volume(x):
    """Volume of the box in nm^3."""
    return np.full(x.shape[:-2], np.linalg.det(BOX))
''',
    "torsion": '''

def _torsion(x, i, j, k, m):
    """Torsion in rad, -pi to pi, IUPAC sign."""
    a, b, c = _step(x, i, j), _step(x, j, k), _step(x, k, m)
    n1, n2 = np.cross(a, b), np.cross(b, c)
    return np.arctan2(np.sqrt(_dot(b, b)) * _dot(a, n2), _dot(n1, n2))
''',
    "angle": '''

def _angle(x, i, j, k):
    """Angle at atom j in rad, 0 to pi."""
    a, b = _step(x, i, j), _step(x, j, k)
    n = np.cross(a, b)
    return np.arctan2(np.sqrt(_dot(n, n)), -_dot(a, b))
''',
    "height": '''

def _height(x, i, j, k, m):
    """Height of atom i over the plane of j, k, m in nm, above where they are counter-clockwise."""
    n = np.cross(_step(x, j, k), _step(x, j, m))
    return _dot(n, _step(x, j, i)) / np.sqrt(_dot(n, n))
''',
    "distance": '''

def _distance(x, i, j):
    """Distance in nm."""
    step = _step(x, i, j)
    return np.sqrt(_dot(step, step))
''',
    "difference": '''

def _difference(x, i, j, k, m):
    """Distance of i and j minus distance of k and m in nm."""
    a, b = _step(x, i, j), _step(x, k, m)
    return np.sqrt(_dot(a, a)) - np.sqrt(_dot(b, b))
''',
    "sorted": '''

def _sorted(x, atoms, measure, size, rank):
    """One of the values of a kind of descriptor, by its place in ascending order."""
    of = {"distance": "_distance", "angle": "_angle", "height": "_height"}
    of["difference"] = "_difference"
    values = [globals()[of[measure]](x, *part) for part in atoms.reshape(size, -1)]
    return np.sort(np.stack(values, axis=-1), axis=-1)[..., rank]
''',
    "radial": '''

def _radial(x, centre, others, eta, shift, cutoff, steepness, norm):
    """Radial symmetry function G2."""
    r = _lengths(x, centre[0], others)
    w = np.exp(-eta * (r - shift) ** 2) * _fermi(steepness * (r - cutoff))
    return np.sum(w, axis=-1) / norm
''',
    "angular": '''

def _angular(x, centre, others, eta, shift, cutoff, steepness, norm, zeta, sign):
    """Angular symmetry function G5."""

    def one(frame):
        step = _step(frame, centre, others)
        r = np.sqrt(_dot(step, step))
        w = np.exp(-eta * (r - shift) ** 2) * _fermi(steepness * (r - cutoff))
        u = step / r[:, None]
        return np.sum(np.triu(np.outer(w, w) * (1 + sign * (u @ u.T)) ** zeta, 1)) / norm

    frames = x.reshape(-1, *x.shape[-2:])
    return np.array([one(frame) for frame in frames]).reshape(x.shape[:-2])
''',
    "coordination": '''

def _coordination(x, around, others, radius, power, steepness):
    """Smooth number of others around atoms."""
    total = 0.0
    for i in around:
        r = _lengths(x, i, others[others != i])
        switch = 1 / (1 + (r / radius) ** power) if power else _fermi(steepness * (r - radius))
        total = total + np.sum(switch, axis=-1)
    return total
''',
    "hydrogen_bonds": '''

def _hydrogen_bonds(x, hydrogens, donors, acceptors, distance, cosine, steepness, sharpness):
    """Smooth number of hydrogen bonds."""
    total = 0.0
    for acceptor in acceptors:
        h, d = hydrogens[donors != acceptor], donors[donors != acceptor]
        arm, bond = _step(x, h, [acceptor]), _step(x, h, d)
        r = np.sqrt(_dot(arm, arm))
        c = _dot(arm, bond) / (r * np.sqrt(_dot(bond, bond)))
        term = _fermi(steepness * (r - distance)) * _fermi(sharpness * (c - cosine))
        total = total + np.sum(term, axis=-1)
    return total
''',
    "centre_distance": '''

def _centre_distance(x, first, second, weights):
    """Distance of the centres of two groups in nm."""
    one, two = (
        np.einsum("...kx,k->...x", _whole(x, group), np.array(w) / np.sum(w))
        for group, w in zip((first, second), weights)
    )
    away = _nearest(two - one)
    return np.sqrt(_dot(away, away))
''',
    "rmsd": '''

def _rmsd(x, atoms, reference, system):
    """RMSD in nm from a structure."""
    return np.sqrt(_msd(x, atoms, reference))
''',
    "path_s": '''

def _path_s(x, atoms, references, sharpness, system):
    """Place along a path of structures, from 1."""
    _, w = _along(x, atoms, references, sharpness)
    return w @ np.arange(1, len(references) + 1) / np.sum(w, axis=-1)
''',
    "path_z": '''

def _path_z(x, atoms, references, sharpness, system):
    """Squared distance in nm^2 from a path of structures."""
    least, w = _along(x, atoms, references, sharpness)
    return least - np.log(np.sum(w, axis=-1)) / sharpness
''',
    "bridges": '''

def _bridges(x, first, second, between, radii, steepness):
    """Smooth number of atoms between two groups."""
    touch = []
    for group, radius in zip((first, second), radii):
        free = 1.0
        for i in group:
            free = free * (1 - _fermi(steepness * (_lengths(x, i, between) - radius)))
        touch.append(1 - free)
    return np.sum(touch[0] * touch[1], axis=-1)
''',
}
