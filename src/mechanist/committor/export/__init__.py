"""The committor network for other programs: Python with an OpenMM force, and PLUMED input."""

import inspect
from pathlib import Path

from mechanist.bookkeeping.files import write_json, write_text
from mechanist.committor.export import measures, standalone
from mechanist.committor.export.plumed import plumed_network
from mechanist.committor.network import Committor
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.plumed_actions import PLUMED

__all__ = ["EXPORTS", "plumed_network", "python_network", "write_network"]

EXPORTS = {"python": "network.py", "inputs": "inputs.json", "plumed": "network.plumed"}
"""Names of the files, by what they are for."""


def python_network() -> str:
    """Text of network.py: `mechanist.committor.export.standalone` with what it imports."""
    own, other = (inspect.getsource(module) for module in (standalone, measures))
    line = next(line for line in own.splitlines(True) if line.startswith("from mechanist"))
    body = other[other.index("from numpy.typing") :]
    above = other[other.index("from collections.abc") : other.index("from typing")]
    own = own.replace("from pathlib", f"{above}from pathlib", 1).replace(
        "numpy as np\n\n", "numpy as np\n", 1
    )
    return own.replace(line, f"{body}\n", 1)


def write_network(model: Committor, descriptors: DescriptorSet, folder: Path) -> None:
    """Write a network for Python, OpenMM and PLUMED into the folder of its model.

    network.py reads model.safetensors and model.json, which must be there, and inputs.json. Where
    PLUMED cannot compute an input, network.plumed is a comment of one line that says why.
    """
    write_json(folder / EXPORTS["inputs"], descriptors.to_json())
    write_text(folder / EXPORTS["python"], python_network())
    fault = PLUMED.fault(descriptors.descriptors)
    text = f"# {fault}\n" if fault else plumed_network(model, descriptors)
    write_text(folder / EXPORTS["plumed"], text)
