"""Descriptors of frames that have a box each: as of each frame in its own fixed box."""

from dataclasses import replace

import numpy as np
import openmm
import pytest

from mechanist.errors import DataError
from mechanist.formula.export.openmm import openmm_force
from mechanist.formula.export.plumed import plumed_text
from mechanist.formula.export.python import python_text
from mechanist.systems.barostat import with_box
from mechanist.systems.descriptors.custom import Custom
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Centres,
    Coordination,
    HydrogenBonds,
    Radial,
    Rmsd,
)

ATOMS, FRAMES = 14, 150
"""More frames than any descriptor takes at a time, and no multiple of those."""
BOXES = {
    "rectangular": ((1.2, 0.0, 0.0), (0.0, 1.4, 0.0), (0.0, 0.0, 1.1)),
    "triclinic": ((1.3, 0.0, 0.0), (0.4, 1.2, 0.0), (-0.4, 0.6, 1.1)),
}
OTHERS = tuple(range(6, 14))


@pytest.fixture(params=BOXES)
def box(request):
    return BOXES[request.param]


@pytest.fixture
def scaled(rng):
    """Edges over those of the box, to which frames store them with 24 bits."""
    return rng.uniform(0.8, 1.25, FRAMES).astype(np.float32).astype(np.float64)


@pytest.fixture
def frames(rng, box, scaled):
    positions = rng.uniform(-2, 2, (FRAMES, ATOMS, 3))
    return np.stack(
        [with_box(x, s * np.array(box)) for x, s in zip(positions, scaled, strict=True)]
    )


@pytest.fixture
def every(tmp_path):
    file = tmp_path / "descriptors.py"
    text = "import numpy as np\n\n\ndef edge(x, box):\n    assert x.shape[1] == 14\n"
    file.write_text(f"{text}    return np.full(len(x), box[0, 0])\n", encoding="utf-8")
    from mechanist.bookkeeping.files import sha256

    reference = ((0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.2, 0.0), (0.1, 0.1, 0.3))
    weights = ((1.0, 2.0), (1.0, 1.0, 3.0))
    return (
        Descriptor("d", "distance", (0, 1)),
        Descriptor("a", "angle", (0, 1, 2)),
        Descriptor("t", "torsion", (0, 1, 2, 3)),
        Descriptor("h", "height", (0, 1, 2, 3)),
        Descriptor("n", "coordination", (0,), 0, (OTHERS,), Coordination(0.5, 12)),
        Descriptor(
            "hb", "hydrogen_bonds", (2, 3), 0, ((4, 5), OTHERS), HydrogenBonds(0.5, -0.5, 20, 5)
        ),
        Descriptor("br", "bridges", (0,), 0, ((1,), OTHERS), Bridges((0.5, 0.5), 20)),
        Descriptor("g2", "radial", (0,), 0, (OTHERS,), Radial(20.0, 0.3, 0.55, 30.0)),
        Descriptor("g5", "angular", (0,), 0, (OTHERS,), Angular(9.0, 0.3, 0.55, 30.0, 1.0, 16, -1)),
        Descriptor("c", "centre_distance", (0, 1), 0, ((2, 3, 4),), Centres(weights)),
        Descriptor("r", "rmsd", (0, 1, 2, 3), shape=Rmsd(reference, ATOMS)),
        Descriptor("v", "volume", ()),
        Descriptor("e", "custom", (), custom=Custom(str(file), "edge", "nm", False, sha256(file))),
    )


def test_each_frame_is_taken_in_its_own_box(box, scaled, frames, every):
    found = DescriptorSet(every, box, ATOMS).values(frames)
    alone = [
        DescriptorSet(every, tuple(map(tuple, s * np.array(box)))).values(one[None, :ATOMS])[0]
        for s, one in zip(scaled, frames, strict=True)
    ]
    np.testing.assert_allclose(found, alone, rtol=1e-7, atol=1e-9)
    # The volume is that of the box, and one box for all would be wrong.
    np.testing.assert_allclose(found[:, 11], scaled**3 * np.linalg.det(np.array(box)), rtol=1e-7)
    fixed = DescriptorSet(every[:-1], box).values(frames[:, :ATOMS])
    assert (np.abs(fixed - found[:, :-1]).max(axis=0) > 1e-3).all()


def test_frames_without_a_box_are_refused(box, frames, every):
    with pytest.raises(DataError, match="needs its box as a last row, which makes 15 rows"):
        DescriptorSet(every, box, ATOMS).values(frames[:, :ATOMS])


def test_a_set_and_its_definitions_know_that_the_box_changes(box, every):
    one = DescriptorSet(every[:-1], box, ATOMS)
    assert DescriptorSet.from_json(one.to_json()) == one
    assert one.select(["d", "v"]).box_row == ATOMS
    assert not set(one.definitions) & set(replace(one, box_row=None).definitions)


def test_formulas_for_other_programs_take_the_box_of_the_frame(box, frames, every):
    formula = "2.0*v + n - d*cos(t)"
    known = DescriptorSet(every[:-1], box, ATOMS)
    values = known.values(frames[:5])
    column = dict(zip(known.names, values.T, strict=True))
    truth = 2.0 * column["v"] + column["n"] - column["d"] * np.cos(column["t"])
    space: dict = {}
    exec(python_text(formula, known), space)
    boxes = [one[-1, 0] / box[0][0] * np.array(box) for one in frames[:5]]
    found = [space["q"](one[:ATOMS], own) for one, own in zip(frames, boxes, strict=False)]
    np.testing.assert_allclose(found, truth, rtol=1e-7)
    with pytest.raises(TypeError):
        space["q"](frames[0, :ATOMS])
    assert "v: VOLUME" in plumed_text(formula, known)
    if box == BOXES["triclinic"]:
        # OpenMM finds nearest images in such a box only up to half its width.
        return
    system = openmm.System()
    for _ in range(ATOMS):
        system.addParticle(1.0)
    system.setDefaultPeriodicBoxVectors(*(1.5 * np.array(box)))
    system.addForce(openmm_force(formula, known))
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    for one, own, expected in zip(frames, boxes, truth, strict=False):
        context.setPeriodicBoxVectors(*own)
        context.setPositions(one[:ATOMS])
        energy = context.getState(energy=True).getPotentialEnergy()._value
        assert energy == pytest.approx(expected, rel=1e-6)
