"""Brute force and first paths of each system, made once a process."""

from functools import cache

import numpy as np

from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.selection import Selection
from tests.truth.brute_force import BruteForce, brute_force
from tests.truth.ensembles import first_paths
from tests.truth.guides import guide
from tests.truth.worlds import WORLDS

BRUTE_SEED, FIRST_SEED, CHAIN_SEED = 101, 202, 303
BURN_IN_FRAMES, BURN_IN_MOVES = 2000, 40


@cache
def brute(world: str, frames: int | None = None) -> BruteForce:
    """Unbiased dynamics of a system, of its usual length unless ``frames`` says otherwise."""
    w = WORLDS[world]()
    count = frames or w.frames
    return brute_force(w.prepared, w.starts, count, BURN_IN_FRAMES, BRUTE_SEED)


@cache
def starts(world: str) -> list[CurrentPath]:
    """First transition paths of a system."""
    return first_paths(WORLDS[world]().prepared, FIRST_SEED)


@cache
def selection(world: str, name: str) -> Selection:
    """A guide by name; its density in p_B is that of the first paths."""
    frames = np.concatenate([path.interior for path in starts(world)])
    return guide(name, WORLDS[world]().logit, frames)
