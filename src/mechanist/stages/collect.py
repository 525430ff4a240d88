"""Stage ``collect``: all shots, all transition paths and the final model in one place.

The model is also written for Python, OpenMM and PLUMED.
"""

from mechanist.bookkeeping.files import atomic, copy
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.export import write_network
from mechanist.committor.gather import load_round_model
from mechanist.sampling.described import described_by
from mechanist.sampling.records.collect import collect_paths, collect_shots
from mechanist.settings.config import Config
from mechanist.systems.prepared import load, load_inputs


def collect(config: Config, layout: Layout, last: int) -> None:
    """Join rounds 0 to ``last``; only paths with a weight are collected."""
    workers = range(config.sampling.workers)
    jobs = [layout.round(number).worker(worker) for number in range(last + 1) for worker in workers]
    collect_shots(jobs, layout.shots)
    prepared, files = load(layout), layout.paths
    described = described_by(layout, prepared)
    atoms = collect_paths(
        jobs, prepared.atoms, files.paths, files.index, described, prepared.frame_box
    )
    source, target = layout.round(last), layout.committor
    copy(source.model, target.model)
    copy(source.model_card, target.model_card)
    inputs = load_inputs(layout)
    write_network(load_round_model(layout, last, inputs), inputs, target.folder)
    topology = layout.paths.folder / "topology.pdb"
    if atoms is None:
        copy(layout.topology, topology)
    else:
        import mdtraj

        with atomic(topology) as temporary:
            mdtraj.load(str(layout.topology)).atom_slice(atoms).save_pdb(str(temporary))
