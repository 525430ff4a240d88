"""The formula as a Python file that needs numpy and nothing of this package."""

from mechanist.formula.export.names import definitions, free_names, meaning, plain, renamed
from mechanist.systems.descriptors import Descriptor, DescriptorSet

TAKEN = ("np", "positions", "places", "BOX")

HEAD = '''"""q(x) = ln(p_B / (1 - p_B)), the logit of the committor, as a formula.

    q = {formula}

where{lines}
Atoms are counted from 0 in the order of system/topology.pdb of the run. Lengths are in nm, angles
in rad. q < 0 falls to A, q > 0 to B. Written by Mechanist; this file needs numpy and nothing else.
"""

import numpy as np

BOX = {box}
"""Edge lengths in nm of a rectangular periodic box, or None."""
'''

STEP = '''

def _step(x, i, j):
    """Vectors (..., 3) from atom i to atom j, to its nearest image in a box."""
    step = x[..., j, :] - x[..., i, :]
    return step if BOX is None else step - np.array(BOX) * np.round(step / np.array(BOX))


def _dot(a, b):
    return np.sum(a * b, axis=-1)
'''

MEASURES = {
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
}

TAIL = '''

def q(positions):
    """Logit of the committor.

    Parameters
    ----------
    positions
        (N, 3) or (F, N, 3) in nm, the N atoms of the system.

    Returns
    -------
    float or ndarray
        A number, or (F,).
    """
    places = np.asarray(positions, dtype=float)
{body}    return {result}


def p_B(positions):
    """Committor, the chance to reach B before A, of positions as for `q`."""
    return 0.5 * (1 + np.tanh(0.5 * q(positions)))
'''


def python_text(formula: str, descriptors: DescriptorSet) -> str:
    """Content of a Python file with functions ``q`` and ``p_B`` of positions in nm.

    Parameters
    ----------
    formula
        Text as `mechanist.formula.expression.parse` reads it.
    descriptors
        What its names mean.

    Raises
    ------
    DataError
        If the text is no formula or uses a name that is no descriptor.
    """
    used = definitions(formula, descriptors)
    names = free_names((d.name for d in used), TAKEN)
    kinds = {d.kind for d in used}
    lines = "".join(f"\n    {names[d.name]}: {meaning(d, 0)}" for d in used)
    result = renamed(plain(formula), names, "np.")
    body = "".join(f"    {names[d.name]} = {_value(d)}\n" for d in used)
    if not used:
        result = f"np.full(places.shape[:-2], {result})"
    return (
        HEAD.format(
            formula=renamed(plain(formula), names),
            lines=lines or "\n    no descriptor is in it",
            box=descriptors.box,
        )
        + (STEP if kinds - {"coordinate"} else "")
        + "".join(code for kind, code in MEASURES.items() if kind in kinds)
        + TAIL.format(body=body, result=result)
    )


def _value(descriptor: Descriptor) -> str:
    atoms = ", ".join(str(atom) for atom in descriptor.atoms)
    if descriptor.kind == "coordinate":
        return f"places[..., {atoms}, {descriptor.axis}]"
    return f"_{descriptor.kind}(places, {atoms})"
