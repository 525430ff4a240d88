"""The committor network of a run without Mechanist: q, p_B, their gradient, and an OpenMM force.

Mechanist writes this module, with the one that it imports, into committor/network.py of a run. It
needs numpy, and OpenMM for `openmm_force`; it reads model.safetensors, model.json and inputs.json
beside it. q = ln(p_B / (1 - p_B)) is the mean over the networks, q < 0 is closer to A and q > 0 to
B. Positions are those of all atoms in the order of system/topology.pdb, in nm.

    from network import openmm_force, p_B, q
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.committor.export.measures import GEOMETRY, OF_GROUPS, Array, Box, Value, fermi


class Network:
    """The model of a folder with model.safetensors, model.json and inputs.json.

    Raises
    ------
    ValueError
        If an input is a function of the user, which these files do not hold, or the files do not
        belong together.
    """

    def __init__(self, folder: Path) -> None:
        card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        content = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))
        self.rows = content["descriptors"]
        for row in self.rows:
            if row["kind"] not in (*GEOMETRY, *OF_GROUPS, "coordinate", "volume"):
                raise ValueError(f"{folder}: {row['name']} has no definition by positions")
        forms = {"torsion": ("sin({})", "cos({})")}
        names = [f.format(r["name"]) for r in self.rows for f in forms.get(r["kind"], ("{}",))]
        if names != card["features"]:
            raise ValueError(f"{folder}: inputs.json and model.json do not belong together")
        self.box = Box(content["box"])
        # Under a barostat each frame has a box of its own.
        self.fixed = "box_row" not in content
        chosen = [np.array(group, np.int64) for group in content["selections"]]
        self.groups = [
            [np.array(row["atoms"], np.int64), *(chosen[k] for k in row.get("others", []))]
            for row in self.rows
        ]
        self.atoms = np.unique(np.concatenate([g for groups in self.groups for g in groups]))
        tensors = _safetensors(folder / "model.safetensors")
        self.mean, self.scale, self.skip = (tensors[k] for k in ("mean", "scale", "skip"))
        numbers = range(len(card["widths"]))
        self.layers = [(tensors[f"weights_{k}"], tensors[f"biases_{k}"]) for k in numbers]

    def of_features(self, features: Array) -> tuple[float, Array]:
        """The number q of features (P,), and its gradient (P,)."""
        x = (features - self.mean) / self.scale
        hidden, gates = np.broadcast_to(x, self.skip.shape), []
        for number, (weights, biases) in enumerate(self.layers):
            u = np.einsum("mi,mio->mo", hidden, weights) + biases
            if number < len(self.layers) - 1:
                gate = fermi(-u)
                gates.append(gate * (1 + u * (1 - gate)))
                u = u * gate
            hidden = u
        back = np.ones((len(self.skip), 1))
        for number in reversed(range(len(self.layers))):
            back = np.einsum("mo,mio->mi", back, self.layers[number][0])
            if number:
                back = back * gates[number - 1]
        q = float((hidden[:, 0] + self.skip @ x).mean())
        return q, (back + self.skip).mean(axis=0) / self.scale

    def descriptors(self, x: Array, box: Box) -> list[Value]:
        """All descriptors of positions (N, 3)."""
        values: list[Any] = [None] * len(self.rows)
        for kind, measure in GEOMETRY.items():
            mine = [k for k, row in enumerate(self.rows) if row["kind"] == kind]
            if mine:
                atoms = np.stack([self.groups[k][0] for k in mine])
                for k, value, gradient in zip(mine, *measure(x, atoms, box), strict=True):
                    values[k] = (float(value), self.groups[k][0], gradient)
        for k, row in enumerate(self.rows):
            if row["kind"] == "coordinate":
                (atom,), axis = self.groups[k][0], row["axis"]
                values[k] = (float(x[atom, axis]), self.groups[k][0], np.eye(3)[axis : axis + 1])
            elif row["kind"] == "volume":
                size = 1.0 if box.rows is None else float(np.linalg.det(box.rows))
                values[k] = (size, np.empty(0, np.int64), np.empty((0, 3)))
            elif row["kind"] in OF_GROUPS:
                values[k] = OF_GROUPS[row["kind"]](x, self.groups[k], row["shape"], box)
        return values

    def q_and_gradient(self, positions: Any, box: Box | None = None) -> tuple[float, Array]:
        """The number q of one frame (N, 3) in nm, and its gradient (N, 3) in 1/nm.

        ``box`` is that of the run unless given; under a barostat it must be.
        """
        if box is None and not self.fixed:
            raise ValueError("sampled under a barostat: give the box of the frame")
        x = np.asarray(positions, dtype=np.float64)
        found = self.descriptors(x, self.box if box is None else box)
        features: list[float] = []
        for row, (value, _, _) in zip(self.rows, found, strict=True):
            torsion = row["kind"] == "torsion"
            features += [np.sin(value), np.cos(value)] if torsion else [value]
        q, slopes = self.of_features(np.array(features))
        result, place = np.zeros_like(x), 0
        for row, (value, atoms, gradient) in zip(self.rows, found, strict=True):
            slope, place = slopes[place], place + 1
            if row["kind"] == "torsion":
                slope = slope * np.cos(value) - slopes[place] * np.sin(value)
                place += 1
            np.add.at(result, atoms, slope * gradient)
        return q, result


def _safetensors(path: Path) -> dict[str, Array]:
    """Arrays of a safetensors file: the length of a JSON header, the header, the numbers."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    kinds = {"F64": "<f8", "F32": "<f4"}
    result = {}
    for name, entry in json.loads(data[8:end]).items():
        if name != "__metadata__":
            start, stop = (end + offset for offset in entry["data_offsets"])
            numbers = np.frombuffer(data[start:stop], dtype=kinds[entry["dtype"]])
            result[name] = numbers.astype(np.float64).reshape(entry["shape"])
    return result


