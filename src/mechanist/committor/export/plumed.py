"""The committor network as PLUMED input: the perceptron written out, without libtorch.

The input of each hidden unit is one COMBINE, its output x/(1 + exp(-x)) one CUSTOM, and q is the
sum of the last of them and of the linear term (PLUMED manual, COMBINE and CUSTOM).
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.network import Committor
from mechanist.errors import DataError
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.plumed_actions import PARTS, PLUMED, actions, argument

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
    result, own = _unused("q", [d.name for d in chosen]), "n"
    while any(name.startswith(own) for name in (result, *(d.name for d in chosen))):
        own += "n"
    lines, labels = _features(chosen, own, "" if descriptors.box else " NOPBC")
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


def _unused(label: str, names: Sequence[str]) -> str:
    while label in names:
        label += "_"
    return label


def _features(
    chosen: Sequence[Descriptor], own: str, nopbc: str
) -> tuple[list[str], dict[str, str]]:
    """Lines of the inputs, and what stands for each feature; ``own`` begins further labels."""
    lines: list[str] = []
    labels: dict[str, str] = {}
    for number, d in enumerate(chosen):
        # Coordinates of one atom share a line.
        mark = f"atom{d.atoms[0]}" if d.kind == "coordinate" else str(number)
        parts = [f"{own}{letter}{mark}" for letter in PARTS.get(d.kind, "")]
        lines += [line for line in actions(d, d.name, parts, nopbc) if line not in lines]
        value = argument(d, d.name, parts)
        if d.periodic:
            for function in ("sin", "cos"):
                label = f"{own}{function}{number}"
                lines.append(f"{label}: CUSTOM ARG={value} FUNC={function}(x) PERIODIC=NO")
                labels[f"{function}({d.name})"] = label
        else:
            labels[d.name] = value
    return lines, labels


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
