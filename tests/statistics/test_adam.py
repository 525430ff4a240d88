"""Steps of Adam against those of the paper."""

import numpy as np
import torch

from mechanist.statistics.adam import Adam, adam_of

SHAPES = ((3, 5, 1), (3, 5, 4), (3, 1, 4))


def started(seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def loss(parameters, step):
    # Curvatures from 1e-3 to 1e2, and a gradient that is zero at first.
    late = 0.0 if step < 3 else 1.0
    wide = (1e-3 * parameters[0] ** 2).sum() + (100 * (parameters[1] - 0.3) ** 4).sum()
    return wide + late * (parameters[2] * parameters[0].sum()).sum().sin()


def test_steps_are_those_of_the_paper():
    # Algorithm 1, in double precision; single precision has 6e-8, and 40 steps add up.
    adam = Adam(started(1))
    values = [one.double().numpy() for one in started(1)]
    means, squares = ([np.zeros(shape) for shape in SHAPES] for _ in range(2))
    for step in range(1, 41):
        rate = 0.02 / step
        leaves = [torch.tensor(one, requires_grad=True) for one in values]
        loss(leaves, step).backward()
        adam.descend(loss(adam.parameters, step), rate)
        for one, leaf, mean, square in zip(values, leaves, means, squares, strict=True):
            slope = leaf.grad.numpy()
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            size = np.sqrt(square / (1 - 0.999**step)) + 1e-8
            one -= rate * mean / (1 - 0.9**step) / size
    for parameter, one in zip(adam.parameters, values, strict=True):
        assert np.abs(parameter.detach().numpy() - one).max() < 1e-5


def test_initial_values_are_left_alone():
    before = started(2)
    adam = Adam(before)
    adam.descend(loss(adam.parameters, 5), 0.1)
    for one, other, moved in zip(before, started(2), adam.parameters, strict=True):
        assert torch.equal(one, other)
        assert not torch.equal(one, moved)


def test_a_hook_on_a_parameter_masks_its_gradient():
    adam = Adam(started(3))
    first = adam.parameters[1].detach().clone()
    mask = torch.zeros(SHAPES[1])
    mask[0] = 1
    adam.parameters[1].register_hook(mask.__mul__)
    adam.descend(loss(adam.parameters, 5), 0.1)
    changed = adam.parameters[1] != first
    assert changed[0].all()
    assert not changed[1:].any()


def test_a_network_is_trained_in_place_as_by_torch():
    torch.manual_seed(4)
    own = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    theirs.load_state_dict(own.state_dict())
    x = torch.randn(7, 3)
    steps, other = adam_of(own), torch.optim.Adam(theirs.parameters(), lr=0.01)
    for _ in range(20):
        # Gradients far above and below the norm to which they are shortened.
        steps.descend((own(x) ** 2).sum(), 0.01, 0.5)
        other.zero_grad()
        (theirs(x) ** 2).sum().backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        other.step()
    for one, two in zip(own.parameters(), theirs.parameters(), strict=True):
        # Single precision has 6e-8, and 20 steps of up to 0.01 add up.
        assert torch.allclose(one, two, atol=1e-5)
