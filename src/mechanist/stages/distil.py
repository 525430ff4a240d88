"""Stages ``relevance`` and ``distil``: which inputs matter, and the formula in them."""

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.csv_files import csv_text, read_csv
from mechanist.bookkeeping.files import write_text
from mechanist.bookkeeping.journal import SEARCH, TRAINING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.data import held_out
from mechanist.committor.gather import gather_shots, load_round_model
from mechanist.committor.relevance import relevance
from mechanist.errors import DataError
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load, load_formula_inputs, load_inputs

RELEVANCE_STREAM = 2**33 + 1

LIBRARIES = {"operon": "pyoperon.sklearn"}
"""What engines import into this process: loaded before the time of the search is taken."""


def rank_inputs(config: Config, layout: Layout, last: int, log: Journal) -> None:
    """Write relevance.csv, most important descriptor first."""
    prepared, inputs = load(layout), load_inputs(layout)
    model = load_round_model(layout, last, inputs)
    workers = config.sampling.workers
    data = gather_shots(layout, range(last + 1), workers, inputs, prepared.atoms).data
    out = held_out(data.chain, config.learn.held_out_every)
    rng = np.random.default_rng(shot_seed(config.seed, RELEVANCE_STREAM, last))
    with log.work(TRAINING):
        rows = relevance(
            model,
            data.subset(out),
            inputs.owners,
            inputs.names,
            config.learn.relevance_repeats,
            rng,
            log,
            data.subset(~out),
        )
    table = [
        [row.descriptor, *(f"{x:.6g}" for x in (row.importance, row.spread, row.marginal))]
        for row in rows
    ]
    header = ["descriptor", "importance", "spread", "marginal"]
    write_text(layout.relevance, csv_text(header, table))


def read_relevance(layout: Layout, inputs: DescriptorSet) -> list[str]:
    """Names of descriptors, most important first."""
    names = [row["descriptor"] for row in read_csv(layout.relevance, ["descriptor"])]
    if sorted(names) != sorted(inputs.names):
        raise DataError(layout.relevance, f"ranks other inputs than {layout.inputs}")
    return names


def make_formula(config: Config, layout: Layout, last: int, threads: int, log: Journal) -> None:
    """Write formulas.csv, formula.json and the formula for other programs."""
    from mechanist.formula.data import FormulaData
    from mechanist.formula.distil import distil, write
    from mechanist.formula.search.engines import choose

    engines = choose(config.formula.backend).names
    log.load("sympy", *(LIBRARIES[name] for name in engines if name in LIBRARIES))
    prepared, inputs, known = load(layout), load_inputs(layout), load_formula_inputs(layout)
    model = load_round_model(layout, last, inputs)
    workers = config.sampling.workers
    shots = gather_shots(layout, range(last + 1), workers, known, prepared.atoms)
    q = model.q(inputs.features(shots.values[:, : len(inputs)]))
    apart = held_out(shots.data.chain, config.learn.held_out_every)
    with log.work(SEARCH):
        ranked = allowed_inputs(config, read_relevance(layout, inputs), known)
        of_states = prepared.states.descriptors.names
        train = shots.values[~apart], q[~apart]
        names = formula_names(config, ranked, of_states, inputs, known, *train, log)
        chosen = known.select(names)
        columns = [known.names.index(name) for name in names]
        data = FormulaData(
            columns=chosen.feature_names,
            values=chosen.features(shots.values[:, columns]),
            q=q,
            n_a=shots.data.n_a,
            n_b=shots.data.n_b,
            chain=shots.data.chain,
            held_out=apart,
            units={d.name: d.unit for d in chosen.descriptors},
            further=tuple(name for name in names if name not in ranked[: config.formula.inputs]),
        )
        result = distil(data, config.formula, config.seed, threads, log)
    write(result, layout.root, chosen)


def formula_names(
    config: Config,
    ranked: list[str],
    of_states: tuple[str, ...],
    inputs: DescriptorSet,
    known: DescriptorSet,
    values: NDArray[np.float64],
    q: NDArray[np.float64],
    log: Journal,
) -> list[str]:
    """Descriptors for the search: the most relevant inputs, and what adds to them.

    Inputs that define the states are always among them: of descriptors that are as good as each
    other, those that the user thinks in make the better formula.

    Parameters
    ----------
    config, log
        Section ``formula`` is read; one line is said.
    ranked
        Names that are allowed, inputs by relevance first.
    of_states
        Names of the descriptors that define the states.
    inputs, known
        What the network sees, and that with what is for formulas alone.
    values, q
        (N, D) of ``known`` and (N,) at training points.
    """
    from mechanist.formula.search.screen import screen

    most = config.formula.inputs
    relevant = [name for name in ranked if name in inputs.names]
    first = [n for i, n in enumerate(relevant) if i < most or n in of_states]
    further = [name for name in ranked if name not in inputs.names]
    if not further:
        return first
    pool = known.select([*first, *further])
    columns = [known.names.index(name) for name in pool.names]
    rng = np.random.default_rng(shot_seed(config.seed, RELEVANCE_STREAM + 1, 0))
    features = pool.features(values[:, columns])
    tie = config.formula.tie
    found = screen(features, pool.owners.tolist(), q, len(first), most, tie, rng)
    more = [pool.names[d] for d in found]
    log(f"of {len(further)} descriptors for formulas alone: {', '.join(more) or 'none'}")
    return [*first, *more]


def allowed_inputs(config: Config, ranked: list[str], known: DescriptorSet) -> list[str]:
    """Descriptors that formula.allowed lets pass: those ranked first, then those not ranked."""
    every = [*ranked, *(name for name in known.names if name not in ranked)]
    if config.formula.allowed is None:
        return every
    unknown = [name for name in config.formula.allowed if name not in known.names]
    if unknown:
        raise DataError("config.yaml", f"formula.allowed: {unknown[0]!r}: no such input descriptor")
    return [name for name in every if name in config.formula.allowed]
