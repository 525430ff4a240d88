"""Stage ``distil``: the reaction coordinate as a formula."""

import numpy as np

from mechanist.bookkeeping.csv_files import read_csv
from mechanist.bookkeeping.journal import SEARCH, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import gather_shots, load_round_model, sample_path_frames
from mechanist.errors import DataError
from mechanist.formula.data import FormulaData
from mechanist.formula.distil import distil as find_formulas
from mechanist.formula.inputs import allowed_inputs, formula_names, preferred_names
from mechanist.formula.search.engines import choose_engines
from mechanist.formula.store import write_formulas
from mechanist.sampling.outside.write_run import read_imported
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.statistics.held_out import held_out
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.prepared import load, load_formula_inputs, load_inputs

SCREEN_STREAM = 2**33 + 2

PATH_FRAMES = 20_000
"""Frames of paths on which a formula must be finite."""


def distil(config: Config, layout: Layout, last: int, threads: int, log: Journal) -> None:
    """Write formulas.csv, formula.json and the exports, by all shots up to round ``last``."""
    log.load("sympy", *choose_engines(config.formula.backend).libraries)
    prepared, inputs, known = load(layout), load_inputs(layout), load_formula_inputs(layout)
    model = load_round_model(layout, last, inputs)
    workers = config.sampling.workers
    shots = gather_shots(layout, range(last + 1), workers, known, prepared.atoms)
    q = model.q(inputs.features(shots.values[:, : len(inputs)]))
    apart = held_out(shots.data.chain, config.learn.held_out_every)
    frames = sample_path_frames(layout, range(last + 1), workers, prepared.atoms, PATH_FRAMES)
    # Imported shots may have no paths: then formulas must be finite at the points.
    on_paths = known.values(frames) if len(frames) else shots.values
    of_states = prepared.states.descriptors.names
    imported = read_imported(layout)
    table = imported is not None and imported.system is None
    # All columns of a table have names by the user.
    named = () if table else tuple(load_system(system_folder(config.system)).descriptors)
    preferred = preferred_names(config.formula, named, known)
    rng = np.random.default_rng(shot_seed(config.seed, SCREEN_STREAM, 0))
    with log.work(SEARCH):
        allowed = allowed_inputs(config.formula, read_ranking(layout, inputs), known)
        train = shots.values[~apart], q[~apart]
        always = [*of_states, *preferred]
        names = formula_names(config.formula, allowed, always, inputs, known, *train, rng, log)
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
            frame_values=chosen.features(on_paths[:, columns]),
            frame_q=model.q(inputs.features(on_paths[:, : len(inputs)])),
            further=tuple(name for name in names if name not in allowed[: config.formula.inputs]),
            preferred=tuple(name for name in preferred if name in names),
        )
        result = find_formulas(data, config.formula, config.seed, threads, log)
    write_formulas(result, layout.root, chosen)


def read_ranking(layout: Layout, inputs: DescriptorSet) -> list[str]:
    """Names of descriptors from relevance.csv, most important first."""
    names = [row["descriptor"] for row in read_csv(layout.relevance, ["descriptor"])]
    if sorted(names) != sorted(inputs.names):
        raise DataError(layout.relevance, f"ranks other inputs than {layout.inputs}")
    return names
