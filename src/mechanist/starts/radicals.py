"""Whether a reaction leaves radicals that a closed shell does not describe."""

from collections.abc import Collection
from typing import Any

from mechanist.settings.forces import ElectronsSettings, LawSettings
from mechanist.systems.descriptors.bonds import connected

Pair = tuple[int, int]


def radicals(
    law: LawSettings | None, breaks: Collection[Pair], forms: Collection[Pair], topology: Any
) -> str | None:
    """A warning if a reaction splits a molecule into parts with odd numbers of electrons.

    A force law with multiplicity 1 pairs all electrons, so it puts both electrons of the bond on
    one part, or half of each on both, at an energy far from that of two radicals.

    Parameters
    ----------
    law
        The force law; None, or one without a multiplicity: nothing is said.
    breaks, forms
        Pairs of atoms.
    topology
        mdtraj Topology with the bonds of the reactant.
    """
    if not isinstance(law, ElectronsSettings) or law.multiplicity != 1:
        return None
    before = {frozenset((bond[0].index, bond[1].index)) for bond in topology.bonds}
    after = (before - {frozenset(pair) for pair in breaks}) | {frozenset(pair) for pair in forms}
    parts = _odd(after, topology)
    if len(parts) < 2 or len(parts) <= len(_odd(before, topology)):
        return None
    names = " and ".join(sorted(_formula(part, topology) for part in parts))
    return (
        f"the product has {names}, each with an odd number of electrons if uncharged: multiplicity"
        " 1 is right for ions and wrong for radicals, whose energy it misses by far"
    )


def _odd(bonds: Collection[frozenset[int]], topology: Any) -> list[set[int]]:
    """Connected atoms whose nuclei have an odd total charge."""
    atoms = list(topology.atoms)
    neighbours: dict[int, list[int]] = {atom.index: [] for atom in atoms}
    for i, j in map(sorted, bonds):
        neighbours[i].append(j)
        neighbours[j].append(i)
    left, found = set(neighbours), []
    while left:
        part = connected(neighbours, min(left))
        left -= part
        if sum(atoms[i].element.number for i in part) % 2:
            found.append(part)
    return found


def _formula(part: Collection[int], topology: Any) -> str:
    """Sum formula, carbon and hydrogen first."""
    symbols = [topology.atom(i).element.symbol for i in part]
    kinds = sorted(set(symbols), key=lambda symbol: ({"C": 0, "H": 1}.get(symbol, 2), symbol))
    counts = {symbol: symbols.count(symbol) for symbol in kinds}
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in counts.items())
