"""4-D networks on disk."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import read_model, write_model
from mechanist.errors import DataError
from mechanist.trajectory.propagator.gicnet import EnergyNet, Gicnet, GicnetMotion
from mechanist.trajectory.propagator.zmatrix import Zmatrix
from mechanist.trajectory.superres.frame import Pose

FORMAT = 2
"""Format 1 had the published form, without standardised inputs."""


def save(motion: GicnetMotion, weights_path: Path, json_path: Path) -> None:
    """Write an ensemble of `Gicnet` with its energy network."""
    tensors = {"leans": motion.zmatrix.references, "reference": motion.pose.reference}
    tensors["masses"] = motion.masses
    kept = [member for member in motion.members if isinstance(member, Gicnet)]
    for number, member in enumerate(kept):
        tensors |= {f"member{number}.{k}": v.numpy() for k, v in member.state_dict().items()}
    tensors |= {f"energy.{k}": v.numpy() for k, v in motion.energy.state_dict().items()}
    write_model(
        weights_path,
        json_path,
        tensors,
        FORMAT,
        {
            "meaning": "4-D networks: internal coordinates at a time, and their energy",
            "units": "reference in nm, masses in Da; networks in Angstrom, radians, fs and kJ/mol",
            "members": len(kept),
            "widths": list(kept[0].widths),
            "energy_widths": list(motion.energy.widths),
            "reach_ps": motion.reach_ps,
            "explained": motion.explained,
        },
    )


def load(weights_path: Path, json_path: Path) -> GicnetMotion:
    """Read an ensemble written by `save`.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not match.
    """
    card, tensors = read_model(weights_path, json_path, FORMAT, "card of 4-D networks")
    try:
        with damage_reported(json_path):
            return _built(card, {name: torch.tensor(one) for name, one in tensors.items()})
    except RuntimeError:
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both") from None


def _built(card: dict[str, Any], tensors: dict[str, Tensor]) -> GicnetMotion:
    """The ensemble; torch raises RuntimeError for shapes that do not match."""
    zmatrix, reach = Zmatrix(tensors["leans"].numpy()), float(card["reach_ps"])
    atoms = len(zmatrix.references)
    members = [
        Gicnet(atoms, card["widths"], 1e3 * reach).double() for _ in range(int(card["members"]))
    ]
    for number, member in enumerate(members):
        member.load_state_dict(_part(tensors, f"member{number}."))
    energy = EnergyNet(tensors["energy.inside"], card["energy_widths"]).double()
    energy.load_state_dict(_part(tensors, "energy."))
    reference, masses = tensors["reference"].numpy(), tensors["masses"].numpy()
    if not members or reference.shape != (atoms, 3) or masses.shape != (atoms,):
        raise ValueError("shapes do not fit")
    explained = float(card["explained"])
    return GicnetMotion(tuple(members), energy, zmatrix, Pose(reference, masses), reach, explained)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
