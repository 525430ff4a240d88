"""Where half-shots of real shooting jobs end up that are too long, where the answer is known."""

import numpy as np
import pytest

from mechanist.analysis.convergence.assess import place_features
from mechanist.analysis.intermediates.intermediates import FLAT, STATE, Limits, find_intermediates
from mechanist.analysis.intermediates.record import gather_long, place_descriptors
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import gather_paths, gather_shots
from mechanist.settings.config import Config
from mechanist.settings.load import load_system
from mechanist.stages.initial import initial
from mechanist.stages.shoot import shoot
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load, load_inputs
from tests.conftest import REPOSITORY
from tests.truth.toys import quiet

SYSTEMS = REPOSITORY / "tests" / "truth" / "systems"


def one_round(source, folder, longest=None):
    """Intermediates after one round of 2 x 320 shots; ``longest`` replaces max_half_path, in ps."""
    settings = load_system(source)
    if longest is not None:
        dynamics = settings.dynamics.model_copy(update={"max_half_path": longest})
        settings = settings.model_copy(update={"dynamics": dynamics})
    layout = Layout(folder / source.name)
    prepare(settings, source, layout)
    describe(settings, source, layout)
    config = Config(
        system=str(source),
        seed=4,
        engine={"platform": "Reference"},
        initial={"paths": 8, "guesses": 4},
        sampling={"workers": 2, "chains": 32, "first_round": 640},
    )
    initial(config, layout, quiet)
    for worker in range(2):
        shoot(config, layout, 0, worker, quiet)
    prepared, inputs = load(layout), load_inputs(layout)
    places = place_descriptors(prepared.states, inputs, prepared.masses)
    long = gather_long(layout, [0], 2, prepared.atoms, places, len(prepared.states.descriptors))
    shots = gather_shots(layout, [0], 2, inputs, prepared.atoms).table
    paths = gather_paths(layout, [0], 2, prepared.atoms)
    time = prepared.max_half_frames * prepared.stride * prepared.timestep
    limits = Limits(prepared.timestep, time, 0.02)
    return find_intermediates(long, shots, place_features(paths, long), limits), long


@pytest.mark.truth
def test_the_well_of_a_user(tmp_path):
    found, _ = one_round(SYSTEMS / "intermediate", tmp_path)
    print(found.text)
    assert [place.kind for place in found.places] == [STATE]
    assert "an intermediate state near x = 1.0 nm" in found.text


@pytest.mark.truth
def test_an_angle_that_passes_through_180_degrees(tmp_path):
    found, long = one_round(SYSTEMS / "ring", tmp_path)
    print(found.text)
    assert [place.kind for place in found.places] == [STATE]
    centre = found.places[0].extents[0].centre
    assert np.cos(centre) < np.cos(np.radians(175))
    # Both signs are there, so that a plain mean would be wrong.
    last = long.values[:, -1, 0]
    assert 0.2 < (last > 0).mean() < 0.8
    assert "an intermediate state near phi = " in found.text
    assert " deg (" in found.text


@pytest.mark.truth
@pytest.mark.parametrize("longest", [10.0, 30.0])
def test_the_plateau_is_no_state(tmp_path, longest):
    found, _ = one_round(REPOSITORY / "systems" / "plateau", tmp_path, longest)
    print(found.text)
    assert all(place.kind == FLAT for place in found.places)
    assert "intermediate" not in found.text
    assert "raise dynamics.max_half_path of system.yaml to " in found.text
