"""From a state, positions and velocities, to the state at any later time: the 4-D propagator."""
