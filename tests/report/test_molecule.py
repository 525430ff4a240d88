"""The molecule in the report: atoms, frames, data for the viewer, pictures without scripts."""

import base64
import json
import re

import mdtraj
import numpy as np
import pytest

from mechanist.report.load import load_report
from mechanist.report.molecule.atoms import (
    NEAR,
    Atoms,
    gathered,
    read_atoms,
    shown_atoms,
    superposed,
)
from mechanist.report.molecule.drawing import DRAWN, draw_png, drawn_atoms
from mechanist.report.molecule.payload import colour_of, packed, payload
from mechanist.report.molecule.scenes import ATOM_FRAMES, ENSEMBLE, NEAR_HALF, PathScene, Scenes
from mechanist.report.page.molecule import marked_atoms
from tests.conftest import REPOSITORY

SYSTEMS = REPOSITORY / "systems"


@pytest.fixture(scope="module")
def data(molecule):
    return load_report(molecule, molecule.rounds()[-1])


def test_atoms_of_a_molecule_and_none_of_a_potential(tmp_path):
    file = SYSTEMS / "alanine_dipeptide" / "alanine_dipeptide.pdb"
    atoms = read_atoms(file, mdtraj.load(str(file)).xyz[0])
    assert "".join(sorted(atoms.elements)) == "C" * 6 + "H" * 12 + "N" * 2 + "O" * 2
    # A chain without a ring has one bond less than atoms.
    assert len(atoms.bonds) == 21
    assert len(set(atoms.molecules)) == 1
    assert {"CA2", "N3"} <= set(atoms.labels)
    lines = file.read_text(encoding="utf-8").splitlines()
    one = tmp_path / "one.pdb"
    one.write_text("\n".join(line for line in lines if line.startswith("ATOM"))[:80], "utf-8")
    assert read_atoms(one, np.zeros((1, 3))) is None


def test_bonds_of_an_unknown_residue_are_found_by_distance(tmp_path):
    file = SYSTEMS / "alanine_dipeptide" / "alanine_dipeptide.pdb"
    text = file.read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("CONECT"))
    for residue in ("ACE", "ALA", "NME"):
        text = text.replace(f" {residue} ", " LIG ")
    text = re.sub(r" LIG (.) +\d+ ", r" LIG \1   1 ", text)
    other = tmp_path / "ligand.pdb"
    other.write_text(text, encoding="utf-8")
    xyz = mdtraj.load(str(file)).xyz[0]
    assert read_atoms(other, xyz).bonds == read_atoms(file, xyz).bonds


def test_waters_near_the_solute_are_shown_whole():
    file = SYSTEMS / "licl_water" / "licl_water.pdb"
    loaded = mdtraj.load(str(file))
    atoms = read_atoms(file, loaded.xyz[0])
    box = tuple(tuple(float(x) for x in row) for row in loaded.unitcell_vectors[0])
    [frame] = gathered(atoms, loaded.xyz, box)
    shown = set(shown_atoms(atoms, frame))
    solute = np.flatnonzero(~atoms.water)
    assert {atoms.elements[i] for i in solute} == {"Li", "Cl"}
    assert set(solute) < shown
    apart = np.linalg.norm(frame[:, None] - frame[solute][None], axis=-1).min(axis=1)
    near = {atoms.molecules[i] for i in np.flatnonzero(apart < NEAR)}
    assert shown == {i for i in range(len(frame)) if atoms.molecules[i] in near}
    assert 6 < len(shown) < len(frame)
    # Every molecule is the image nearest to the first atom of the solute, and whole.
    first = np.unique(atoms.molecules, return_index=True)[1]
    offset = (frame[first] - frame[solute[0]]) @ np.linalg.inv(np.array(box))
    assert np.abs(offset).max() <= 0.5 + 1e-6
    for one, other in atoms.bonds:
        assert np.linalg.norm(frame[one] - frame[other]) < 0.2


