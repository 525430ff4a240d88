"""Learned models of molecular motion: super-resolution, propagators, forecasts, restored paths."""
