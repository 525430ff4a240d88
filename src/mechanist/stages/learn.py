"""Stage ``learn``: the committor model of one round, trained on all shots so far."""

from dataclasses import asdict

import numpy as np

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor import learn as model_of_round
from mechanist.committor.gather import gather_paths, gather_shots
from mechanist.committor.network import save
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.statistics.held_out import held_out
from mechanist.systems.prepared import load, load_inputs

TRAINING_STREAM = 2**33
"""Stream of random numbers of the training; no chain has this number."""


def learn(config: Config, layout: Layout, number: int, threads: int, log: Journal) -> None:
    """Train on the shots of rounds 0 to ``number``; write the model and training.json."""
    log.load("torch")
    prepared, inputs = load(layout), load_inputs(layout)
    workers = config.sampling.workers
    shots = gather_shots(layout, range(number + 1), workers, inputs, prepared.atoms)
    apart = held_out(shots.data.chain, config.learn.held_out_every)
    rng = np.random.default_rng(shot_seed(config.seed, TRAINING_STREAM, number))
    log(f"round {number}: training on {(~apart).sum():,} shots, {len(inputs)} descriptors")
    with log.work(TRAINING):
        model, record = model_of_round.learn(
            shots.data, apart, config.learn, inputs.feature_names, rng, threads, log
        )
    paths = gather_paths(layout, [number], workers, prepared.atoms)
    files = layout.round(number)
    save(model_of_round.with_density(model, paths, inputs), files.model, files.model_card)
    write_json(files.training, asdict(record))
