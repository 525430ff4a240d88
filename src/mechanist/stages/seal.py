"""Stage ``seal``: the manifest of a whole run."""

from mechanist.bookkeeping import seal as sealing
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout


def seal(layout: Layout, log: Journal) -> None:
    """Write manifest.json; a file that differs from its receipt is an error."""
    log(sealing.seal(layout))
