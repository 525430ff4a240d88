"""Which descriptors a job stores beside its frames."""

from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.records.value_columns import together, wanted
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import Prepared, load_formula_inputs, load_inputs


def described_by(layout: Layout, prepared: Prepared) -> DescriptorSet | None:
    """Descriptors of states, networks and formulas; None if the values are not worth storing.

    A shooting job of the first round does not depend on the inputs: what is not there yet, or is
    changed later, is computed from frames by those who need it.
    """
    sets = [prepared.states.descriptors]
    if layout.inputs.is_file():
        sets.append(load_inputs(layout))
        if layout.formula_inputs.is_file():
            sets.append(load_formula_inputs(layout))
    every = together(sets)
    return every if wanted(every, prepared.atoms) else None
