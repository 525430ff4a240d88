"""Labels of atoms, from which the names of descriptors in groups are made.

A label is as short as it can be while no two descriptors have one name: atom and residue number
(``CA2``), then with primes and insertion code (``C4p1``), with the chain (``A_CA2``), with the name
of the residue (``A_ALA2_CA``), and at last with the index of the atom. Labels are ASCII; a negative
residue number has an m in place of the minus, since formulas would subtract.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mechanist.systems.descriptors.waters import mark_waters

PRIMES = {"'": "p", '"': "pp", "*": "p", "′": "p", "″": "pp"}
"""Primes of atom names as letters; the asterisk is the prime of old PDB files."""

LEVELS = range(5)


def topology_of(openmm_topology: Any) -> Any:
    """An mdtraj Topology with insertion codes, and with waters by composition."""
    import mdtraj

    result = mdtraj.Topology.from_openmm(openmm_topology)
    for own, given in zip(result.residues, openmm_topology.residues(), strict=True):
        own.insertion_code = given.insertionCode.strip()
    mark_waters(result)
    return result


def label(topology: Any, atom: int, level: int = 0) -> str:
    """Name of an atom for names of descriptors, longer the higher the level."""
    entry = topology.atom(atom)
    residue = entry.residue
    number = str(residue.resSeq).replace("-", "m")
    if level == 0:
        return _plain(entry.name) + number
    name = _plain("".join(PRIMES.get(c, c) for c in entry.name))
    number += _plain(getattr(residue, "insertion_code", ""))
    chain = f"{_chain(topology, residue.chain)}_" if level > 1 and topology.n_chains > 1 else ""
    if level <= 2:
        return f"{chain}{name}{number}"
    index = f"_i{atom}" if level > 3 else ""
    return f"{chain}{_plain(residue.name)}{number}_{name}{index}"


def unique_names(
    topology: Any,
    members: Iterable[tuple[str, Sequence[int]] | tuple[str, Sequence[int], str]],
    taken: Collection[str] = (),
) -> list[str]:
    """Names of descriptors, all different.

    Parameters
    ----------
    topology
        An mdtraj Topology, of `topology_of`.
    members
        Prefix, such as ``bond``, the atoms in the name of each, and what it ends with, if anything;
        no two are the same.
    taken
        Names of other descriptors.
    """
    members = list(members)
    for level in LEVELS:
        names = [
            "_".join([prefix, *(label(topology, atom, level) for atom in atoms)]) + "".join(end)
            for prefix, atoms, *end in members
        ]
        if len({*names, *taken}) == len(names) + len(set(taken)):
            break
    return names


def _plain(text: str) -> str:
    """ASCII letters and digits of a text."""
    return re.sub("[^A-Za-z0-9]", "", text)


def _chain(topology: Any, chain: Any) -> str:
    """Identifier of a chain; its number where that is missing or not unique."""
    ids = Counter(_plain(str(c.chain_id or "")) for c in topology.chains)
    own = _plain(str(chain.chain_id or ""))
    return own if own and ids[own] == 1 else f"chain{chain.index + 1}"
