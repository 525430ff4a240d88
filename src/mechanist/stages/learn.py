"""Stage ``learn``: the committor model of one round, trained on all shots so far."""

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor import learn as committor
from mechanist.settings.config import Config


def learn(config: Config, layout: Layout, number: int, threads: int, log: Journal) -> None:
    """Train on the shots of rounds 0 to ``number``; write the model and training.json."""
    committor.learn(config, layout, number, threads, log)
