"""A search for first paths that is killed goes on from the guesses that it had found."""

import numpy as np
import pytest

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import SamplingError
from mechanist.sampling.first_path.guess import Guess
from mechanist.sampling.first_path.kept import KeptGuesses
from mechanist.settings.config import Config
from mechanist.stages.describe import describe
from mechanist.stages.initial import initial
from mechanist.stages.prepare import prepare
from tests.sampling.test_guesses import TWO_CHANNELS

FRAMES = np.random.default_rng(1).normal(size=(5, 2, 3)).astype(np.float32)


class Said(Journal):
    """A journal that keeps its lines, and is interrupted by one that begins with some text."""

    def __init__(self, until: str | None = None) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._until = until

    def __call__(self, text: str) -> None:
        self.lines.append(text)
        if self._until is not None and text.startswith(self._until):
            raise KeyboardInterrupt


def config(**settings):
    return Config.model_validate(
        {
            "system": str(TWO_CHANNELS),
            "seed": 3,
            "engine": {"platform": "Reference"},
            "initial": {"guesses": 6, "paths": 6} | settings,
        }
    )


def prepared(folder, settings):
    layout = Layout(folder)
    prepare(settings, layout, Journal())
    describe(settings, layout)
    return layout


def content(layout):
    files = (layout.initial.paths, layout.initial.index, layout.initial_report)
    return [file.read_bytes() for file in files]


@pytest.mark.parametrize("budget", ["4000 ps", "1 ps"])
def test_an_interrupted_search_ends_with_the_same_bytes(budget, tmp_path):
    """With the second budget hot MD finds nothing, which is not tried again either."""
    settings = config(budget=budget)
    whole, broken = (prepared(tmp_path / name, settings) for name in ("whole", "broken"))
    first = Said()
    initial(settings, whole, first)
    with pytest.raises(KeyboardInterrupt):
        initial(settings, broken, Said("pulled along"))
    again = Said()
    initial(settings, broken, again)
    assert content(broken) == content(whole)
    (line,) = (line for line in again.lines if line.startswith("hot_md: "))
    assert line.endswith("guesses were kept by a job that was interrupted")
    assert line.startswith("hot_md: 0 ") == (budget == "1 ps")
    assert not list(broken.root.rglob(".partial*"))


def test_guesses_of_other_settings_are_not_used(tmp_path):
    settings = config()
    layout = prepared(tmp_path, settings)
    with pytest.raises(KeyboardInterrupt):
        initial(settings, layout, Said("pulled along"))
    again = Said()
    initial(config(budget="3000 ps"), layout, again)
    assert not any("were kept" in line for line in again.lines)


def test_more_shots_after_a_failure_start_from_the_same_guesses(tmp_path):
    settings = config(shots_max=1, guesses=1, method="pull")
    layout = prepared(tmp_path, settings)
    # With this seed the only shot does not join A and B.
    with pytest.raises(SamplingError, match=r"raise initial\.shots_max"):
        initial(settings, layout, Said())
    again = Said()
    initial(config(guesses=1, method="pull"), layout, again)
    assert any(line.startswith("pull_0: 1 guesses were kept") for line in again.lines)


def test_parts_are_read_as_they_were_written(tmp_path):
    lines: list[str] = []
    notes = {"method": "pull", "along": ["x"], "pull_ps": 0.5}
    kept = KeptGuesses(tmp_path, "one", lines.append)
    kept.of("pull_0", lambda: [Guess(FRAMES, notes), Guess(FRAMES[:2], {})])
    assert lines == []
    found = KeptGuesses(tmp_path, "one", lines.append).of("pull_0", list)
    assert [guess.notes for guess in found] == [notes, {}]
    assert np.array_equal(found[0].frames, FRAMES)
    assert np.array_equal(found[1].frames, FRAMES[:2])
    assert KeptGuesses(tmp_path, "other", lines.append).of("pull_0", list) == []
    assert lines == ["pull_0: 2 guesses were kept by a job that was interrupted"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_part_is_looked_for_again(damage, tmp_path):
    kept = KeptGuesses(tmp_path, "one", lambda text: None)
    kept.of("pull_0", lambda: [Guess(FRAMES, {})])
    file = tmp_path / "pull_0.npz"
    file.write_bytes(file.read_bytes()[:-40] if damage is None else damage)
    (found,) = kept.of("pull_0", lambda: [Guess(FRAMES[:1], {"again": True})])
    assert found.notes == {"again": True}
