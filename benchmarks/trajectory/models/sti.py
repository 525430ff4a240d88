"""Losses of consistency from the equation of spatiotemporal information.

By delay embedding, the snapshot X^t of all variables and the delay vector Y^t = (y^t ... y^(t+L-1))
of one of them determine each other, Phi(X^t) = Y^t and X^t = Psi(Y^t) (Natl. Sci. Rev. 7, 1079
(2020); Nat. Commun. 11, 4568 (2020)). Delay vectors of neighbouring times are the columns of a
Hankel matrix and share entries. So

    Hankel      forecasts issued at t and at t + 1 for the same frame agree,
    conjugate   the present snapshot is recovered from the forecast.
"""

from torch import Tensor


def hankel(earlier: Tensor, later: Tensor) -> Tensor:
    """Mean distance of two forecasts (B, H, N, 3), the later one issued one frame after.

    Both in the same orientation; frame k + 1 of the earlier one is frame k of the later one.
    """
    apart = earlier[:, 1:] - later[:, :-1]
    return apart.square().sum(-1).add(1e-16).sqrt().mean()


def conjugate(snapshot: Tensor, again: Tensor) -> Tensor:
    """Mean square deviation of the recovered snapshot, (B, N, 3) each."""
    return (snapshot - again).square().mean()
