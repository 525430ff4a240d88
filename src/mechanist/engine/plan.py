"""How a system is moved on a machine: platform, layout, number of copies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from mechanist.engine.batched import BATCHED
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import analytic, why_not

POOL = "pool"
"""Layout with one context per copy; for the others see `mechanist.systems.replicate`."""

IDLE_IS_FREE = (POOL, BATCHED)
"""Layouts with a slot for each half-shot of each chain."""

POOL_CHAINS, STACK_CHAINS = 32, 64
"""Chains per worker on CPUs: enough to share the cost of Python, few enough to equilibrate."""

SMALL, FEWEST_CHAINS = 64, 4
"""Atoms up to which a pool has all chains, and the smallest number of chains beyond.

A step of a larger system takes so long that Python does not matter, its paths fill the memory, and
its few shots should not be spread over chains that never equilibrate.
"""

CONTEXT_ATOMS = 100_000
"""Atoms of all contexts of a pool together, at most: a context of a large system takes hundreds of
megabytes, its frames as much, and several of them are no faster than one."""

GPU_LANES = 2
"""Contexts that take turns on a GPU: one moves while frames of the other are analysed."""


@dataclass(frozen=True)
class Plan:
    """How half-shots are moved.

    Parameters
    ----------
    platform
        OpenMM platform.
    layout
        ``pool``, ``batched``, or how copies are stacked: ``pairs`` or ``grid``.
    copies
        Half-shots at the same time that keep the hardware busy, over all lanes.
    lanes
        Contexts over which the copies of a stack are divided.
    """

    platform: str
    layout: str
    copies: int
    lanes: int = 1

    @property
    def chains(self) -> int:
        """Chains per worker that keep the copies busy.

        In a pool, or in batches, each chain has a slot for each half-shot. In a stack, where idle
        copies cost as much as others, there are as many chains as copies, so that half-shots wait
        for copies.
        """
        return max(1, self.copies // 2) if self.layout in IDLE_IS_FREE else self.copies

    def slots(self, chains: int) -> int:
        """Half-shots at the same time for so many chains."""
        if self.layout in IDLE_IS_FREE:
            return 2 * chains
        return min(2 * chains, max(chains, self.copies))

    def notes(self) -> dict[str, str]:
        """The plan as text, for the head of a table."""
        return {name: str(value) for name, value in asdict(self).items()}

    @staticmethod
    def of(notes: Mapping[str, str]) -> "Plan":
        """Inverse of `notes`; raises KeyError or ValueError if they are incomplete."""
        return Plan(notes["platform"], notes["layout"], int(notes["copies"]), int(notes["lanes"]))

    def __str__(self) -> str:
        copies = f"{self.copies:,} contexts" if self.layout == POOL else f"{self.copies:,} copies"
        lanes = f" in {self.lanes} lanes" if self.lanes > 1 else ""
        return f"{self.platform}, {self.layout}, {copies}{lanes}"


def open_slots(plan: Plan, wanted: int, atoms: int) -> int:
    """Half-shots that run at the same time of so many wanted: contexts of a pool are limited."""
    return max(1, min(wanted, CONTEXT_ATOMS // atoms)) if plan.layout == POOL else wanted


def default_plan(prepared: Prepared, platform: str) -> Plan:
    """The plan without timings.

    On CPUs it depends on the system alone: analytic potentials are stacked, molecules are not. On
    Reference the same seed then gives the same bytes on any machine, whatever its speed.
    """
    if prepared.boxed:
        return Plan(platform, POOL, 2 * pool_chains(prepared.atoms))
    if prepared.law is not None and prepared.law.whole and prepared.law.law.batched:
        return Plan(platform, BATCHED, STACK_CHAINS)
    if analytic(prepared.system):
        return Plan(platform, "pairs", STACK_CHAINS)
    if platform not in GPU_PLATFORMS or why_not(prepared.system, "pairs") is not None:
        # A step under a force law is as costly as one of a large system.
        few = prepared.law is not None
        return Plan(platform, POOL, 2 * (FEWEST_CHAINS if few else pool_chains(prepared.atoms)))
    return Plan(platform, "pairs", 2048, GPU_LANES)


def pool_chains(atoms: int) -> int:
    """Chains per worker in a pool of contexts, by the size of the system."""
    return max(FEWEST_CHAINS, min(POOL_CHAINS, POOL_CHAINS * SMALL // atoms))
