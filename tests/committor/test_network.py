import json
import subprocess
import sys

import numpy as np
import pytest

from mechanist.committor.network import Committor, load, save
from mechanist.committor.uncertainty import ErrorScale
from mechanist.errors import DataError

SCALE = {"floor": 0.1, "bias": 1, "members": 5, "excess": 0, "excess_se": 0, "visible": 1}
"""Scale of the error in a model card."""


@pytest.fixture
def model():
    rng = np.random.default_rng(7)
    layers = (
        (rng.normal(size=(3, 4, 6)), rng.normal(size=(3, 6))),
        (rng.normal(size=(3, 6, 1)), rng.normal(size=(3, 1))),
    )
    return Committor(
        feature_names=("a", "b", "c", "d"),
        mean=rng.normal(size=4),
        scale=np.array([1.0, 2.0, 0.5, 1.0]),
        layers=layers,
        skip=rng.normal(size=(3, 4)),
        density_edges=np.linspace(0, 1, 6),
        density=np.ones(5),
        error=ErrorScale(0.02, 0.01, 5, 1e-4, None, 0.7),
    )


@pytest.fixture
def files(model, tmp_path):
    paths = tmp_path / "m.safetensors", tmp_path / "m.json"
    save(model, *paths)
    return paths


def by_hand(model, frame):
    """One frame at a time, with loops instead of matrices."""
    x = (frame - model.mean) / model.scale
    (first, first_bias), (second, second_bias) = model.layers
    result = []
    for m in range(3):
        total = float(second_bias[m, 0] + sum(model.skip[m] * x))
        for unit in range(6):
            z = first_bias[m, unit] + sum(first[m, :, unit] * x)
            total += second[m, unit, 0] * z / (1 + np.exp(-z))
        result.append(total)
    return result


def test_against_a_calculation_by_hand(model):
    frames = np.random.default_rng(8).normal(size=(5, 4))
    expected = np.array([by_hand(model, frame) for frame in frames]).T
    # Single precision: 1e-7 relative of terms of size up to ten.
    np.testing.assert_allclose(model.members(frames), expected, atol=1e-5)
    np.testing.assert_allclose(model.q(frames), expected.mean(axis=0), atol=1e-5)


def test_many_frames_are_the_same_as_few(model):
    frames = np.random.default_rng(9).normal(size=(2500, 4))
    apart = np.concatenate([model.q(part) for part in np.array_split(frames, 7)])
    np.testing.assert_allclose(model.q(frames), apart, atol=1e-5)
    assert model.members(frames[:0]).shape == (3, 0)


def test_nan_is_an_error_and_not_a_number(model):
    frames = np.zeros((3, 4))
    frames[1, 2] = np.nan
    with pytest.raises(DataError, match="non-finite q"):
        model.q(frames)


def test_what_was_saved_is_loaded(model, files):
    again = load(*files)
    frames = np.random.default_rng(8).normal(size=(5, 4))
    np.testing.assert_array_equal(again.members(frames), model.members(frames))
    np.testing.assert_array_equal(again.density, model.density)
    assert again.feature_names == model.feature_names
    assert again.error == model.error


def test_the_error_of_p_and_of_q(model):
    frames = np.random.default_rng(8).normal(size=(50, 4))
    p, sigma = model.estimate(frames)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-model.q(frames))), atol=1e-9)
    spread = p * (1 - p) * model.members(frames).std(axis=0, ddof=1)
    expected = np.sqrt(1.2 * (spread**2 + 0.02**2) / 2 + 0.01**2)
    np.testing.assert_allclose(sigma, expected, rtol=1e-6)
    np.testing.assert_allclose(model.q_error(frames) * p * (1 - p), sigma, rtol=1e-6)


def test_a_model_without_a_scale_of_its_error_gives_none(model, tmp_path):
    from dataclasses import replace

    paths = tmp_path / "m.safetensors", tmp_path / "m.json"
    save(replace(model, error=None), *paths)
    with pytest.raises(DataError, match="no scale of its error"):
        load(*paths).estimate(np.zeros((1, 4)))


def test_a_model_may_have_no_density(model, tmp_path):
    from dataclasses import replace

    paths = tmp_path / "m.safetensors", tmp_path / "m.json"
    save(replace(model, density=None, density_edges=None), *paths)
    assert load(*paths).density is None


def test_a_truncated_file(files):
    weights, card = files
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"m\.safetensors: damaged") as error:
        load(weights, card)
    assert "\n" not in str(error.value)


def test_missing_files(files, tmp_path):
    weights, card = files
    with pytest.raises(DataError, match="missing"):
        load(tmp_path / "other.safetensors", card)
    with pytest.raises(DataError, match="missing"):
        load(weights, tmp_path / "other.json")


def test_files_that_do_not_belong_together(model, files, tmp_path):
    from dataclasses import replace

    other = tmp_path / "n.safetensors", tmp_path / "n.json"
    save(replace(model, skip=2 * model.skip), *other)
    with pytest.raises(DataError, match=r"not the file that m\.json was written for"):
        load(other[0], files[1])
    save(replace(model, feature_names=("a", "b", "c")), *other)
    with pytest.raises(DataError, match="shapes do not fit"):
        load(*other)


def test_nan_in_a_file(model, files):
    from dataclasses import replace

    skip = model.skip.copy()
    skip[0, 0] = np.nan
    save(replace(model, skip=skip), *files)
    with pytest.raises(DataError, match="skip holds numbers that are not finite"):
        load(*files)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 1},
        {"widths": [6, 1, 1]},
        {"features": None},
        {"widths": 3},
        {"error": {"floor": 0.1}},
        {
            "error": {
                "floor": 0.1,
                "bias": "x",
                "members": 5,
                "excess": 0,
                "excess_se": 0,
                "visible": 1,
            }
        },
        {
            "error": {
                "floor": -0.1,
                "bias": 1,
                "members": 5,
                "excess": 0,
                "excess_se": 0,
                "visible": 1,
            }
        },
    ],
)
def test_a_card_that_was_changed(files, change):
    weights, card = files
    card.write_text(
        json.dumps(json.loads(card.read_text(encoding="utf-8")) | change), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"m\.json"):
        load(weights, card)


def test_loading_does_not_import_torch(files):
    weights, card = files
    code = (
        "import sys; from pathlib import Path; from mechanist.committor.network import load;"
        f"load(Path({str(weights)!r}), Path({str(card)!r})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
