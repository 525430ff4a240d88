"""The committor network as PLUMED input: the perceptron written out, without libtorch.

The input of each hidden unit is one COMBINE, its output x/(1 + exp(-x)) one CUSTOM, and q is the
sum of the last of them and of the linear term (PLUMED manual, COMBINE and CUSTOM).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.plumed_actions import (
    PLUMED,
    actions,
    argument,
    embedded_of,
    owners,
    parts_of,
)
from mechanist.systems.descriptors.plumed_file import labels_of
from mechanist.systems.descriptors.programs import free_names

HEAD = """\
# Reaction coordinate q(x) = ln(p_B / (1 - p_B)): the mean of {members} networks, by Mechanist.
# Atoms are counted from 1, in the order of system/topology.pdb of the run. Units are those of
# PLUMED without a UNITS line: nm, rad; q has none. q < 0 is closer to A, q > 0 to B.
"""

Terms = list[tuple[str, float]]
"""Labels and their coefficients in a sum."""


def plumed_network(model: Committor, descriptors: DescriptorSet) -> str:
    """PLUMED input that defines q of a network.

    Parameters
    ----------
    model
        The network.
    descriptors
        Its inputs; those that no weight uses are left out.

    Raises
    ------
    DataError
        If PLUMED cannot compute one of them.
    """
    used = np.flatnonzero(model.skip.any(axis=0) | model.layers[0][0].any(axis=(0, 2)))
    owners = set(descriptors.owners[used].tolist())
    chosen = [d for i, d in enumerate(descriptors.descriptors) if i in owners]
    fault = PLUMED.fault(chosen)
    if fault:
        raise DataError("network", fault)
    variables = {text: labels_of(text) for text in embedded_of(chosen)}
    taken = {label for labels in variables.values() for label in labels}
    names = free_names([d.name for d in chosen], taken)
    result = free_names(["q"], taken | set(names.values()))["q"]
    own = "n"
    while any(name.startswith(own) for name in (result, *taken, *names.values())):
        own += "n"
    text, labels = _features(chosen, names, own, "" if descriptors.box else " NOPBC")
    lines = [*variables, *text]
    inputs = [labels[descriptors.feature_names[i]] for i in used]
    scale = model.scale[used]
    skip = model.skip[:, used].mean(axis=0) / scale
    terms: Terms = list(zip(inputs, skip.tolist(), strict=True))
    constant = -float(skip @ model.mean[used])
    members = len(model.skip)
    for member in range(members):
        layers = [(weights[member], biases[member]) for weights, biases in model.layers]
        weights, biases = layers[0][0][used] / scale[:, None], layers[0][1]
        layers[0] = weights, biases - model.mean[used] @ weights
        text, sums, bias = _member(layers, inputs, f"{own}{member}")
        lines += text
        terms += [(label, weight / members) for label, weight in sums]
        constant += bias / members
    lines.append(_combine(f"{own}q", terms))
    lines.append(f"{result}: CUSTOM ARG={own}q FUNC=x+({constant!r}) PERIODIC=NO")
    lines.append(f"# PRINT ARG={result} FILE=q.dat STRIDE=100")
    return HEAD.format(members=members) + "\n".join(lines) + "\n"


def _features(
    chosen: Sequence[Descriptor], names: Mapping[str, str], own: str, nopbc: str
) -> tuple[list[str], dict[str, str]]:
    """Lines of the inputs, and what stands for each feature.

    ``names`` are the labels of the descriptors; ``own`` begins further ones.
    """
    lines: dict[str, None] = {}
    labels: dict[str, str] = {}
    firsts = owners(chosen)
    marks = {d.name: number for number, d in enumerate(chosen)}
    for number, d in enumerate(chosen):
        parts = [f"{own}{ending}_{marks[firsts[d.name]]}" for ending in parts_of(d)]
        # Some descriptors share lines.
        lines |= dict.fromkeys(actions(d, names[d.name], parts, nopbc))
        value = argument(d, names[d.name], parts)
        if d.periodic:
            for function in ("sin", "cos"):
                label = f"{own}{function}_{number}"
                lines[f"{label}: CUSTOM ARG={value} FUNC={function}(x) PERIODIC=NO"] = None
                labels[f"{function}({d.name})"] = label
        else:
            labels[d.name] = value
    return list(lines), labels


def _member(
    layers: Sequence[tuple[Array, Array]], inputs: list[str], own: str
) -> tuple[list[str], Terms, float]:
    """Lines of the hidden units of one network, and the sum that it ends in."""
    lines = []
    for number, (weights, biases) in enumerate(layers[:-1]):
        outputs = [f"{own}l{number}u{unit}" for unit in range(weights.shape[1])]
        for unit, label in enumerate(outputs):
            terms = [(i, w) for i, w in zip(inputs, weights[:, unit].tolist(), strict=True) if w]
            x = f"(x+({float(biases[unit])!r}))"
            if terms:
                lines.append(_combine(f"{label}i", terms))
                # The form with tanh does not overflow, nor does its slope.
                function = f"0.5*{x}*(1+tanh(0.5*{x}))"
                lines.append(f"{label}: CUSTOM ARG={label}i FUNC={function} PERIODIC=NO")
            else:
                b = float(biases[unit])
                lines.append(f"{label}: CONSTANT VALUE={0.5 * b * (1 + np.tanh(0.5 * b))!r}")
        inputs = outputs
    weights, biases = layers[-1]
    return lines, list(zip(inputs, weights[:, 0].tolist(), strict=True)), float(biases[0])


def _combine(label: str, terms: Terms) -> str:
    arguments = ",".join(name for name, _ in terms)
    coefficients = ",".join(repr(weight) for _, weight in terms)
    return f"{label}: COMBINE ARG={arguments} COEFFICIENTS={coefficients} PERIODIC=NO"
