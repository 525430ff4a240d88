"""Provenance of a run: hashes of settings, inputs, source and rounds."""

import hashlib
import json
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import sha256
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.sources import digest_of_all
from mechanist.errors import MechanistError
from mechanist.settings.config import Config
from mechanist.settings.load import SYSTEM_FILE, find_system, load_system
from mechanist.systems.build.source_files import source_files

APART = {"system", "results", "compare"}
"""Keys left out of the hash of the settings: paths, and what only `compare` reads."""


def provenance(config: Config, layout: Layout, last: int) -> dict[str, Any]:
    """Hashes (SHA-256) for summary.json.

    Parameters
    ----------
    config
        Settings of the run; ``system`` is the folder of the system.
    layout
        Files of the run.
    last
        Number of the last round.

    Returns
    -------
    dict
        ``config``: of the settings in force, defaults included, as JSON with sorted keys;
        ``source``: of the package; ``inputs``: of system.yaml, all files that the system is built
        from, descriptors.py and a first path given by the user, by name; ``prepared``: of the
        prepared system; ``rounds``: of the manifest of each round. Missing files are left out.
    """
    settings = config.model_dump(mode="json", exclude=APART)
    prepared = (layout.system_xml, layout.topology, layout.dynamics, layout.inputs)
    manifests = {f"{n:03d}": layout.round(n).manifest for n in range(last + 1)}
    return {
        "config": hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
        "source": digest_of_all(),
        "inputs": _hashes(_inputs(config)),
        "prepared": _hashes({path.name: path for path in (*prepared, layout.formula_inputs)}),
        "rounds": _hashes(manifests),
    }


def _inputs(config: Config) -> dict[str, Path]:
    """Files given by the user, keyed by their names in the settings."""
    files = {config.initial.path: Path(config.initial.path)} if config.initial.path else {}
    try:
        folder = find_system(config.system, Path.cwd())
        system = load_system(folder)
    except MechanistError:
        # Called by hand from another folder; the run does not depend on it.
        return files
    own = [folder / SYSTEM_FILE, *source_files(system, folder)]
    return {_name(path, folder): path for path in own} | files


def _name(path: Path, folder: Path) -> str:
    """Path below the folder of the system, or the whole path."""
    inside = path.resolve().is_relative_to(folder.resolve())
    return str(path.resolve().relative_to(folder.resolve())) if inside else str(path)


def _hashes(files: dict[str, Path]) -> dict[str, str]:
    return {name: sha256(path) for name, path in files.items() if path.is_file()}