FOLDER = Path(__file__).resolve().parent
NETWORKS: dict[Path, Network] = {}


def network(folder: Path = FOLDER) -> Network:
    """The network of a folder, by default of that of this file, which is read once."""
    if folder not in NETWORKS:
        NETWORKS[folder] = Network(folder)
    return NETWORKS[folder]


def q(positions: Any, folder: Path = FOLDER, box: Any = None) -> Any:
    """The reaction coordinate q of positions (N, 3) or (F, N, 3) in nm.

    ``box``, (3, 3) reduced vectors in nm of all frames, is that of the run unless given; of a run
    under a barostat it must be.
    """
    x = np.asarray(positions, dtype=np.float64)
    one, own = network(folder).q_and_gradient, None if box is None else Box(box)
    return one(x, own)[0] if x.ndim == 2 else np.array([one(frame, own)[0] for frame in x])


def p_B(positions: Any, folder: Path = FOLDER, box: Any = None) -> Any:
    """The committor 1/(1 + exp(-q)) of positions and a box as for `q`."""
    return fermi(-np.asarray(q(positions, folder, box)))


class Energy:
    """The number q as an energy in kJ/mol, with its forces, from an OpenMM State."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, state: Any) -> tuple[float, Array]:
        """Energy in kJ/mol, and forces (K, 3) in kJ/mol/nm at the atoms that q depends on."""
        own = network(self.folder)
        x = np.zeros((own.atoms[-1] + 1, 3))
        x[own.atoms] = state.getPositions(asNumpy=True)._value
        box = None
        if own.box.rows is not None:
            rows = np.array(state.getPeriodicBoxVectors(asNumpy=True)._value)
            box = own.box if np.array_equal(rows, own.box.rows) else Box(rows)
        energy, gradient = own.q_and_gradient(x, box)
        return energy, -gradient[own.atoms]


def openmm_force(folder: Path = FOLDER) -> Any:
    """An ``openmm.PythonForce`` whose energy in kJ/mol is q, for a bias or a collective variable.

    It acts on the atoms of the inputs alone and takes nearest images in the box of the simulation.
    Where it is serialised, or becomes a variable of a CustomCVForce, OpenMM pickles a reference to
    this module, which must then be importable by its name.
    """
    import openmm

    own = network(folder)
    force = openmm.PythonForce(Energy(folder))
    force.setParticles([int(atom) for atom in own.atoms])
    force.setUsesPeriodicBoundaryConditions(own.box.rows is not None)
    force.setName("q")
    return force
