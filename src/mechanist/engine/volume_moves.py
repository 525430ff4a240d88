"""Monte Carlo moves of the volume between strides of Langevin dynamics.

A move draws V' uniformly between V - change and V + change, moves each molecule as a whole so that
its centre is scaled by s = (V'/V)^(1/3), and is accepted with probability

    min(1, exp(-[U(x', V') - U(x, V) + P (V' - V)] / kT + M ln(V'/V)))

for M molecules (Chow and Ferguson, Comput. Phys. Commun. 91, 283 (1995); Aqvist et al., Chem. Phys.
Lett. 384, 288 (2004)). It obeys detailed balance with respect to the isothermal-isobaric density
exp(-[U + P V]/kT) dx dV; V^M is the Jacobian of the scaled centres.

Path sampling with it is as exact as at constant volume:

1. Two-way shooting needs dynamics T from frame to frame that is reversible, pi(x) T(x -> y) =
   pi(y*) T(y* -> x*), where * turns velocities round. Langevin dynamics S of a stride is, up to the
   error of its time step, at any volume. A stride here is M S M, with a move M that is attempted
   with a fixed probability before the stride and after it. M does not look at velocities and S
   leaves the volume alone, so both are reversible with respect to one density pi(x, V) times that
   of Maxwell and Boltzmann, and so is the palindrome M S M. S M is not: run backwards, the move
   would come first.
2. Attempts are drawn for each stride and not counted in MD steps. A counter would have a phase that
   belongs to the state: it would have to be stored with each frame and turned round with the
   velocities. Nor does the size of moves adapt to earlier ones, as in OpenMM's MonteCarloBarostat,
   since moves that depend on the past do not obey detailed balance; it is found once, before
   sampling.
3. The box is part of the configuration, stored in each frame, and set again at a shooting point.
   Old and new path share this point with its box, so that its density pi cancels in the acceptance,
   which is that at constant volume. No further factor for the box is needed.
4. A move changes positions only; velocities at the time of the positions are kept, as are
   constraints, since molecules are moved as a whole. LangevinMiddleIntegrator stores velocities v
   half a step earlier, so that v + (dt/2m) F(x) is what is kept, and v changes by
   (dt/2m) [F(x) - F(x')].
5. LangevinMiddleIntegrator (Zhang et al., J. Phys. Chem. A 123, 6056 (2019)) is the splitting
   scheme BAOAB, of which O obeys detailed balance and B and A are reversible and keep volumes in
   phase space. So S is reversible up to the shadow work of its step, and samples pi with an error
   of O(dt^2) in both ensembles; M adds none.

Volumes at which the cutoff were more than half the box have density 0: such moves are rejected.
"""

from typing import Any

import numpy as np

from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    half_kick,
    read_all,
    set_positions,
)
from mechanist.systems.barostat import Barostat
from mechanist.systems.build.molecule import cutoff_of
from mechanist.systems.build.periodic import largest_cutoff
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.prepared import masses_of

STREAM = 22
"""Distinguishes random numbers of volume moves from others with the same seed."""


class VolumeMoves:
    """Attempts to change the volume of contexts of one system.

    Parameters
    ----------
    barostat
        Pressure, and size and probability of moves.
    context
        One of the contexts, which says what the molecules are.
    kt, timestep
        In kJ/mol and ps.
    seed
        Of the random numbers of all attempts.
    """

    def __init__(
        self, barostat: Barostat, context: Any, kt: float, timestep: float, seed: int
    ) -> None:
        self._barostat, self._kt = barostat, kt
        self._rng = np.random.default_rng([seed, STREAM])
        system = context.getSystem()
        masses = masses_of(system)
        self._kick = half_kick(masses, timestep)
        box = box_of(system)
        assert box is not None
        self._edge, self._volume = box[0][0], float(np.linalg.det(np.array(box)))
        # The cutoff over the edge of the smallest box that may hold it.
        self._smallest = cutoff_of(system) / largest_cutoff(np.array(box))
        molecules = [list(one) for one in context.getMolecules()]
        self._owner = np.empty(len(masses), dtype=np.int64)
        for number, atoms in enumerate(molecules):
            self._owner[atoms] = number
        self._sizes = np.bincount(self._owner).astype(np.float64)[:, None]
        # Atoms that dynamics does not move have no density of their own.
        self._free = sum(bool((masses[atoms] > 0).any()) for atoms in molecules)
        shape = (len(masses) + 1, 3)
        self._x, self._v, self._f, self._new, self._new_f = (np.zeros(shape) for _ in range(5))
        self.attempts = self.accepted = 0

    def maybe(self, context: Any) -> None:
        """Attempt a move with the probability of the barostat."""
        if self._rng.random() < self._barostat.chance:
            self.attempt(context, self._barostat.change)

    def attempt(self, context: Any, change: float) -> bool:
        """Attempt a move of at most ``change`` in nm^3; whether it was accepted.

        Raises OpenMMException if the energy cannot be computed.
        """
        self.attempts += 1
        step, chance = change * self._rng.uniform(-1, 1), self._rng.random()
        before = read_all(context, self._x, self._v, self._f)
        now = self._volume * (self._x[-1, 0] / self._edge) ** 3
        ratio = (now + step) / now
        if ratio <= 0 or ratio ** (1 / 3) * self._x[-1, 0] / self._edge < self._smallest:
            return False
        self._scale(ratio ** (1 / 3))
        set_positions(context, self._new)
        work = read_all(context, None, None, self._new_f) - before
        work += self._barostat.kj_per_nm3 * step
        if not np.log(chance) < -work / self._kt + self._free * np.log(ratio):
            set_positions(context, self._x)
            return False
        context.setVelocities(self._v[:-1] + self._kick * (self._f - self._new_f)[:-1])
        context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)
        self.accepted += 1
        return True

    def _scale(self, factor: float) -> None:
        """Positions with scaled centres of molecules, and the scaled box."""
        atoms = self._x[:-1]
        sums = [np.bincount(self._owner, weights=atoms[:, axis]) for axis in range(3)]
        centres = np.stack(sums, axis=1) / self._sizes
        self._new[:-1] = atoms + (factor - 1) * centres[self._owner]
        self._new[-1] = factor * self._x[-1]

    def state(self) -> dict[str, Any]:
        """State of the random numbers, for a JSON file."""
        return dict(self._rng.bit_generator.state)

    def set_state(self, state: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self._rng.bit_generator.state = state
