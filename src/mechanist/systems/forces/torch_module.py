"""Force laws of PyTorch: a module from positions to energies, many replicas at once."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.law import ForceLawError
from mechanist.systems.user_code import announce

EXPORTED = ".pt2"
"""Suffix of files of torch.export; others are TorchScript."""


class TorchModule:
    """Energies by a module, and forces as their gradient.

    Parameters
    ----------
    file, digest
        The file and its hash.

    Raises
    ------
    SystemBuildError
        If the file is no module of TorchScript, or (pt2) of torch.export.
    """

    batched = True

    def __init__(self, file: str, digest: str) -> None:
        import torch

        announce(Path(file), digest)
        self._file = file
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._module = loaded(file, self._device)
        numbers = [*self._module.parameters(), *self._module.buffers()]
        kinds = [number.dtype for number in numbers if number.dtype.is_floating_point]
        self._kind = kinds[0] if kinds else torch.float64

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """See `mechanist.systems.forces.law.ForceLaw`."""
        import torch

        points = torch.tensor(positions, dtype=self._kind, device=self._device, requires_grad=True)
        try:
            energies = self._module(points)
            if not isinstance(energies, torch.Tensor) or energies.shape != points.shape[:1]:
                found = getattr(energies, "shape", type(energies).__name__)
                raise SystemBuildError(
                    self._file,
                    f"returns {found if isinstance(found, str) else tuple(found)} for positions of"
                    f" shape {positions.shape}; must be energies of shape ({len(positions)},)",
                )
            (gradient,) = torch.autograd.grad(energies.sum(), points)
        except RuntimeError as error:
            raise ForceLawError(self._file, f"raised {str(error)[-200:]}") from None
        return (
            energies.detach().to("cpu", torch.float64).numpy(),
            -gradient.to("cpu", torch.float64).numpy().astype(np.float64),
        )

    def forget(self) -> None:
        """Do nothing: a module has no memory."""


def loaded(file: str, device: Any) -> Any:
    """The module of a file of torch.export (pt2) or TorchScript, on a device.

    Raises
    ------
    SystemBuildError
        If the file is none.
    """
    import torch

    exported = Path(file).suffix == EXPORTED
    # PyTorch logs what it then raises, at length.
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        if exported:
            return torch.export.load(file).module().to(device)
        return torch.jit.load(file, map_location=device).eval()  # type: ignore[no-untyped-call]
    except Exception as error:
        kind = "module of torch.export" if exported else "TorchScript module"
        reason = " ".join(str(error).split())[:200]
        raise SystemBuildError(file, f"is not a {kind}: {reason}") from None
    finally:
        logging.disable(level)
