"""Copies of the files of a new system, with all files that they include, under names of their own.

A topology may include files beside and above its folder: these are copied with their places
relative to each other. What is found in folders of search (molecule.include, GMXLIB) goes into
``include``. A force-field folder (.ff) is copied whole, since conditions decide what of it is read.
"""

import filecmp
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from mechanist.errors import SettingsError
from mechanist.systems.build.text import decode
from mechanist.systems.forces.charmm import named_in
from mechanist.systems.forces.gromacs import folders, included

INCLUDE = "include"
"""Folder for files from folders of search."""

FORCE_FIELD = ".ff"
"""End of the names of GROMACS's force-field folders."""

MODEL_FILES = ("forces.safetensors", "forces.json", "conformations.safetensors", "card.json")
"""Of a folder of learned models, those that its forces are read from."""

XML_INCLUDE = re.compile(r"""<\s*Include\b[^>]*\bfile\s*=\s*["']([^"']*)["']""")


def check_source(file: Path, option: str) -> None:
    """Refuse a file of the command line that does not exist."""
    if not file.is_file():
        raise SettingsError(file, f"{option}: there is no such file")


def take(file: Path, folder: Path, option: str) -> str:
    """Copy a file into the folder of a system; its name there, which no other file has."""
    check_source(file, option)
    target, number = folder / file.name, 1
    if target.exists() and file.samefile(target):
        return target.name
    while target.exists() and not filecmp.cmp(file, target, shallow=False):
        number += 1
        target = folder / f"{file.stem}_{number}{file.suffix}"
    shutil.copyfile(file, target)
    return target.name


def take_models(models: Path, folder: Path) -> str:
    """Copy learned forces into a folder of their own; its name there."""
    target = folder / (models.resolve().name or "learned")
    target.mkdir(exist_ok=True)
    for name in MODEL_FILES:
        check_source(models / name, "--forces")
        shutil.copyfile(models / name, target / name)
    return target.name


def take_force_field(file: Path, folder: Path) -> str:
    """Copy a force field with the files that it includes or, as an index, names; its name there."""
    name = take(file, folder, "--force-field")
    queue = [file]
    while queue:
        here = queue.pop()
        inner = named_in(here)
        if here.suffix.lower() == ".xml":
            inner = [here.parent / part for part in XML_INCLUDE.findall(decode(here))]
        for place in inner:
            if place.is_file() and _put(place, file.parent, folder):
                queue.append(place)
    return name


def take_topology(file: Path, include: Path | None, folder: Path) -> tuple[str, str | None]:
    """Copy a topology with the files that it includes.

    Returns
    -------
    str
        Its name, relative to ``folder``.
    str or None
        Folder of what came from folders of search, None if nothing did.
    """
    check_source(file, "--topology")
    if file.suffix.lower() != ".top":
        return take(file, folder, "--topology"), None
    home = Path(os.path.abspath(file))
    roots = [Path(os.path.abspath(root)) for root in folders(home, include)[1:]]
    beside, searched = [], []
    for place in map(os.path.abspath, included(home, include)):
        path = Path(place)
        root = next((root for root in roots if path.is_relative_to(root)), None)
        if path.is_relative_to(home.parent) or root is None:
            beside.append(path)
        else:
            searched.append((path, root))
    top = Path(os.path.commonpath([home.parent, *(path.parent for path in beside)]))
    for path in (home, *beside):
        _put(path, top, folder)
    for path, root in searched:
        _put(path, root, folder / INCLUDE)
    _take_force_fields([(path, top, folder) for path in beside])
    _take_force_fields([(path, root, folder / INCLUDE) for path, root in searched])
    return str(home.relative_to(top)), INCLUDE if searched else None


def _take_force_fields(files: Sequence[tuple[Path, Path, Path]]) -> None:
    """Copy the whole of each force-field folder that one of the files lies in."""
    folders_ = {(path.parent, root, target) for path, root, target in files}
    for place, root, target in sorted(folders_):
        if place.suffix == FORCE_FIELD:
            for path in sorted(place.iterdir()):
                if path.is_file():
                    _put(path, root, target)


def _put(path: Path, root: Path, folder: Path) -> bool:
    """Copy a file to its place relative to ``root``; False if it is there or lies outside."""
    place = Path(os.path.normpath(path))
    root = Path(os.path.normpath(root))
    if not place.is_relative_to(root):
        return False
    target = folder / place.relative_to(root)
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    return True
