"""What is read from outside, each as a function of bytes that may raise `MechanistError` alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mechanist.bookkeeping.csv_files import numbers, read_csv
from mechanist.bookkeeping.files import read_json, receipt
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.network import Committor, save
from mechanist.committor.network import load as load_model
from mechanist.committor.uncertainty import ErrorScale
from mechanist.formula.result import Formula
from mechanist.formula.store import load_formula
from mechanist.report.load import read_rounds
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    read_frames,
    read_notes,
    read_paths,
    read_table,
    write_frames,
    write_table,
)
from mechanist.settings.load import load_config, load_system
from mechanist.systems.build.prepare import prepare
from mechanist.systems.forces.kernel import KernelForces
from mechanist.systems.prepared import load as load_prepared
from mechanist.systems.prepared import load_inputs
from mechanist.trajectory.md17 import read_md17
from mechanist.trajectory.store import load as load_motion
from mechanist.trajectory.store import save as save_motion
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.store import load as load_bridge
from mechanist.trajectory.superres.store import save as save_bridge
from mechanist.trajectory.trajectory import Meta, Trajectory
from tests.conftest import REPOSITORY


@dataclass(frozen=True)
class Reader:
    """A file that stands in its place, sound samples of it, and who reads it."""

    path: Path
    samples: tuple[bytes, ...]
    read: Callable[[], object]

    def __call__(self, content: bytes) -> None:
        """Read ``content`` as if it had come from a stranger: without a receipt."""
        receipt(self.path).unlink(missing_ok=True)
        self.path.write_bytes(content)
        self.read()


def settings(folder: Path) -> dict[str, Reader]:
    """config.yaml and system.yaml."""
    config, system = folder / "config.yaml", folder / "system" / "system.yaml"
    system.parent.mkdir()
    small = b"system: well\nseed: 5\ninitial: {budget: 100 ps, heating: [1, 2]}\n"
    wells = [(REPOSITORY / "systems" / name / "system.yaml") for name in ("double_well", "plateau")]
    molecule = REPOSITORY / "systems" / "alanine_dipeptide" / "system.yaml"
    return {
        "config.yaml": Reader(config, (small, SETTINGS), lambda: load_config(str(config))),
        "system.yaml": Reader(
            system,
            tuple(path.read_bytes() for path in (*wells, molecule)),
            lambda: load_system(system.parent),
        ),
    }


SETTINGS = b"""
sampling: {workers: 2, chains: auto, first_round: 320, selection: lorentzian, gamma: 1.0}
learn: {members: 3, hidden: [8, 8], learning_rate: 1.0e-3}
convergence: {heldout_gain: 0.5, min_rounds: 2}
formula: {backend: operon, allowed: [phi, psi]}
"""


def tables(folder: Path, rng: np.random.Generator) -> dict[str, Reader]:
    """Parquet and TRR."""
    shots, paths = folder / "shots.parquet", folder / "paths.parquet"
    frames = folder / "paths.trr"
    size = 12
    columns = {name: rng.integers(0, 5, size) for name in SHOT_COLUMNS}
    columns |= {"p_predicted": rng.random(size), "accepted": rng.random(size) < 0.5}
    columns |= {"watched": rng.random(size) < 0.5}
    columns |= {f"seen_{side}": rng.random(size) for side in ("backward", "forward")}
    for name in ("model", "end_backward", "end_forward"):
        columns[name] = np.array(["A", "B", "exploded"] * 4, dtype=object)
    write_table(shots, columns, SHOT_COLUMNS, {"platform": "CPU"})
    lengths = np.array([3, 4, 2])
    index = dict.fromkeys(PATH_COLUMNS, np.zeros(3, dtype=np.int64))
    index |= {"frames": lengths, "first_frame": np.cumsum(lengths) - lengths}
    write_table(paths, index, PATH_COLUMNS)
    write_frames(frames, [rng.normal(size=(9, 2, 3)).astype(np.float32)])

    def both() -> None:
        read_table(shots, SHOT_COLUMNS)
        read_notes(shots)

    return {
        "shots.parquet": Reader(shots, (shots.read_bytes(),), both),
        "paths.parquet": Reader(
            paths, (paths.read_bytes(),), lambda: read_paths(frames, paths, 2).path(0)
        ),
        "paths.trr": Reader(
            folder / "other.trr",
            (frames.read_bytes(),),
            lambda: read_frames(folder / "other.trr", 2),
        ),
    }


def models(folder: Path, rng: np.random.Generator) -> dict[str, Reader]:
    """Safetensors and the JSON beside them."""
    weights, card = folder / "model.safetensors", folder / "model.json"
    layers = ((rng.normal(size=(2, 3, 4)), np.zeros((2, 4))), (np.ones((2, 4, 1)), np.ones((2, 1))))
    model = Committor(
        ("a", "b", "c"),
        np.zeros(3),
        np.ones(3),
        layers,
        rng.normal(size=(2, 3)),
        np.linspace(0, 1, 5),
        np.ones(4),
        ErrorScale(0.1, 0.05, 5, None, None, 0.5),
    )
    save(model, weights, card)
    sound = weights.read_bytes()

    def other_card() -> None:
        receipt(weights).unlink(missing_ok=True)
        weights.write_bytes(sound)
        load_model(weights, card)

    return {
        "model.safetensors": Reader(weights, (sound,), lambda: load_model(weights, card)),
        "model.json": Reader(card, (card.read_bytes(),), other_card),
    }


def motion(folder: Path, rng: np.random.Generator) -> dict[str, Reader]:
    """Trajectories, MD17 files, and our model of super-resolution."""
    own, md17 = folder / "own.npz", folder / "md17.npz"
    weights, card = folder / "bridge.safetensors", folder / "bridge.json"
    numbers, x = np.array([1, 8, 1]), rng.normal(size=(4, 3, 3))
    parts = (x, 0.5, numbers, np.ones(3), x, x)
    save_motion(Trajectory(*parts, energy=x[:, 0, 0], meta=Meta(seed=3)), own)
    np.savez_compressed(md17, R=x, z=numbers, E=x[:, 0, :1], F=x, theory="none")
    forces = KernelForces(rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), 1.0, np.ones(3))
    save_bridge(Bridge(forces, np.ones(3), np.ones(3), 0.1), weights, card)
    sound = weights.read_bytes()

    def other_card() -> None:
        receipt(weights).unlink(missing_ok=True)
        weights.write_bytes(sound)
        load_bridge(weights, card)

    return {
        "own.npz": Reader(own, (own.read_bytes(),), lambda: load_motion(own)),
        "md17.npz": Reader(md17, (md17.read_bytes(),), lambda: read_md17(md17, 0.5)),
        "bridge.safetensors": Reader(weights, (sound,), lambda: load_bridge(weights, card)),
        "bridge.json": Reader(card, (card.read_bytes(),), other_card),
    }


def prepared(folder: Path) -> dict[str, Reader]:
    """What lies in system/, and JSON and CSV of the results."""
    layout = Layout(folder)
    source = REPOSITORY / "systems" / "double_well"
    prepare(load_system(source), source, layout)
    layout.round(0).folder.mkdir(parents=True)
    inputs = b'{"selections": [[0, 1]], "box": null, "descriptors": [{"name": "x", "kind":'
    inputs += b' "coordinate", "atoms": [0], "axis": 0}, {"name": "t", "kind": "torsion",'
    inputs += b' "atoms": [0, 1, 2, 3], "axis": 0}]}'
    assessment = b'{"round": 0, "shots": 9, "acceptance": 0.5, "heldout_loss": 0.1,'
    assessment += b' "criteria": {}, "converged": true}'
    chosen = dict.fromkeys(Formula.__dataclass_fields__, 0.5)
    chosen |= {"text": "1.5*x + sin(t)", "constants": [], "descriptors": ["t", "x"]}
    formula = json.dumps(chosen).encode()

    def csv() -> None:
        numbers(read_csv(layout.relevance, ("importance",)), "importance", layout.relevance)

    system = (layout.dynamics.read_bytes(),)
    return {
        "dynamics.json": Reader(layout.dynamics, system, lambda: load_prepared(layout)),
        "inputs.json": Reader(layout.inputs, (inputs,), lambda: load_inputs(layout)),
        "assessment.json": Reader(
            layout.round(0).assessment, (assessment,), lambda: read_rounds(layout)
        ),
        "formula.json": Reader(layout.formula, (formula,), lambda: load_formula(layout.formula)),
        "any.json": Reader(folder / "any.json", (inputs,), lambda: read_json(folder / "any.json")),
        "relevance.csv": Reader(layout.relevance, (b"descriptor,importance\nx,0.5\n",), csv),
    }


def system_xml(folder: Path) -> dict[str, Reader]:
    """The System; apart, because OpenMM's parser is the slowest of all."""
    layout = Layout(folder)
    source = REPOSITORY / "systems" / "double_well"
    prepare(load_system(source), source, layout)
    system = (layout.system_xml.read_bytes(),)
    return {"system.xml": Reader(layout.system_xml, system, lambda: load_prepared(layout))}


PLACES = ("settings", "tables", "models", "prepared", "xml", "motion")


def readers(folder: Path) -> dict[str, Reader]:
    """All of them, in folders of their own."""
    rng = np.random.default_rng(8)
    places = [folder / name for name in PLACES]
    for place in places:
        place.mkdir(parents=True)
    return (
        settings(places[0])
        | tables(places[1], rng)
        | models(places[2], rng)
        | prepared(places[3])
        | system_xml(places[4])
        | motion(places[5], rng)
    )
