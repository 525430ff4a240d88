"""make fuzz: more than 100,000 inputs for everything that is read; prints how many were refused.

At the end 5,000 mutations of structures and topologies, of which none may be accepted with another
energy than plain OpenMM reads.

python -m tests.fuzz.run [--share 1.0] [--seed 1]
"""

import argparse
import faulthandler
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from mechanist.errors import MechanistError
from tests.fuzz.inputs import inputs_of
from tests.fuzz.molecules import fuzz_molecules, table
from tests.fuzz.readers import Reader, readers

EXAMPLES = {
    **{"config.yaml": 7_000, "system.yaml": 5_000, "shots.parquet": 12_000},
    **{"paths.parquet": 8_000, "paths.trr": 16_000, "model.safetensors": 22_000},
    **{"model.json": 7_000, "dynamics.json": 3_000, "inputs.json": 6_000, "any.json": 8_000},
    **{"assessment.json": 6_000, "formula.json": 2_000, "relevance.csv": 4_000},
    **{"system.xml": 1_000, "own.npz": 8_000, "md17.npz": 8_000},
    **{"bridge.safetensors": 2_000, "bridge.json": 3_000},
}
"""Inputs of each reader; in all 128,000."""

MUTATED = 5_000
"""Mutations of structures and topologies."""

STRUCTURED = (".yaml", ".json")


def fuzz(name: str, reader: Reader, examples: int, number: int) -> Counter[str]:
    """Feed a reader; whatever it raises but `MechanistError` ends the test with the input.

    Returns
    -------
    Counter
        How many were ``refused`` and ``read``.
    """
    told: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs_of(reader.samples, name.endswith(STRUCTURED)))
    def feed(content: bytes) -> None:
        try:
            reader(content)
        except MechanistError as error:
            told["refused"] += 1
            told["several lines"] += "\n" in str(error)
        else:
            told["read"] += 1

    feed()
    assert not told.pop("several lines", 0), f"{name}: an error of several lines"
    return told


def main() -> None:
    """Run all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one reader, or molecules")
    options = parser.parse_args()
    faulthandler.enable()
    total: Counter[str] = Counter()
    mutations = round(options.share * MUTATED)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as here:
        for name, reader in readers(Path(here)).items():
            if options.only not in (None, name):
                continue
            begin = time.monotonic()
            told = fuzz(name, reader, max(1, round(options.share * EXAMPLES[name])), options.seed)
            total += told
            seconds = time.monotonic() - begin
            print(f"{name:20} {told['read']:7} read {told['refused']:7} refused {seconds:6.0f} s")
            sys.stdout.flush()
        print(f"{total.total():,} inputs, no traceback")
        if options.only in (None, "molecules"):
            begin = time.monotonic()
            work = Path(here) / "molecules"
            work.mkdir()
            warnings.simplefilter("ignore")
            found = fuzz_molecules(mutations, options.seed, work)
            print(table(found), *found.faults, sep="\n")
            done = found.counts.total()
            print(
                f"{done:,} mutations, {len(found.faults)} faults, {time.monotonic() - begin:.0f} s"
            )
            raise SystemExit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
