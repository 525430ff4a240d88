"""Engines of the symbolic search, by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.settings.formula import FormulaSettings

Array = NDArray[np.float64]
Log = Callable[[str], None]


class Backend(Protocol):
    """Searches expressions that fit numbers."""

    @property
    def name(self) -> str:
        """As in ``formula.backend`` of the settings."""

    def search(
        self,
        inputs: Array,
        columns: Sequence[str],
        target: Array,
        weights: Array,
        settings: FormulaSettings,
        seed: int,
        threads: int,
        log: Log,
    ) -> list[str]:
        """Candidate expressions, short and long, good ones of each length.

        Parameters
        ----------
        inputs
            (N, P).
        columns
            Text of each input, which the expressions hold where they use it.
        target
            (N,) q of the network.
        weights
            (N,) how much the error of each row counts.
        settings
            Operators, sizes and the ceiling on time.
        seed
            The result depends on this, not on ``threads``.
        threads
            Processor cores.
        log
            Takes one line of progress.

        Returns
        -------
        list of str
            Text that `mechanist.formula.expression.parse` reads.
        """


def _operon() -> Backend:
    from mechanist.formula.operon import Operon

    return Operon()


BACKENDS: Mapping[str, Callable[[], Backend]] = {"operon": _operon}
"""Loaders by name; a further engine is one entry here and one name in the settings."""
