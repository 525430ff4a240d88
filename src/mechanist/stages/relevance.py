"""Stage ``relevance``: descriptors ranked by importance."""

import numpy as np

from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import write_text
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import gather_shots, load_round_model
from mechanist.committor.relevance import relevance as rank
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.statistics.held_out import held_out
from mechanist.systems.prepared import load, load_inputs

RELEVANCE_STREAM = 2**33 + 1


def relevance(config: Config, layout: Layout, last: int, log: Journal) -> None:
    """Write relevance.csv, most important descriptor first, by the model of round ``last``."""
    prepared, inputs = load(layout), load_inputs(layout)
    model = load_round_model(layout, last, inputs)
    workers = config.sampling.workers
    data = gather_shots(layout, range(last + 1), workers, inputs, prepared.atoms).data
    apart = held_out(data.chain, config.learn.held_out_every)
    rng = np.random.default_rng(shot_seed(config.seed, RELEVANCE_STREAM, last))
    test, train = data.subset(apart), data.subset(~apart)
    repeats = config.learn.relevance_repeats
    with log.work(TRAINING):
        rows = rank(model, test, inputs.owners, inputs.names, repeats, rng, log, train)
    table = [
        [row.descriptor, *(f"{x:.6g}" for x in (row.importance, row.spread, row.marginal))]
        for row in rows
    ]
    header = ["descriptor", "importance", "spread", "marginal"]
    write_text(layout.relevance, csv_text(header, table))
