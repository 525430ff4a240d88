"""The command line with an OpenMM whose device is lost after so many calls of ``step``.

    python tests/faults/dying.py CALLS STAGE ...

It stands where the driver of a GPU would report: in the integrator's call.
"""

import sys
from typing import Any

import openmm

from mechanist.cli.main import main

MESSAGE = "Error downloading array posq: CUDA_ERROR_LAUNCH_FAILED (719)"


def lose_device(calls: int) -> None:
    """Let the integrator work for so many calls."""
    left = [calls]
    step = openmm.LangevinMiddleIntegrator.step

    def failing(self: Any, count: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise openmm.OpenMMException(MESSAGE)
        step(self, count)

    openmm.LangevinMiddleIntegrator.step = failing


if __name__ == "__main__":
    lose_device(int(sys.argv[1]))
    sys.argv = ["mechanist", *sys.argv[2:]]
    main()
