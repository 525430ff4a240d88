"""The child process of `mechanist.engine.apart`: times the plans of one platform."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mechanist.engine.apart import NUMBERS, answer_of
from mechanist.engine.stopwatch import time_platform
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import State, States
from mechanist.systems.forces.system_xml import parse_system
from mechanist.systems.prepared import Prepared, masses_of


def main(file: Path) -> None:
    """Read the system, time its plans, and write the timings beside it."""
    content = json.loads(file.read_text(encoding="utf-8"))
    system = parse_system(content["system"], file)
    positions = np.array(content["positions"], dtype=np.float64)
    # A row beyond the particles is that of a box.
    masses = np.zeros(len(positions))
    masses[: system.getNumParticles()] = masses_of(system)
    nothing = States(DescriptorSet(()), State("A", ()), State("B", ()))
    prepared = Prepared(
        name="",
        system=system,
        positions=positions,
        masses=masses,
        states=nothing,
        **{name: content[name] for name in NUMBERS},
    )
    timings = time_platform(prepared, content["platform"], content["seconds"], content["budget"])
    text = json.dumps([asdict(timing) for timing in timings])
    answer_of(file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