def test_superposed_frames_fit_and_keep_their_handedness(rng):
    reference = rng.normal(size=(7, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    moved = (reference @ turn.T + rng.normal(size=3))[None]
    np.testing.assert_allclose(superposed(moved, reference, np.arange(7))[0], reference, atol=1e-9)
    mirrored = moved * [-1, 1, 1]
    fitted = superposed(mirrored, reference, np.arange(7))[0]
    assert np.abs(fitted - reference).max() > 0.1


def test_positions_are_packed_to_a_picometre(rng):
    frames = rng.uniform(-5, 5, size=(3, 4, 3))
    back = np.frombuffer(base64.b64decode(packed(frames)), dtype="<i2").reshape(3, 4, 3) / 1000
    assert np.abs(back - frames).max() <= 0.0005 + 1e-9


def test_colours_run_from_a_by_grey_to_b():
    assert [colour_of(p) for p in (0, 1)] == ["#0072b2", "#d55e00"]
    assert colour_of(0.5).lower() == "#9aa1ab"


def test_scenes_of_a_run(data):
    scenes = data.scenes
    [path] = scenes.paths
    assert path.group is None
    assert path.q[0] < -1 < 1 < path.q[-1]
    assert len(path.frames) == len(path.rows) <= len(path.times)
    assert path.times[-1] == pytest.approx(data.paths.lengths[path.path])
    assert 0 < len(scenes.ensemble) <= ENSEMBLE
    assert (np.abs(scenes.ensemble_p - 0.5) < NEAR_HALF).all()
    # The frames are those of the run: distances are kept by the superposition.
    first = np.linalg.norm(scenes.states[0, 1:] - scenes.states[0, :-1], axis=1)
    again = np.linalg.norm(path.frames[0, 1:] - path.frames[0, :-1], axis=1)
    np.testing.assert_allclose(first, again)
    assert first[0] == pytest.approx(0.123, abs=1e-3)


def test_a_potential_has_no_molecule(potential):
    assert load_report(potential, potential.rounds()[-1]).scenes is None
    page = potential.report.read_text(encoding="utf-8")
    assert 'id="molecule"' not in page
    assert "3Dmol" not in page


def test_the_page_has_pictures_and_the_atoms_of_each_descriptor(molecule, data):
    page = molecule.report.read_text(encoding="utf-8")
    assert re.findall(r'data-scene="(\w+)"', page) == ["structure", "states", "ensemble", "path0"]
    images = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    assert len(images) == 1 + 2 + 1 + 5
    assert all(base64.b64decode(image).startswith(b"\x89PNG") for image in images)
    marks = marked_atoms(data, data.scenes)
    assert set(marks) == set(data.formula["descriptors"])
    for rows in marks.values():
        assert f'data-atoms="{" ".join(map(str, rows))}"' in page
    content = json.loads(re.search(r'type="application/json">(.*?)</script>', page)[1])
    assert content["labels"] == list(data.scenes.atoms.labels)
    assert len(page) < 8e6


def test_the_marker_lies_on_the_curve(molecule, data):
    """The height of a place is linear in p_B, and its distance from the left in time."""
    page = molecule.report.read_text(encoding="utf-8")
    svg = re.search(r'<figure id="along_path".*?</svg>', page, re.DOTALL)[0]
    [mark] = json.loads(re.search(r"data-marks='(.*?)'", svg)[1])
    points = np.array(mark["points"])
    path = data.scenes.paths[mark["path"]]
    p = 1 / (1 + np.exp(-path.q))
    for shown, value in ((points[:, 0], path.times), (points[:, 1], p)):
        slope, start = np.polyfit(value, shown, 1)
        assert np.abs(shown - slope * value - start).max() < 0.11
    assert np.polyfit(p, points[:, 1], 1)[0] < 0
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    assert (points >= 0).all()
    assert (points <= [width, height]).all()


def test_the_data_of_a_large_system_stay_small(rng):
    count, length = 5000, 80
    atoms = Atoms(
        ("C",) * count,
        tuple(f"C{i}" for i in range(count)),
        tuple((i, i + 1) for i in range(count - 1)),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=bool),
    )
    rows = np.arange(ATOM_FRAMES // count)
    frames = rng.normal(size=(len(rows), count, 3))
    q = np.zeros(length)
    path = PathScene(None, 0, frames, rows, np.arange(length) * 1.0, q[:, None], q, q)
    scenes = Scenes(
        atoms, np.arange(count), ("x",), frames[:2], frames[:12], np.full(12, 0.5), (path,)
    )
    assert len(json.dumps(payload(scenes))) < 5e6
    # Pictures show what is around the marked atoms.
    marked = np.array([7, 4000])
    drawn = drawn_atoms(scenes, marked)
    assert len(drawn) == DRAWN
    assert set(marked) <= set(drawn)
    focus = frames[0][marked].mean(axis=0)
    apart = np.linalg.norm(frames[0] - focus, axis=1)
    others = np.setdiff1d(drawn, marked)
    assert apart[others].max() <= np.delete(apart, drawn).min()
    assert draw_png(scenes, frames[:1], ["#8A8F98"], marked, labels=True).startswith("data:image")
