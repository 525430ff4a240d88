import numpy as np
import pytest

from mechanist.committor.data import ShotData


def planted(rng, shots=4000, chains=40):
    """Outcomes of q = 2 x0 - x1^2 + 1 with a twin of x0, an idle input and a constant one."""
    x = rng.normal(size=(shots, 5))
    x[:, 2] = x[:, 0] + 0.3 * rng.normal(size=shots)
    x[:, 4] = 1.0
    q = 2 * x[:, 0] - x[:, 1] ** 2 + 1
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
    chain = np.repeat(np.arange(chains), shots // chains)
    return ShotData(x, 2 - n_b, n_b, chain), q


@pytest.fixture
def shots(rng):
    return planted(rng)
