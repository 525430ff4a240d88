"""make faults: inject each fault, and print the table of docs/faults.md.

python -m tests.faults.run [--times 20] [--seed 1] [--only FAULT]
"""

import argparse
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from tests.conftest import REPOSITORY
from tests.faults.bench import Bench
from tests.faults.faults import FAULTS

PAGE = REPOSITORY / "docs" / "faults.md"
BEGIN, END = "<!-- table: make faults -->", "<!-- end of table -->"
HEAD = "| fault | injected | ended right | refused clearly | right when repeated | wrong numbers |"


def main() -> None:
    """Run, print, and write the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="that each fault is injected")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(FAULTS))
    options = parser.parse_args()
    rows, bad = [HEAD, "|---|---|---|---|---|---|"], []
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        print(f"the undisturbed run took {time.monotonic() - begin:.0f} s", flush=True)
        for name, inject in FAULTS.items():
            if options.only not in (None, name):
                continue
            rng = np.random.default_rng([options.seed, zlib.crc32(name.encode())])
            tally = inject(bench, rng, options.times)
            numbers = (tally.injected, tally.right, tally.refused, tally.repaired, tally.wrong)
            rows.append(f"| {name} | " + " | ".join(map(str, numbers)) + " |")
            bad += [f"{name}: {line}" for line in tally.unclear]
            bad += [f"{name}: {tally.wrong} wrong"] * (tally.wrong > 0)
            print(f"{rows[-1]}  {time.monotonic() - begin:.0f} s", flush=True)
    print("\n".join(bad) or "no wrong number, nothing unclear")
    if options.only is None and not bad:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        words = f"Seed {options.seed}, {options.times} times each."
        table = "\n".join((BEGIN, "", *rows, "", words, END))
        PAGE.write_text(before + table + rest.partition(END)[2], encoding="utf-8")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
