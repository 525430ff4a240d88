"""Descriptors that the search for formulas may use, and those that are preferred."""

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.formula.inputs import formula_names, preferred_names
from mechanist.settings.formula import FormulaSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet

NAMES = ("b1", "phi", "theta", "b2")
KNOWN = DescriptorSet(tuple(Descriptor(name, "distance", (0, 1)) for name in NAMES))


def test_named_descriptors_are_preferred_unless_others_are():
    named = ("theta", "phi", "elsewhere")
    assert preferred_names(FormulaSettings(), named, KNOWN) == ["theta", "phi"]
    assert preferred_names(FormulaSettings(prefer=("b2",)), named, KNOWN) == ["b2"]
    assert preferred_names(FormulaSettings(prefer=()), named, KNOWN) == []
    with pytest.raises(DataError, match=r"config.yaml: formula.prefer: 'chi': no such"):
        preferred_names(FormulaSettings(prefer=("chi",)), named, KNOWN)


def test_preferred_descriptors_are_always_offered(rng):
    values, q = rng.normal(size=(100, 4)), np.zeros(100)
    settings = FormulaSettings(inputs=1)
    given = KNOWN, KNOWN, values, q, rng, lambda line: None
    assert formula_names(settings, NAMES, ["phi"], *given) == ["b1", "phi"]
    assert formula_names(settings, NAMES, ["phi", "theta"], *given) == ["b1", "phi", "theta"]
