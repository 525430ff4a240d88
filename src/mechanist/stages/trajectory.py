"""Stage ``trajectory``: learned motion of a molecule from a file; the commands of that name."""

from mechanist.trajectory.tools import fill, forecast, learn, propagate, spectrum

__all__ = ["fill", "forecast", "learn", "propagate", "spectrum"]
