"""LiCl in water for tests of solvent descriptors, and these descriptors by plain loops."""

import math
from functools import cache

import numpy as np

from tests.systems.test_box import shortest

WATERS = 240

SYSTEM = """
name: LiCl in water
molecule:
  structure: box.pdb
  force_field: [amber14/tip3p.xml]
dynamics: {temperature: 300 K, friction: 1 /ps, timestep: 2 fs, max_half_path: 20 ps}
descriptors:
  r_LiCl: {distance: [element Li, element Cl]}
states:
  A: {name: bound, box: {r_LiCl: [0.01 nm, 0.23 nm]}}
  B: {name: apart, box: {r_LiCl: [0.48 nm, 1 nm]}}
inputs:
  - r_LiCl
  - symmetry:
      around: {Li: element Li, Cl: element Cl}
      of: {O: water and element O, H: water and element H}
      cutoff: 1 nm
      radial: {eta: 200 nm^-2, shifts: &shells [0.25 nm, 0.40 nm, 0.55 nm, 0.70 nm, 0.85 nm]}
      angular: {eta: 120 nm^-2, shifts: *shells, zeta: [1, 2, 4, 16, 64], signs: [1, -1]}
"""


@cache
def licl_box():
    """Topology (OpenMM), positions (N, 3) in nm and box vectors of one LiCl in TIP3P water."""
    from openmm import Vec3, app, unit

    topology = app.Topology()
    chain = topology.addChain()
    for name in ("Li", "Cl"):
        residue = topology.addResidue(name.upper(), chain)
        topology.addAtom(name.upper(), app.element.get_by_symbol(name), residue)
    places = [Vec3(0.8, 0.9, 1.0), Vec3(1.05, 1.0, 1.1)] * unit.nanometer
    modeller = app.Modeller(topology, places)
    field = app.ForceField("amber14/tip3p.xml")
    modeller.addSolvent(field, numAdded=WATERS, neutralize=False)
    lengths = modeller.topology.getUnitCellDimensions().value_in_unit(unit.nanometer)
    box = tuple(tuple(row) for row in np.diag([lengths.x, lengths.y, lengths.z]).tolist())
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    return modeller.topology, positions, box


def step(frame, i, j, box):
    """The shortest vector from atom i to atom j, by brute force."""
    return shortest(frame[j] - frame[i], box) if box else frame[j] - frame[i]


def length(frame, i, j, box):
    return float(np.linalg.norm(step(frame, i, j, box)))


def switch(x):
    return 1 / (1 + math.exp(x)) if x < 700 else 0.0


def weight(r, shape):
    bell = math.exp(-shape.eta * (r - shape.shift) ** 2)
    return bell * switch(shape.steepness * (r - shape.cutoff))


def radial_by_hand(frame, d, box):
    lengths = [length(frame, d.atoms[0], j, box) for j in d.others[0]]
    return sum(weight(r, d.shape) for r in lengths) / d.shape.norm


def angular_by_hand(frame, d, box):
    total, shape = 0.0, d.shape
    ways = [step(frame, d.atoms[0], j, box) for j in d.others[0]]
    for j, a in enumerate(ways):
        for b in ways[j + 1 :]:
            ra, rb = np.linalg.norm(a), np.linalg.norm(b)
            cosine = float(a @ b) / (ra * rb)
            total += (1 + shape.sign * cosine) ** shape.zeta * weight(ra, shape) * weight(rb, shape)
    return total / shape.norm


def coordination_by_hand(frame, d, box):
    total, shape = 0.0, d.shape
    for i in d.atoms:
        for j in d.others[0]:
            if i != j:
                r = length(frame, i, j, box)
                if shape.power:
                    x = r / shape.radius
                    total += (1 - x**shape.power) / (1 - x ** (2 * shape.power))
                else:
                    total += switch(shape.steepness * (r - shape.radius))
    return total


def hydrogen_bonds_by_hand(frame, d, box):
    total, shape = 0.0, d.shape
    donors, acceptors = d.others
    for h, donor in zip(d.atoms, donors, strict=True):
        for acceptor in acceptors:
            if acceptor != donor:
                a, b = step(frame, h, acceptor, box), step(frame, h, donor, box)
                ra, rb = np.linalg.norm(a), np.linalg.norm(b)
                straight = switch(shape.sharpness * (float(a @ b) / (ra * rb) - shape.cosine))
                total += switch(shape.steepness * (ra - shape.distance)) * straight
    return total


def bridges_by_hand(frame, d, box):
    total, shape = 0.0, d.shape
    second, between = d.others
    for o in between:
        touch = 1.0
        for group, radius in zip((d.atoms, second), shape.radii, strict=True):
            free = 1.0
            for i in group:
                free *= 1 - switch(shape.steepness * (length(frame, i, o, box) - radius))
            touch *= 1 - free
        total += touch
    return total


BY_HAND = {
    "radial": radial_by_hand,
    "angular": angular_by_hand,
    "coordination": coordination_by_hand,
    "hydrogen_bonds": hydrogen_bonds_by_hand,
    "bridges": bridges_by_hand,
}
