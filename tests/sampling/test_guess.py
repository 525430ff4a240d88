"""First paths by a pull and by minimised windows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mechanist.bookkeeping.journal import Journal
from mechanist.errors import MechanistError, SamplingError
from mechanist.sampling.first_path.guess import pulled_path, torsion_path
from mechanist.sampling.first_path.restraints import Restrained
from mechanist.sampling.first_path.targets import aim_into, pull_target
from mechanist.sampling.records.tables import read_paths
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.initial import initial
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import Box, Interval, State
from mechanist.systems.prepared import load
from tests.conftest import build

TORSION = Descriptor("phi", "torsion", (0, 1, 2, 3))
DISTANCE = Descriptor("r", "distance", (0, 1))


def quiet(*_):
    return None


def deg(*values):
    return np.radians(values)


@pytest.mark.parametrize(
    ("interval", "value", "aim"),
    [
        # Inside: stays. Below and above: a quarter of the way behind the border.
        ((30, 130), 50, 50),
        ((30, 130), -50, 50),
        ((30, 130), 170, 120),
        # The shorter way leads through 180 degrees.
        ((150, 210), -90, 195),
        ((150, 210), 110, 160),
        # A narrow state: its middle.
        ((100, 110), -60, 105),
    ],
)
def test_torsions_are_led_behind_the_nearer_border(interval, value, aim):
    found = aim_into(Interval("phi", *deg(*interval)), float(deg(value)[0]), TORSION)
    assert np.degrees(found) == pytest.approx(aim)


def test_open_ended_intervals_are_entered_at_their_border():
    assert aim_into(Interval("r", 0.48, 100.0), 0.2, DISTANCE) == pytest.approx(0.48 + 0.07)
    assert aim_into(Interval("r", -1.0, 0.23), 0.5, DISTANCE) == pytest.approx(0.23 - 0.0675)


def test_the_nearest_box_of_a_state_is_the_aim(alanine):
    far = Box((Interval("phi", *deg(-170, -160)),))
    near = Box((Interval("phi", *deg(-60, -50)),))
    state = State("two boxes", (far, near))
    start = alanine.positions
    phi = alanine.states.descriptors.values(start[None])[0, 0]
    target = pull_target(alanine.states, state, start, (), "pull")
    assert [d.name for d in target.descriptors] == ["phi"]
    assert target.at(0.0)[0] == phi
    assert np.degrees(target.at(1.0)[0]) == pytest.approx(-55, abs=5)


@pytest.mark.parametrize("centre", [170, -170])
def test_restraints_hold_what_they_name_across_180_degrees(centre, alanine):
    # k so that kT / k is (1 degree)^2; the mean of 100 frames, 4 standard errors of independent
    # frames are 0.4 degrees, and what the molecule itself pulls with moves it by less than 2.
    phi = alanine.states.descriptors.descriptors[0]
    restrained = Restrained(alanine, [phi], "Reference", 3)
    restrained.place(alanine.positions, 3)
    k = np.array([alanine.kt / np.radians(1.0) ** 2])
    seen = []
    for part in np.linspace(0, 1, 100):
        start = np.degrees(alanine.states.descriptors.values(alanine.positions[None])[0, 0])
        change = (centre - start + 180) % 360 - 180
        restrained.aim(deg(start + part * change), k)
        restrained.step(20)
    for _ in range(100):
        positions = restrained.step(20)
        seen.append(alanine.states.descriptors.values(positions[None])[0, 0])
    away = np.mod(np.degrees(seen) - centre + 180, 360) - 180
    assert abs(away.mean()) < 2
    assert away.std() < 3


def test_a_difference_of_distances_is_pulled(alanine):
    # k so that kT / k is (0.005 nm)^2; the mean of 100 frames, 4 standard errors are 0.002 nm.
    transfer = Descriptor("transfer", "difference", (5, 7, 17, 7))
    start = DescriptorSet((transfer,)).values(alanine.positions[None])[0]
    restrained = Restrained(alanine, [transfer], "Reference", 3)
    restrained.place(alanine.positions, 3)
    k, aim = np.array([alanine.kt / 0.005**2]), start + 0.03
    seen = []
    for part in np.linspace(0, 1, 50):
        restrained.aim(start + part * 0.03, k)
        restrained.step(20)
    for _ in range(100):
        seen.append(DescriptorSet((transfer,)).values(restrained.step(20)[None])[0, 0])
    assert abs(np.mean(seen) - aim[0]) < 0.004
    assert np.std(seen) < 0.01


@pytest.mark.parametrize("system", ["double_well", "alanine_dipeptide"])
@pytest.mark.parametrize("start", ["A", "B", "neither"])
def test_a_pull_leads_from_state_to_state(system, start, double_well, alanine):
    prepared = {"double_well": double_well, "alanine_dipeptide": alanine}[system]
    path = pulled_path(prepared, (), "Reference", 5, quiet).frames
    labels = prepared.states.label_positions(path)
    assert (labels[0], labels[-1]) == (-1, 1)
    assert (labels[1:-1] == 0).all()
    if start == "A":
        return
    from_there = path[-1] if start == "B" else path[len(path) // 2]
    moved = replace(prepared, positions=from_there.astype(float))
    label = int(prepared.states.label_positions(from_there[None])[0])
    assert label == {"B": 1, "neither": 0}[start]
    again = pulled_path(moved, (), "Reference", 6, quiet).frames
    labels = prepared.states.label_positions(again)
    assert sorted(labels[[0, -1]].tolist()) == [-1, 1]
    # A start in neither state goes to A first.
    assert labels[0] == (1 if start == "B" else -1)


def test_windows_lead_torsions_from_state_to_state(alanine):
    guess = torsion_path(alanine, (), "Reference", quiet)
    labels = alanine.states.label_positions(guess.frames)
    assert (labels[0], labels[-1]) == (-1, 1)
    assert (labels == 0).sum() > 5
    # Windows of 60 on a way of at most 180 degrees, and minimisation: no jump of a torsion.
    values = alanine.states.descriptors.values(guess.frames)
    steps = np.mod(np.degrees(np.diff(values, axis=0)) + 180, 360) - 180
    assert np.abs(steps).max() < 30


def test_what_cannot_be_pulled_is_one_line(alanine, double_well):
    with pytest.raises(SamplingError, match=r"initial.along: 'chi': not a descriptor .* phi, psi"):
        pulled_path(alanine, ("chi",), "Reference", 1, quiet)
    with pytest.raises(SamplingError, match=r"torsions: no torsion defines the states; use pull"):
        torsion_path(double_well, (), "Reference", quiet)
    states = double_well.states
    kind = replace(states.descriptors.descriptors[0], kind="coordination")
    other = replace(states, descriptors=replace(states.descriptors, descriptors=(kind,)))
    with pytest.raises(SamplingError, match=r"'x' is a coordination; name others in initial.along"):
        pull_target(other, states.b, double_well.positions, (), "pull")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"method": "file"}, "method file needs a path"),
        ({"method": "pull", "path": "x.trr"}, "a path is given, but the method is pull"),
        ({"method": "magic"}, "initial.method"),
    ],
)
def test_settings_that_do_not_fit_are_refused(section, words):
    with pytest.raises(MechanistError, match=words):
        validate(Config, {"initial": section}, "config.yaml")


METHODS = [
    ("double_well", {"method": "pull"}, "pull"),
    ("alanine_dipeptide", {"method": "torsions"}, "torsions"),
    # Too little hot MD to cross: auto goes on with a pull, and says why.
    ("alanine_dipeptide", {"heating": [1.0], "budget": "1 ps"}, "pull"),
]


@pytest.mark.parametrize(("system", "section", "method"), METHODS)
def test_the_stage_makes_paths_of_each_guess_and_says_how(system, section, method, tmp_path):
    layout = build(system, tmp_path)
    plain = {"system": system, "seed": 4, "engine": {"platform": "Reference"}}
    config = validate(Config, plain | {"initial": section | {"paths": 3}}, "test")
    initial(config, layout, Journal())
    report = json.loads(layout.initial_report.read_text(encoding="utf-8"))
    assert report["method"] == method
    assert report["shots"] >= report["paths"] >= 3
    assert len(report["families"]) > 1
    assert ("before" in report) == ("heating" in section)
    prepared = load(layout)
    paths = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    for i in range(report["paths"]):
        labels = prepared.states.label_positions(paths.path(i))
        assert (labels[0], labels[-1]) == (-1, 1)
        assert (labels[1:-1] == 0).all()
