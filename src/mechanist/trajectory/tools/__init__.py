"""Learned motion for users: learn from a trajectory, fill gaps of others, propagate, forecast."""

from mechanist.trajectory.tools.filling import fill
from mechanist.trajectory.tools.forecasting import forecast
from mechanist.trajectory.tools.learning import learn
from mechanist.trajectory.tools.propagation import propagate
from mechanist.trajectory.tools.spectra import spectrum

__all__ = ["fill", "forecast", "learn", "propagate", "spectrum"]
