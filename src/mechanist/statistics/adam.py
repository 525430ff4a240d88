"""Gradient steps of Adam (Kingma and Ba, ICLR (2015), arXiv:1412.6980) on all parameters at once.

The class `torch.optim.Adam` takes the same steps parameter by parameter and loads the compiler of
torch before the first, which for networks as small as these is a third of the training.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FIRST, SECOND, SMALLEST = 0.9, 0.999, 1e-8
"""beta_1, beta_2 and epsilon: those of the paper."""


def adam_of(net: "torch.nn.Module") -> "Adam":
    """Steps that change the parameters of a network in place."""
    own = list(net.parameters())
    steps = Adam(own)
    for parameter, leaf in zip(own, steps.parameters, strict=True):
        parameter.data, parameter.grad = leaf.data, leaf.grad
    return steps


class Adam:
    """Steps for a list of parameters, whose values and gradients lie side by side in two vectors.

    Parameters
    ----------
    parameters
        Initial values, of any shapes. They are not changed; the attribute is.

    Attributes
    ----------
    parameters
        Leaves that require gradients, in the order given.
    """

    def __init__(self, parameters: Sequence["torch.Tensor"]) -> None:
        import torch

        shapes = [parameter.shape for parameter in parameters]
        sizes = [shape.numel() for shape in shapes]
        self._values = torch.cat([one.detach().reshape(-1) for one in parameters])
        self._gradient, self._mean, self._square = (
            torch.zeros_like(self._values) for _ in range(3)
        )
        self._steps = torch.zeros(())
        parts = (torch.split(self._values, sizes), torch.split(self._gradient, sizes), shapes)
        self.parameters = []
        for values, gradient, shape in zip(*parts, strict=True):
            parameter = values.view(shape).requires_grad_(True)
            parameter.grad = gradient.view(shape)
            self.parameters.append(parameter)

    def descend(self, loss: "torch.Tensor", rate: float, longest: float = float("inf")) -> None:
        """One step with learning rate ``rate`` down the gradient of ``loss``, a scalar.

        The gradient is shortened to ``longest`` if its norm is larger.
        """
        import torch
        from torch.optim.adam import adam

        self._gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            if longest < float("inf"):
                self._gradient *= (longest / (self._gradient.norm() + 1e-6)).clamp(max=1.0)
            adam(
                [self._values],
                [self._gradient],
                [self._mean],
                [self._square],
                [],
                [self._steps],
                foreach=False,
                amsgrad=False,
                beta1=FIRST,
                beta2=SECOND,
                lr=rate,
                weight_decay=0.0,
                eps=SMALLEST,
                maximize=False,
            )
