"""Files of Amber, GROMACS and CHARMM, written by ParmEd from OpenMM Systems."""

from pathlib import Path
from typing import Any

import numpy as np
import openmm
from openmm import unit

STIFF = 600.0
"""kcal/mol/A^2, of bonds that are fixed in any case."""


def _molecules(structure: Any) -> list[set[int]]:
    """Atoms of each molecule; ParmEd's own search loses sites without mass."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(range(len(structure.atoms)))
    graph.add_edges_from((bond.atom1.idx, bond.atom2.idx) for bond in structure.bonds)
    found = sorted(networkx.connected_components(graph), key=min)
    for number, atoms in enumerate(found, 1):
        for atom in atoms:
            structure.atoms[atom].marked = number
    return found


def structure_of(topology: Any, system: Any, positions: Any, rigid: bool = False) -> Any:
    """A ParmEd Structure of a flexible OpenMM System, with its sites bonded to their atoms.

    ``rigid`` adds bonds between the hydrogens of a water, as tleap does.
    """
    import parmed

    parmed.utils.tag_molecules = _molecules
    made = parmed.openmm.load_topology(topology, system, xyz=positions * unit.nanometer)
    sites, sides = [], []
    for atom in made.atoms:
        if atom.atomic_number == 0:
            sites.append((made.atoms[system.getVirtualSite(atom.idx).getParticle(0)], atom))
            atom.name = "EPW" if sites[-1][0].atomic_number == 8 else "LP1"
    for residue in made.residues:
        if residue.name == "HOH" and rigid:
            sides.append([atom for atom in residue.atoms if atom.atomic_number == 1])
    for pairs in (sites, sides):
        if not pairs:
            continue
        rows = [positions[a.idx] - positions[b.idx] for a, b in pairs]
        length = round(10 * float(np.mean(np.linalg.norm(rows, axis=1))), 4)
        made.bond_types.append(parmed.BondType(STIFF, length, made.bond_types))
        for one, other in pairs:
            made.bonds.append(parmed.Bond(one, other, made.bond_types[-1]))
    return made


def _own_types(made: Any) -> None:
    """A type for each atom of a solute, so that no two parameters, or maps, clash."""
    import parmed

    kinds: dict[tuple[str, ...], Any] = {}
    for atom in made.atoms:
        water = atom.residue.name == "HOH" or len(atom.residue.atoms) == 1
        place = "" if water else str(atom.residue.idx)
        key = (atom.residue.name, place, atom.name[:1] if water else atom.name)
        if key not in kinds:
            name = f"{'LP' if atom.atomic_number == 0 else 'T'}{len(kinds)}"
            kind = parmed.AtomType(name, len(kinds) + 1, atom.mass, atom.atomic_number)
            kind.set_lj_params(atom.epsilon, atom.rmin, atom.epsilon_14, atom.rmin_14)
            kinds[key] = kind
        atom.type, atom.atom_type = kinds[key].name, kinds[key]


def write_amber(made: Any, folder: Path) -> None:
    """x.prmtop and x.rst7."""
    import parmed

    parm = parmed.amber.AmberParm.from_structure(made)
    # Without radii generalised Born energies are infinite.
    parmed.tools.changeRadii(parm, "mbondi3").execute()
    parm.write_parm(str(folder / "x.prmtop"))
    made.save(str(folder / "x.rst7"), overwrite=True)


def write_gromacs(made: Any, folder: Path) -> None:
    """x.top and x.gro; positions with five decimals, since three change the energy."""
    _own_types(made)
    made.save(str(folder / "x.top"), overwrite=True)
    lines = ["made for a test", f"{len(made.atoms):5d}"]
    for atom, row in zip(made.atoms, made.coordinates / 10, strict=True):
        head = f"{(atom.residue.idx + 1) % 100000:5d}{atom.residue.name:<5}{atom.name:>5}"
        lines.append(f"{head}{(atom.idx + 1) % 100000:5d}" + "".join(f"{x:10.5f}" for x in row))
    vectors = np.eye(3) if made.box is None else np.array(made.box_vectors._value) / 10
    order = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    edges = [0.0] * 9 if made.box is None else [vectors[i] for i in order]
    lines.append("".join(f"{x:12.7f}" for x in edges))
    (folder / "x.gro").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_charmm(made: Any, system: Any, folder: Path) -> None:
    """x.psf, x.crd and x.prm."""
    import parmed
    from parmed.topologyobjects import LocalCoordinatesFrame

    _own_types(made)
    for atom in made.atoms:
        if atom.atomic_number == 0:
            atom.name = atom.name.replace("EPW", "OM")
            _frame(atom, system, made, LocalCoordinatesFrame)
    parameters = parmed.charmm.CharmmParameterSet.from_structure(made)
    parameters.write(par=str(folder / "x.prm"), top=str(folder / "x.rtf"))
    made.save(str(folder / "x.psf"), overwrite=True)
    made.save(str(folder / "x.crd"), overwrite=True)


def _frame(atom: Any, system: Any, made: Any, frame: Any) -> None:
    """The lone pair of CHARMM that an OpenMM site is."""
    site = system.getVirtualSite(atom.idx)
    hosts = [made.atoms[site.getParticle(k)] for k in range(site.getNumParticles())]
    far = atom.parent.bonds
    length = next(bond.type.req for bond in far if atom in bond)
    if isinstance(site, openmm.TwoParticleAverageSite):
        # A third atom is asked for, but not written.
        rows = (*hosts, hosts[0], [1, 0, 0], [1, -1, 0], [0, -1, 1], length, 0, 0, 2)
    else:
        rows = (*hosts, [1, 0, 0], [-1, 0.5, 0.5], [0, -1, 1], -length, 0, 0, 3)
    atom._frame_type = frame(*rows)
