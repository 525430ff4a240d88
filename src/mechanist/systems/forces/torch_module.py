"""Force laws of PyTorch: a TorchScript module from positions to energies, many replicas at once."""

from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.law import ForceLawError
from mechanist.systems.user_code import announce


class TorchModule:
    """Energies by a module, and forces as their gradient.

    Parameters
    ----------
    file, digest
        The file and its hash.

    Raises
    ------
    SystemBuildError
        If the file is no TorchScript module.
    """

    batched = True

    def __init__(self, file: str, digest: str) -> None:
        import torch

        announce(Path(file), digest)
        self._file = file
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self._module = torch.jit.load(file, map_location=self._device)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            raise SystemBuildError(
                file, f"is not a TorchScript module: {str(error)[:200]}"
            ) from None
        self._module.eval()
        kinds = [p.dtype for p in self._module.parameters() if p.dtype.is_floating_point]
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
