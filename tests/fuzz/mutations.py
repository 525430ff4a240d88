"""Mutations of structures and topologies, as users and programs make them: lines and words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Change = Callable[[list[str], np.random.Generator], list[str]]


@dataclass(frozen=True)
class Mutation:
    """A change of the lines of a file.

    Parameters
    ----------
    change
        From lines to lines.
    harmless
        Whether it changes nothing physical, so that what is accepted must have the energy of the
        file before; of others it must have the energy that plain OpenMM reads.
    """

    change: Change
    harmless: bool = False


def atom_rows(lines: list[str]) -> list[int]:
    """Lines of atoms in a PDB, mmCIF, gro, crd or psf file, as far as it can be seen."""
    found = []
    for i, line in enumerate(lines):
        words = line.split()
        pdb = line.startswith(("ATOM", "HETATM"))
        numbers = sum(word.lstrip("-").replace(".", "", 1).isdigit() for word in words)
        if pdb or (len(words) >= 6 and numbers >= 4 and any(w.isalpha() for w in words)):
            found.append(i)
    return found or list(range(len(lines)))


def _two(rows: list[int], rng: np.random.Generator) -> tuple[int, int]:
    i, j = rng.choice(rows, 2, replace=False) if len(rows) > 1 else (rows[0], rows[0])
    return int(i), int(j)


def swap_atoms(lines: list[str], rng: np.random.Generator) -> list[str]:
    i, j = _two(atom_rows(lines), rng)
    lines[i], lines[j] = lines[j], lines[i]
    return lines


def swap_positions(lines: list[str], rng: np.random.Generator) -> list[str]:
    """The right part of two lines of atoms."""
    i, j = _two(atom_rows(lines), rng)
    cut = 30 if lines[i].startswith(("ATOM", "HETATM")) else 20
    end = 54 if cut == 30 else 200
    a, b = lines[i], lines[j]
    lines[i], lines[j] = (
        a[:cut] + b[cut:end] + a[end:],
        b[:cut] + a[cut:end] + b[end:],
    )
    return lines


def rename_atom(lines: list[str], rng: np.random.Generator) -> list[str]:
    return _replace_word(lines, rng, atom_rows(lines), str.isalnum, ["X1", "C99", "O", "QQ", "H"])


def change_element(lines: list[str], rng: np.random.Generator) -> list[str]:
    rows = atom_rows(lines)
    i = int(rng.choice(rows))
    symbol = str(rng.choice(["C", "N", "O", "H", "S", "F", "XX", "  "]))
    if lines[i].startswith(("ATOM", "HETATM")) and len(lines[i]) >= 78:
        lines[i] = lines[i][:76] + f"{symbol:>2}" + lines[i][78:]
        return lines
    return _replace_word(lines, rng, rows, str.isalpha, ["C", "N", "O", "H", "S"])


def change_number(lines: list[str], rng: np.random.Generator) -> list[str]:
    """Another number of the same width anywhere: a box, a mass, a charge, a position, an index."""
    return _edit_number(lines, rng, list(range(len(lines))))


def change_box(lines: list[str], rng: np.random.Generator) -> list[str]:
    """A number of a line that holds a box, or of the last line."""
    words = ("CRYST1", "_cell.", "PeriodicBoxVectors", "<A ", "<B ", "<C ", "BOX_DIMENSIONS")
    rows = [i for i, line in enumerate(lines) if any(word in line for word in words)]
    rows += [i + 2 for i, line in enumerate(lines) if "BOX_DIMENSIONS" in line]
    return _edit_number(lines, rng, rows or [len(lines) - 1])


def change_mass(lines: list[str], rng: np.random.Generator) -> list[str]:
    rows = [i for i, line in enumerate(lines) if "mass=" in line or "MASS" in line[:10]]
    rows += [i + 2 for i, line in enumerate(lines) if line.startswith("%FLAG MASS")]
    return _edit_number(lines, rng, rows or atom_rows(lines))


def _edit_number(lines: list[str], rng: np.random.Generator, rows: list[int]) -> list[str]:
    import re

    rows = [i for i in rows if i < len(lines)]
    for _ in range(20):
        i = int(rng.choice(rows))
        found = list(re.finditer(r"\d+\.?\d*", lines[i]))
        if not found:
            continue
        match = found[int(rng.integers(len(found)))]
        digits = list(match[0])
        place = int(rng.integers(len(digits)))
        if digits[place].isdigit():
            digits[place] = str(int(rng.integers(10)))
        lines[i] = lines[i][: match.start()] + "".join(digits) + lines[i][match.end() :]
        break
    return lines


def _replace_word(
    lines: list[str],
    rng: np.random.Generator,
    rows: list[int],
    fits: Callable[[str], bool],
    others: list[str],
) -> list[str]:
    i = int(rng.choice(rows))
    words = [w for w in lines[i].split() if fits(w) and not w.isdigit()]
    if words:
        old = str(rng.choice(words))
        new = f"{rng.choice(others)!s:<{len(old)}}"
        lines[i] = lines[i].replace(old, new, 1)
    return lines


def shift_column(lines: list[str], rng: np.random.Generator) -> list[str]:
    i = int(rng.choice(atom_rows(lines)))
    blanks = [k for k, letter in enumerate(lines[i]) if letter == " "] or [0]
    k = int(rng.choice(blanks))
    more = rng.random() < 0.5
    lines[i] = lines[i][:k] + (" " if more else "") + lines[i][k + (0 if more else 1) :]
    return lines


def drop_line(lines: list[str], rng: np.random.Generator) -> list[str]:
    del lines[int(rng.integers(len(lines)))]
    return lines


def drop_bonds(lines: list[str], rng: np.random.Generator) -> list[str]:
    """A CONECT record, or any line."""
    rows = [i for i, line in enumerate(lines) if line.startswith("CONECT")]
    del lines[int(rng.choice(rows)) if rows else int(rng.integers(len(lines)))]
    return lines


def double_line(lines: list[str], rng: np.random.Generator) -> list[str]:
    i = int(rng.integers(len(lines)))
    return [*lines[: i + 1], *lines[i:]]


def truncate(lines: list[str], rng: np.random.Generator) -> list[str]:
    text = "\n".join(lines)
    return text[: int(rng.integers(len(text)))].split("\n")


def move_residues(lines: list[str], rng: np.random.Generator) -> list[str]:
    """A run of lines of atoms behind another one."""
    rows = atom_rows(lines)
    a, b, c = sorted(int(x) for x in rng.choice(len(rows) + 1, 3, replace=False))
    block = [lines[i] for i in rows]
    block = [*block[:a], *block[b:c], *block[a:b], *block[c:]]
    for i, line in zip(rows, block, strict=True):
        lines[i] = line
    return lines


def blank_field(lines: list[str], rng: np.random.Generator) -> list[str]:
    i = int(rng.integers(len(lines)))
    words = lines[i].split()
    if words:
        word = str(rng.choice(words))
        lines[i] = lines[i].replace(word, " " * len(word), 1)
    return lines


MUTATIONS = {
    "atoms swapped": Mutation(swap_atoms),
    "positions swapped": Mutation(swap_positions),
    "atom renamed": Mutation(rename_atom),
    "element changed": Mutation(change_element),
    "number changed": Mutation(change_number),
    "box changed": Mutation(change_box),
    "mass changed": Mutation(change_mass),
    "column shifted": Mutation(shift_column),
    "line dropped": Mutation(drop_line),
    "bonds dropped": Mutation(drop_bonds),
    "line twice": Mutation(double_line),
    "truncated": Mutation(truncate),
    "residues moved": Mutation(move_residues),
    "field blanked": Mutation(blank_field),
    "encoding": Mutation(lambda lines, rng: lines, harmless=True),
}
ENCODINGS = ("utf-8-sig", "utf-16", "latin-1")
ENDS = ("\n", "\r\n", "\r")


def mutated(content: bytes, name: str, rng: np.random.Generator) -> bytes:
    """A file with one mutation."""
    lines = MUTATIONS[name].change(content.decode("ascii").split("\n"), rng)
    if name != "encoding":
        return "\n".join(lines).encode("utf-8")
    text = str(rng.choice(ENDS)).join(lines)
    return text.encode(str(rng.choice(ENCODINGS)))
