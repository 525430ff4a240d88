"""The description of a force law: what results hold of it, and from which a job makes it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from mechanist.bookkeeping.files import sha256
from mechanist.errors import DataError
from mechanist.settings.forces import (
    AseSettings,
    LawSettings,
    OpenmmMlSettings,
    TorchSettings,
    XtbSettings,
    law_file,
)
from mechanist.settings.load import SYSTEM_FILE, key_error
from mechanist.systems.forces.law import ForceLaw
from mechanist.systems.user_code import check_file

KEY = "molecule.forces"

PER_ATOM = ("numbers", "atoms")
"""Fields with an entry for each atom."""

PACKAGES = {
    **{"ani": "torchani", "mace": "mace-torch", "aimnet": "aimnet", "aceff": "torchmd-net"},
    **{"torchmdnet": "torchmd-net", "nequip": "nequip", "orb": "orb-models"},
    **{"deepmd": "deepmd-kit", "fennix": "fennol"},
}
"""Packages of potentials of openmmml, by the beginnings of their names."""

ADAPTER: TypeAdapter[LawSettings] = TypeAdapter(LawSettings)


@dataclass(frozen=True)
class LawSpec:
    """What a force law is.

    Parameters
    ----------
    settings
        Section ``forces`` as plain data.
    numbers
        (N,) atomic numbers, of the part if it treats one.
    file, sha256
        Path of its file and the hash of that; empty without one.
    versions
        Of the packages that compute it.
    atoms
        (N,) indices of the part of the system that it treats; empty: all.
    """

    settings: dict[str, Any]
    numbers: tuple[int, ...]
    file: str = ""
    sha256: str = ""
    versions: dict[str, str] | None = None
    atoms: tuple[int, ...] = ()

    @property
    def law(self) -> LawSettings:
        """Its settings."""
        return ADAPTER.validate_python(self.settings)

    @property
    def name(self) -> str:
        """Kind and name, for messages."""
        return law_name(self.settings)

    @property
    def identity(self) -> str:
        """Hash of all that changes its results; a file counts by its content."""
        content = self._content() | {"file": Path(self.file).name}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        lists = {key: list(value) for key, value in self._content().items() if key in PER_ATOM}
        return self._content() | lists | {"identity": self.identity}

    def _content(self) -> dict[str, Any]:
        """All fields; without indices where all atoms are meant."""
        return {key: value for key, value in asdict(self).items() if key != "atoms" or value}

    @staticmethod
    def from_json(content: dict[str, Any], path: Path) -> "LawSpec":
        """Inverse of `to_json`, for a file at ``path``.

        Raises
        ------
        DataError
            If the file or the packages have changed since the system was prepared.
        """
        rest = {k: v for k, v in content.items() if k not in ("identity", *PER_ATOM)}
        numbers, atoms = (tuple(content.get(key, ())) for key in PER_ATOM)
        spec = LawSpec(numbers=numbers, atoms=atoms, **rest)
        if spec.file:
            check_file(Path(spec.file), spec.sha256)
        now = versions_of(spec.law)
        if spec.versions != now or spec.identity != content["identity"]:
            raise DataError(
                path,
                f"forces by {spec.name} with {_shown(spec.versions)}, but {_shown(now)} is"
                " installed now; run 'mechanist prepare' and what follows",
            )
        return spec

    def make(self) -> ForceLaw:
        """The force law itself.

        Raises
        ------
        SystemBuildError
            If a package, a file or the name is missing, or it refuses the molecule.
        """
        from mechanist.systems.forces.laws import make_law

        return make_law(self.law, np.array(self.numbers), self.file, self.sha256)


def law_name(settings: dict[str, Any]) -> str:
    """Kind and name of a force law, from its settings as plain data; the kind is the first key."""
    kind = next(iter(settings))
    return str(settings[kind]) if kind == "xtb" else f"{kind}: {settings[kind]}"


def law_spec(
    settings: LawSettings, numbers: tuple[int, ...], folder: Path, atoms: tuple[int, ...] = ()
) -> LawSpec:
    """The description of a force law of system.yaml in ``folder``; see `LawSpec`.

    Raises
    ------
    SystemBuildError
        If its file is missing.
    """
    name, file, digest = law_file(settings), "", ""
    if name is not None:
        path = folder / name
        if not path.is_file():
            raise key_error(folder / SYSTEM_FILE, KEY, f"{name!r}: there is no such file")
        file, digest = str(path.resolve()), sha256(path)
    plain = settings.model_dump(mode="json", exclude=None if atoms else {"atoms"})
    kind = type(settings).__name__.removesuffix("Settings").lower()
    kind = {"openmmml": "openmm_ml"}.get(kind, kind)
    plain = {kind: plain.pop(kind)} | plain
    return LawSpec(plain, numbers, file, digest, versions_of(settings), atoms)


def versions_of(settings: LawSettings) -> dict[str, str]:
    """Versions of the packages that compute a force law; empty text for one that is missing."""
    names: tuple[str, ...] = ()
    if isinstance(settings, XtbSettings):
        names = ("tblite",)
    elif isinstance(settings, AseSettings):
        names = tuple(dict.fromkeys(("ase", settings.ase.partition(":")[0].split(".")[0])))
    elif isinstance(settings, OpenmmMlSettings):
        own = (p for begin, p in PACKAGES.items() if settings.openmm_ml.startswith(begin))
        names = ("openmmml", "torch", *own)
    elif isinstance(settings, TorchSettings):
        names = ("torch",)
    return {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        # A module may have another name than the package that holds it.
        found = packages_distributions().get(name, [])
        return version(found[0]) if found else ""


def _shown(versions: dict[str, str] | None) -> str:
    return ", ".join(f"{k} {v or '(missing)'}" for k, v in (versions or {}).items()) or "no package"
