"""Descriptors in words."""

import pytest

from mechanist.formula.export.words import counted_from, meaning
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Coordination,
    HydrogenBonds,
    Radial,
)

NAMES = ["LI1", "CL2", "O3", "O4", "H5", "H6"]
WATERS = (2, 3)


@pytest.mark.parametrize(
    ("descriptor", "words"),
    [
        (Descriptor("r", "distance", (0, 1)), "distance of atoms LI1, CL2 in nm"),
        (
            Descriptor("g", "radial", (0,), 0, (WATERS,), Radial(200, 0.25, 0.9, 150, 3.0)),
            "radial symmetry function G2 of 2 atoms O around atom LI1: eta 200 nm^-2, shift 0.25"
            " nm, cutoff 0.9 nm",
        ),
        (
            Descriptor(
                "g", "angular", (1,), 0, (WATERS,), Angular(120, 0.4, 0.9, 150, 2.0, 16, -1)
            ),
            "angular symmetry function G5 of 2 atoms O around atom CL2: eta 120 nm^-2, shift 0.4"
            " nm, zeta 16, sign -, cutoff 0.9 nm; counts pairs on opposite sides of it",
        ),
        (
            Descriptor("n", "coordination", (0,), 0, (WATERS,), Coordination(0.28, 12)),
            "number of 2 atoms O within 0.28 nm of atom LI1",
        ),
        (
            Descriptor(
                "h", "hydrogen_bonds", (4, 5), 0, (WATERS, (1,)), HydrogenBonds(0.25, -0.5, 50, 10)
            ),
            "number of hydrogen bonds from 2 atoms O (2 atoms H) to atom CL2, shorter than 0.25 nm",
        ),
        (
            Descriptor("b", "bridges", (0,), 0, ((1,), WATERS), Bridges((0.28, 0.4), 50)),
            "number of 2 atoms O within 0.28 nm of atom LI1 and 0.4 nm of atom CL2",
        ),
    ],
)
def test_each_kind_in_words(descriptor, words):
    assert meaning(descriptor, NAMES.__getitem__) == words


def test_groups_whose_labels_are_numbers_have_no_name():
    descriptor = Descriptor("n", "coordination", (0,), 0, (WATERS,), Coordination(0.28, 12))
    assert meaning(descriptor, counted_from(1)) == "number of 2 atoms within 0.28 nm of atom 1"
