"""Table T1, continued: noise, less data, other temperatures, distributions of restored frames.

Measured on a few gaps of 20 missing frames spread evenly over the test block; distributions also on
gaps of 40.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trajectory.measure.distributions import distributions
from benchmarks.trajectory.measure.rows import learning_windows
from benchmarks.trajectory.measure.sizes import GAPS, Size
from benchmarks.trajectory.measure.superres_errors import errors
from benchmarks.trajectory.models.polynomials import linear
from benchmarks.trajectory.names import BRIDGE, HERMITE, LINEAR, RIDGE
from benchmarks.trajectory.reference.generate import generate
from benchmarks.trajectory.reference.molecules import molecule as molecule_of
from benchmarks.trajectory.reference.nve import Potential
from mechanist.trajectory.dataset import Dataset, Windows, by_time, windows
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.learned import learn_bridge
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Interpolator
from mechanist.trajectory.superres.ridge import fit_ridge
from mechanist.trajectory.trajectory import Trajectory

Models = Mapping[str, Interpolator]
Say = Callable[[str], None]
Row = dict[str, Any]

GAP, LONGER = 20, 40
"""Missing frames; distributions are compared for both."""

FRAMES = 800
"""Missing frames of all gaps together, at most about."""

NOISE = (0.0, 1e-4, 3e-4, 1e-3)
"""Standard deviation in nm of what is added to each coordinate of the known positions."""

SHARES = (0.25, 0.5)
"""Of the geometries that forces are learned from, and of the gaps of the linear map; 1 is known."""

TEMPERATURES = (300.0, 700.0)
"""In K, of motion that is restored with what was learned at another temperature."""

HEATING_PS = 0.5
"""Time in ps in which that motion is heated."""

LSTM = "bi-LSTM"


def measure_robustness(
    trajectory: Trajectory,
    molecule: str,
    bridge: Bridge,
    size: Size,
    seed: int,
    potential: Potential,
    say: Say,
    device: str = "cpu",
    frames: int = FRAMES,
) -> dict[str, list[Row]]:
    """Errors with noise, with less data, at other temperatures, and of distributions.

    Parameters
    ----------
    trajectory
        Of the molecule.
    molecule
        Its name.
    bridge
        Our model, learned from the trajectory with ``size`` and ``seed``, as for table T1.
    size
        How much.
    seed
        Of noise, velocities and networks.
    potential
        That the molecule moves in.
    say
        Takes lines of progress.
    device
        Where networks are trained.
    frames
        Missing frames of all gaps together, at most about.

    Returns
    -------
    dict
        ``noise``, ``data``, ``transfer`` and ``distributions``: rows with ``model``,
        ``condition`` (nm, share, K, missing frames) and what was found.
    """
    dataset = by_time(trajectory, max(GAPS) + 2, size.validate, size.test)
    test, longer = (some(windows(dataset.test, gap), frames) for gap in (GAP, LONGER))
    models = _models(dataset, bridge, size, GAP)
    every = {**models, LSTM: _lstm(dataset, size, seed, device)}
    found = {"noise": noisy(every, test, trajectory.numbers, seed)}
    exact = [row for row in found["noise"] if row["condition"] == 0]
    say("noise is measured")
    found["data"] = with_less(dataset, molecule, size, test)
    found["data"] += [{**row, "condition": 1.0} for row in exact if row["model"] in (BRIDGE, RIDGE)]
    say("less data are measured")
    own = trajectory.meta.temperature_K or trajectory.temperature()
    found["transfer"] = transferred(every, potential, molecule, seed, frames)
    found["transfer"] += [{**row, "condition": own} for row in exact]
    found["transfer"].sort(key=lambda row: float(row["condition"]))
    say("other temperatures are measured")
    found["distributions"] = distributions(every, test, trajectory.numbers)
    models = _models(dataset, bridge, size, LONGER)
    found["distributions"] += distributions(models, longer, trajectory.numbers)
    return found


def some(gaps: Windows, frames: int) -> Windows:
    """Gaps with about ``frames`` missing ones together, spread evenly."""
    count = min(len(gaps), max(1, frames // gaps.inner))
    return gaps.rows(np.linspace(0, len(gaps) - 1, count).round().astype(np.int64))


def noisy(models: Models, test: Windows, numbers: NDArray[np.int64], seed: int) -> list[Row]:
    """Errors where the known positions are not exact; the velocities are."""
    rng = np.random.default_rng(seed)
    x0, x1 = rng.normal(size=(2, *test.ends.x0.shape))
    rows = []
    for sigma in NOISE:
        ends = replace(test.ends, x0=test.ends.x0 + sigma * x0, x1=test.ends.x1 + sigma * x1)
        for name, model in models.items():
            found = asdict(errors(model(ends), test, numbers))
            rows.append({"model": name, "condition": sigma, **found})
    return rows


def with_less(dataset: Dataset, molecule: str, size: Size, test: Windows) -> list[Row]:
    """Errors of our model and of the linear map by the share of the data that they learn from."""
    numbers, masses = dataset.train.numbers, dataset.train.masses
    geometries, orders = size.geometries_of(len(numbers)), molecule_of(molecule).permutations
    rows = []
    for share in SHARES:
        ridge = fit_ridge(*learning_windows(dataset, GAP, round(share * size.gaps)), masses)
        ours = learn_bridge(dataset, orders, round(share * geometries))
        models: Models = {BRIDGE: ours, RIDGE: ridge}
        for name, model in models.items():
            found = asdict(errors(model(test.ends), test, numbers))
            rows.append({"model": name, "condition": share, **found})
    return rows


def transferred(
    models: Models, potential: Potential, molecule: str, seed: int, frames: int
) -> list[Row]:
    """Errors on motion of a molecule at other temperatures.

    The energy is set after heating (`generate`), so that little heating is enough.
    """
    rows = []
    for temperature in TEMPERATURES:
        fresh = generate(
            molecule,
            frames + 2 * GAP,
            seed,
            temperature,
            heating_ps=HEATING_PS,
            potential=potential,
        )
        test = windows(fresh, GAP)
        for model, fill in models.items():
            found = asdict(errors(fill(test.ends), test, fresh.numbers))
            rows.append({"model": model, "condition": temperature, **found})
    return rows


def _models(dataset: Dataset, bridge: Bridge, size: Size, gap: int) -> Models:
    """Models by the names of their rows; the linear map is fitted again."""
    ridge = fit_ridge(*learning_windows(dataset, gap, size.gaps), bridge.masses)
    return {BRIDGE: bridge, RIDGE: ridge, HERMITE: hermite, LINEAR: linear}


def _lstm(dataset: Dataset, size: Size, seed: int, device: str) -> Interpolator:
    """The network of table T1, which starts from those of shorter gaps."""
    from benchmarks.trajectory.models.recurrent import train_steppers

    gaps = [learning_windows(dataset, gap, size.gaps)[0] for gap in GAPS if gap <= GAP]
    masses = dataset.train.masses
    return train_steppers("lstm", True, gaps, masses, size.budget, seed, device)[-1]
