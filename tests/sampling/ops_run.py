"""A short run of OpenPathSampling on alanine dipeptide, in an environment that has it.

python ops_run.py FOLDER MOVES ONE_WAY

FOLDER holds system/ and first_path.npy; written are ops.nc and what OpenPathSampling itself says of
each trial: state of its first and last frame.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.speed import ops_job

NAMES = {"A": "C7eq", "B": "C7ax"}


def main():
    folder, moves, one_way = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True"
    job = {"folder": str(folder), "seed": 1, "store": True, "mdtraj_torsions": False}
    np.random.seed(1)  # noqa: NPY002 - OpenPathSampling draws from this stream
    with contextlib.redirect_stdout(io.StringIO()):
        sampler, storage, _ = ops_job.make_sampler(job | {"scratch": str(folder)})
        if one_way:
            sampler = with_one_way(sampler, storage)
        sampler.run(moves)
        # A set, in any order.
        states = {state.name: state for state in sampler.move_scheme.network.all_states}
        told = [
            ["".join(k for k, name in NAMES.items() if states[name](trial[end])) for end in (0, -1)]
            for step in storage.steps
            if step.mccycle > 0
            for trial in [step.change.canonical.trials[0].trajectory]
        ]
    storage.close()
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def with_one_way(sampler, storage):
    import openpathsampling as paths

    old = sampler.move_scheme
    engine = old.movers["shooting"][0].movers[0].engine
    scheme = paths.OneWayShootingMoveScheme(old.network, engine=engine)
    found = scheme.initial_conditions_from_trajectories(sampler.sample_set[0].trajectory)
    sampler = paths.PathSampling(storage=storage, move_scheme=scheme, sample_set=found)
    sampler.output_stream = io.StringIO()
    return sampler


if __name__ == "__main__":
    main()
