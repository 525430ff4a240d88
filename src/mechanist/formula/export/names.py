"""What the exports share: the descriptors of a formula, and formulas in other names."""

import re
from collections.abc import Mapping

from mechanist.errors import DataError
from mechanist.formula.expression import inputs, parse
from mechanist.formula.typeset import text
from mechanist.settings.names import FUNCTIONS
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.programs import Program

WORD = re.compile(r"\b[A-Za-z_]\w*\b(\()?")


def definitions(formula: str, descriptors: DescriptorSet) -> tuple[Descriptor, ...]:
    """Descriptors that a formula uses, in the order in which its text names them.

    Raises
    ------
    DataError
        If the text is not a formula or uses a name that is no descriptor.
    """
    by_name = {d.name: d for d in descriptors.descriptors}
    names = _in_order(formula)
    missing = [name for name in names if name not in by_name]
    if missing:
        raise DataError("formula", f"{missing[0]!r} is no descriptor of the system")
    return tuple(by_name[name] for name in names)


def plain(formula: str) -> str:
    """The text in the form that `mechanist.formula.typeset.text` writes.

    Its exponents are positive numbers, so precedence in other languages does not matter.
    """
    return text(parse(formula), _in_order(formula))


def _in_order(formula: str) -> tuple[str, ...]:
    used = set(inputs(parse(formula)))
    words = (word[0] for word in WORD.finditer(formula))
    return tuple(dict.fromkeys(word for word in words if word in used))


def used_by(program: Program, formula: str, descriptors: DescriptorSet) -> tuple[Descriptor, ...]:
    """Descriptors that a formula uses, as `definitions`.

    Raises
    ------
    DataError
        As `definitions`, and if one of them cannot be written for the program.
    """
    used = definitions(formula, descriptors)
    fault = program.fault(used)
    if fault:
        raise DataError("formula", fault)
    return used


def renamed(formula: str, names: Mapping[str, str], prefix: str = "") -> str:
    """Formula text with other ``names`` of descriptors and ``prefix`` before functions."""

    def change(word: re.Match[str]) -> str:
        if word[1]:
            assert word[0][:-1] in FUNCTIONS
            return prefix + word[0]
        return names.get(word[0], word[0])

    return WORD.sub(change, formula)
