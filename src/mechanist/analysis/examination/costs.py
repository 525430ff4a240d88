"""What shots of a system cost in time and memory."""

import time
from dataclasses import dataclass

import numpy as np

from mechanist.engine.hardware import free_memory
from mechanist.engine.plan import POOL, Plan, open_slots
from mechanist.engine.trial import Trial
from mechanist.sampling.chains.job_memory import frames_needed
from mechanist.sampling.chains.moves import FRAME_BYTES
from mechanist.systems.descriptors.states import States
from mechanist.systems.prepared import Prepared

BATCH = 32
"""Frames that are labelled together in the timing."""


@dataclass(frozen=True)
class Costs:
    """Time and memory of shots.

    Parameters
    ----------
    steps_per_second
        MD steps of a job, summed over its copies.
    half_steps
        MD steps of the longest half-shot.
    shot_seconds
        Duration of the longest two-way shot.
    contexts, chains
        OpenMM contexts and Markov chains of a job.
    context_bytes
        Main memory of one context, as measured.
    frame_bytes
        Size of a stored frame.
    needed_bytes
        Memory of a job whose paths are all as long as the limit allows.
    free_bytes
        Memory that is free now.
    label_share
        Time to find the state of a frame, relative to the MD steps of a stride.
    """

    steps_per_second: float
    half_steps: int
    shot_seconds: float
    contexts: int
    chains: int
    context_bytes: int
    frame_bytes: int
    needed_bytes: int
    free_bytes: int
    label_share: float


def costs(
    prepared: Prepared, plan: Plan, speed: float, trial: Trial, states: States | None
) -> Costs:
    """Estimate the cost of shots from the speed in steps/s and a trial."""
    half_steps = prepared.max_half_frames * prepared.stride
    chains = plan.chains
    slots = open_slots(plan, plan.slots(chains), prepared.atoms)
    contexts = slots if plan.layout == POOL else plan.lanes
    paths = frames_needed(chains, slots, prepared.atoms, prepared.max_half_frames)
    return Costs(
        steps_per_second=speed,
        half_steps=half_steps,
        shot_seconds=2 * half_steps / speed,
        contexts=contexts,
        chains=chains,
        context_bytes=trial.context_bytes,
        frame_bytes=prepared.atoms * FRAME_BYTES,
        needed_bytes=contexts * trial.context_bytes + paths,
        free_bytes=free_memory(),
        label_share=_label_seconds(prepared, states) * speed / prepared.stride,
    )


def _label_seconds(prepared: Prepared, states: States | None) -> float:
    """Seconds to find the state of one frame."""
    if states is None:
        return 0.0
    frames = np.repeat(prepared.positions[None], BATCH, axis=0)
    states.label_positions(frames)
    begin = time.perf_counter()
    states.label_positions(frames)
    return (time.perf_counter() - begin) / BATCH
