"""Descriptors that the user takes out of the tests of equilibrium runs."""

import numpy as np
import pytest

from mechanist.analysis.kinetics.run_data import observations
from mechanist.errors import SettingsError
from mechanist.sampling.records.tables import PATH_COLUMNS, write_table
from mechanist.settings.kinetics import KineticsSettings
from mechanist.systems.prepared import load
from tests.conftest import build


@pytest.fixture(scope="module")
def plateau(tmp_path_factory):
    """States in x; inputs are x and y."""
    layout = build("plateau", tmp_path_factory.mktemp("plateau"))
    none = {name: np.zeros(2, dtype=np.int64) for name in PATH_COLUMNS}
    write_table(layout.initial.index, none, PATH_COLUMNS)
    return layout, load(layout)


def observed(plateau, *ignored):
    layout, prepared = plateau
    names = ("chain", "frames", "block", "time", "starts")
    runs = {name: np.arange(4) for name in names} | {
        name: np.array(["A"] * 4, dtype=object) for name in ("source", "start")
    }
    states = {"source": np.array(["A"] * 4, dtype=object)}
    states |= {"chain": np.arange(4), "frame": np.arange(4)}
    frames = np.random.default_rng(1).normal(size=(4, prepared.atoms, 3)).astype(np.float32)
    settings = KineticsSettings(ignore_slow=ignored)
    return observations(layout, prepared, runs, states, [frames], 0, settings), frames


def test_what_is_ignored_is_not_tested(plateau):
    found, frames = observed(plateau)
    assert found.names == ["x", "y"]
    # What defines the states cannot be ignored.
    assert found.waivers == {"y": "y"}
    less, _ = observed(plateau, "y")
    assert less.names == ["x"]
    np.testing.assert_allclose(less.features[:, 0], frames[:, 0, 0])
    assert less.waivers == {}


@pytest.mark.parametrize(
    ("name", "said"), [("x", "'x': defines the states"), ("yy", "'yy': no input.*did you mean y")]
)
def test_what_cannot_be_ignored_is_refused_in_one_line(plateau, name, said):
    with pytest.raises(SettingsError, match=said) as error:
        observed(plateau, name)
    assert "kinetics.ignore_slow" in str(error.value)
    assert "\n" not in str(error.value)
