"""Training of the networks of table T4 on one trajectory."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from benchmarks.trajectory.measure.forecast_baselines import Egnn, Lstm, Transformer
from benchmarks.trajectory.measure.forecast_setup import Setup
from mechanist.trajectory.forecast.bases import Base
from mechanist.trajectory.forecast.corrected import Corrected
from mechanist.trajectory.forecast.network import Forecast
from mechanist.trajectory.forecast.options import Options
from mechanist.trajectory.forecast.training import Answered, lessons, scales_of, train


@dataclass(frozen=True)
class Ground:
    """A base with what it forecasts for the windows to learn from and to choose by.

    Parameters
    ----------
    base
        The base.
    train, validate
        Its answers.
    runs_on
        Whether it is so costly that it goes on where a forecast is made by blocks; else it starts
        anew at each block.
    """

    base: Base
    train: Answered
    validate: Answered
    runs_on: bool


def ground(base: Base, setup: Setup, costly: bool) -> Ground:
    """Ask a base for all windows."""
    some = setup.few if costly else setup.many
    parts = [Answered(one, base(one.history, setup.task.ahead)) for one in (some, setup.validate)]
    return Ground(base, parts[0], parts[1], costly)


def forecaster(
    options: Options, start: Ground, setup: Setup, seed: int, device: str, long: bool = False
) -> tuple[Corrected, list[float]]:
    """A trained network of the forecaster on a base, and its errors while it learned.

    ``long`` is for the main table; see `Training.longer`.
    """

    def make() -> nn.Module:
        numbers, hops = torch.from_numpy(setup.numbers), torch.from_numpy(setup.hops)
        return Forecast(options, setup.task.known, numbers, hops)

    return _trained(make, options, start, setup, seed, device, even=False, long=long)


def baseline(
    kind: str, start: Ground, setup: Setup, seed: int, device: str
) -> tuple[Corrected, list[float]]:
    """The same for a network to compare with: LSTM, EGNN or transformer.

    The graph network is equivariant and so is not turned on a reference.
    """
    known, ahead, width = setup.task.known, setup.task.ahead, setup.size.options.width
    atoms = len(setup.numbers)

    def make() -> nn.Module:
        if kind == "LSTM":
            return Lstm(atoms, width)
        if kind == "transformer":
            return Transformer(atoms, known, ahead, width)
        numbers, hops = torch.from_numpy(setup.numbers), torch.from_numpy(setup.hops)
        return Egnn(numbers, hops, known, ahead, width)

    plain = Options(ahead=ahead, hankel=0.0, conjugate=0.0, aligned=kind != "EGNN")
    return _trained(make, plain, start, setup, seed, device, even=kind == "LSTM", long=True)


def _trained(
    make: Callable[[], nn.Module],
    options: Options,
    start: Ground,
    setup: Setup,
    seed: int,
    device: str,
    even: bool,
    long: bool,
) -> tuple[Corrected, list[float]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make().to(device)
    pose = setup.pose(options.aligned)
    scales = scales_of(start.train, setup.numbers, options.ahead, even)
    data, held = (lessons(one, pose, scales, device) for one in (start.train, start.validate))
    weights = options.hankel, options.conjugate
    training = setup.size.training
    if long:
        training = replace(training, steps=training.steps * training.longer)
    found = train(net, data, held, training, weights, seed)
    ahead = setup.task.ahead if start.runs_on else options.ahead
    return Corrected(net, start.base, pose, scales, options.ahead, ahead, device), found
