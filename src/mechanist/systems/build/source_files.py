"""Files that a system is built from; an edit re-runs what depends on them."""

from pathlib import Path

from mechanist.settings.collective import structure_of
from mechanist.settings.descriptors import CustomSettings, PlumedSettings
from mechanist.settings.system import SystemSettings
from mechanist.systems.build.molecule import molecule_files
from mechanist.systems.descriptors import plumed_file
from mechanist.systems.descriptors.custom import FILE


def source_files(settings: SystemSettings, folder: Path) -> list[Path]:
    """Files of a system except system.yaml, whose values are parameters of the rules."""
    files = [] if settings.molecule is None else molecule_files(settings.molecule, folder)
    for kind, name in ((CustomSettings, FILE), (PlumedSettings, plumed_file.FILE)):
        used = any(isinstance(d, kind) for d in settings.descriptors.values())
        if used and (folder / name).is_file():
            files.append(folder / name)
    names = [structure_of(d) for d in settings.descriptors.values()]
    files += [folder / name for name in dict.fromkeys(names) if name and (folder / name).is_file()]
    return files
