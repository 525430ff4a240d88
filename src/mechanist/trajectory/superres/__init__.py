"""Super-resolution: the frames between two known ones, from positions and velocities of both."""
