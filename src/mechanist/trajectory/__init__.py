"""Learned models of molecular motion: data, super-resolution, their baselines and their errors."""
