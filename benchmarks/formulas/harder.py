"""Thirty reaction coordinates of four kinds, harder to find than those of `truths`.

The search is not told which operations a truth has. The constants are such that a linear q in the
inputs of a truth that is not linear is worse by well above ``formula.enough``. Two truths of a
first draft were replaced, since a shorter formula is as good within ``formula.enough`` and has to
be chosen: 6 (r - s)/(r + s) is nearly 2.8 log(r/s), and 12 exp(-3 r) nearly 1.8/r.
"""

from dataclasses import dataclass
from itertools import cycle

PERIODIC = "linear and periodic"
RATIOS = "products and ratios"
NESTED = "nested and saturating"
CHANNELS = "symmetrical and two-channel"
KINDS = (PERIODIC, RATIOS, NESTED, CHANNELS)


@dataclass(frozen=True)
class Planted:
    """A planted q.

    Parameters
    ----------
    kind
        One of `KINDS`.
    form
        Text with k0, k1, ... for the constants.
    constants
        Their values.
    points, inputs
        Numbers of shooting points and of inputs.
    """

    kind: str
    form: str
    constants: tuple[float, ...]
    points: int
    inputs: int

    @property
    def text(self) -> str:
        """The formula with numbers."""
        written = self.form
        for i, value in reversed(list(enumerate(self.constants))):
            written = written.replace(f"k{i}", repr(value) if value >= 0 else f"({value!r})")
        return written


_FORMS: dict[str, list[tuple[str, tuple[float, ...]]]] = {
    PERIODIC: [
        ("k0*d1 + k1*d2 + k2*d3 + k3*r + k4", (2.0, 1.5, -1.2, 2.2, -2.5)),
        ("k0*cos(phi - k1) + k2*d1", (2.5, 0.8, 1.5)),
        ("k0*cos(2*phi - k1) + k2*sin(psi)", (2.5, 0.6, 2.0)),
        ("k0*cos(3*chi - k1) + k2*d1", (2.5, 1.1, 1.8)),
        ("k0*cos(phi - k1) + k2*cos(psi - k3)", (2.5, 2.2, 2.0, 0.7)),
        ("k0*cos(phi - k1) + k2*cos(2*psi - k3) + k4*r + k5", (2.2, 0.9, 2.0, 2.0, 1.8, -2.0)),
        ("k0*sin(phi) + k1*sin(2*phi) + k2*d2", (2.0, 1.8, 1.6)),
        ("k0*cos(phi - k1) + k2*cos(chi - k3) + k4*d1 + k5*s", (2.0, 0.5, 1.8, 1.9, 1.5, 1.6)),
    ],
    RATIOS: [
        ("k0*d1*d2 + k1*r + k2", (2.0, 2.5, -2.8)),
        ("k0*d1/r + k1*d2", (2.0, 1.6)),
        ("k0*d1*d2/r", (2.2,)),
        ("k0*r/s + k1*u/v + k2", (1.4, -1.4, 0.3)),
        ("k0*d1*sin(phi) + k1*d2*cos(psi)", (2.4, 2.2)),
        ("k0*d1/(r + k1*s) + k2*d3", (6.0, 2.0, 1.5)),
        ("k0*d1**2 + k1*d2 + k2", (1.6, 1.8, -1.6)),
    ],
    NESTED: [
        ("k0*tanh(k1*(d1 - k2)) + k3*d2", (3.0, 2.5, 0.4, 1.2)),
        ("k0*tanh(k1*(r - k2)) + k3*sin(phi)", (3.0, 4.0, 1.0, 1.5)),
        ("k0*log(r/s) + k1*d1", (3.0, 1.6)),
        ("k0*log(r/s) + k1*sin(phi) + k2", (3.2, 2.0, 0.5)),
        ("k0*exp(k1*d1) + k2*d2 + k3", (1.2, 1.1, 1.8, -1.6)),
        ("k0*tanh(k1*d1 + k2*d2 + k3)", (3.5, 1.8, -1.4, 0.5)),
        ("k0*tanh(k1*sin(phi) + k2) + k3*d1", (3.0, 2.5, 0.5, 1.2)),
        ("k0*d1*tanh(k1*d2) + k2*d3", (2.6, 2.5, 1.4)),
    ],
    CHANNELS: [
        ("k0*r + k1*s + k2*u + k3*v", (3.0, -3.0, 3.0, -3.0)),
        ("(k0*r + k1*s)/u + k2*d1", (2.5, -2.5, 1.5)),
        ("k0*tanh(k1*r + k2*s) + k3*d1", (3.0, 2.5, -2.5, 1.2)),
        ("log(exp(k0*d1 + k1) + exp(k2*d2 + k3))", (3.5, -2.0, 3.0, -1.5)),
        ("-log(exp(k0*d1 + k1) + exp(k2*sin(phi) + k3))", (3.0, -1.5, 4.0, -2.0)),
        ("log(exp(k0*d1 + k1*d2 + k2) + exp(k3*r + k4))", (3.0, 2.5, -2.0, 5.0, -7.0)),
        ("log(exp(k0*cos(phi) + k1) + exp(k2*cos(psi) + k3))", (5.0, -3.0, 5.0, -3.0)),
    ],
}

_SIZES = {
    PERIODIC: ((2000, 10), (4000, 20), (8000, 40), (20_000, 60)),
    RATIOS: ((4000, 10), (8000, 20), (20_000, 40), (8000, 60)),
    NESTED: ((4000, 10), (8000, 20), (20_000, 40), (8000, 60)),
    CHANNELS: ((4000, 10), (8000, 20), (20_000, 40), (8000, 60)),
}
"""Points and inputs, in turn."""

PLANTED = tuple(
    Planted(kind, form, constants, points, inputs)
    for kind in KINDS
    for (form, constants), (points, inputs) in zip(_FORMS[kind], cycle(_SIZES[kind]), strict=False)
)
