"""Training of the networks of table T4 on one trajectory."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.trajectory.measure.forecast_baselines import Egnn, Lstm, Transformer
from benchmarks.trajectory.measure.forecast_setup import Setup
from benchmarks.trajectory.models.corrected import Corrected
from benchmarks.trajectory.models.network import Forecast
from benchmarks.trajectory.models.options import Options
from benchmarks.trajectory.models.training import Answered, lessons, scales_of, train
from mechanist.trajectory.forecast.bases import Base


@dataclass(frozen=True)
class Ground:
    """A base with what it forecasts for the windows to learn from and to choose by."""

    base: Base
    train: Answered
    validate: Answered


def ground(base: Base, setup: Setup) -> Ground:
    """Ask a base for all windows."""
    windows = (setup.many, setup.validate)
    parts = [Answered(one, base(one.history, setup.task.ahead)) for one in windows]
    return Ground(base, parts[0], parts[1])


def forecaster(
    options: Options, start: Ground, setup: Setup, seed: int, device: str
) -> tuple[Corrected, list[float]]:
    """A trained attention network on a base, and its errors while it learned."""

    def make() -> nn.Module:
        numbers, hops = torch.from_numpy(setup.numbers), torch.from_numpy(setup.hops)
        return Forecast(options, setup.task.known, numbers, hops)

    return _trained(make, options, start, setup, seed, device, even=False)


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

    plain = Options(ahead=ahead, hankel=0.0, conjugate=0.0)
    return _trained(make, plain, start, setup, seed, device, even=kind == "LSTM")


def _trained(
    make: Callable[[], nn.Module],
    options: Options,
    start: Ground,
    setup: Setup,
    seed: int,
    device: str,
    even: bool,
) -> tuple[Corrected, list[float]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make().to(device)
    pose = setup.pose()
    scales = scales_of(start.train, setup.numbers, options.ahead, even)
    data, held = (lessons(one, pose, scales, device) for one in (start.train, start.validate))
    weights = options.hankel, options.conjugate
    found = train(net, data, held, setup.size.training, weights, seed)
    return Corrected(net, start.base, pose, scales, options.ahead, device), found
