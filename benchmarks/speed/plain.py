"""A prepared system as a script of a user would open it, without Mechanist."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import openmm

CONSTRAINT_TOLERANCE = 1e-6


def read(folder: str, seed: int) -> tuple[Any, Any, dict[str, Any]]:
    """System, integrator and settings of the dynamics."""
    system_folder = Path(folder) / "system"
    dynamics: dict[str, Any] = json.loads(
        (system_folder / "dynamics.json").read_text(encoding="utf-8")
    )
    system = openmm.XmlSerializer.deserialize(
        (system_folder / "system.xml").read_text(encoding="utf-8")
    )
    integrator = openmm.LangevinMiddleIntegrator(
        dynamics["temperature"], dynamics["friction"], dynamics["timestep"]
    )
    integrator.setConstraintTolerance(CONSTRAINT_TOLERANCE)
    integrator.setRandomNumberSeed(1 + seed)
    return system, integrator, dynamics


def open_context(folder: str, platform: str, seed: int) -> tuple[Any, dict[str, Any]]:
    """One context on one thread at the starting structure, and the settings of the dynamics."""
    system, integrator, dynamics = read(folder, seed)
    properties = {"Threads": "1"} if platform == "CPU" else {}
    chosen = openmm.Platform.getPlatformByName(platform)
    context = openmm.Context(system, integrator, chosen, properties)
    context.setPositions(np.array(dynamics["start"]))
    context.setVelocitiesToTemperature(dynamics["temperature"], 1 + seed)
    return context, dynamics


def masses(context: Any) -> np.ndarray:
    """Masses (N,) in dalton."""
    system = context.getSystem()
    return np.array([system.getParticleMass(i)._value for i in range(system.getNumParticles())])
