"""What a user may do where a force field has no parameters for a residue."""

import re
from collections.abc import Collection
from typing import Any

from mechanist.systems.descriptors.waters import is_water

RESIDUE = re.compile(r"residue (\d+) \([^)]*\)")
FURTHER = " For more information, see "
"""What OpenMM adds to its messages, with an address."""

HYDROGENS = re.compile(r"You may be able to add (it|them) with Modeller\.addHydrogens\(\)\.")


def without_template(fault: str, topology: Any, force_field: Collection[str]) -> str:
    """OpenMM's message with the place of the residue in the file, and what to do next.

    Parameters
    ----------
    fault
        The message.
    topology
        OpenMM Topology of the structure.
    force_field
        Names of force-field files.
    """
    said = fault.partition(FURTHER)[0]
    added = HYDROGENS.sub(r"mechanist new --add-hydrogens adds \1.", said)
    match = RESIDUE.search(said)
    if match is None:
        return f"{said} (truncated file, or a residue unknown to the force field)"
    residue = list(topology.residues())[int(match[1])]
    chain = f" of chain {residue.chain.id}" if residue.chain.id.strip() else ""
    place = f", number {residue.id}{residue.insertionCode.strip()}{chain}"
    placed = added[: match.end()] + place + added[match.end() :]
    if added != said:
        return placed
    if is_water(residue) or residue.name == "HOH":
        used = ", ".join(force_field)
        return f"{placed} (is there a water model in {used}? amber14/tip3p.xml is one)"
    return f"{placed} (truncated file, missing hydrogens, or a residue unknown to the force field)"
