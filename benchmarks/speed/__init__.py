"""Measurements, one kind a module; `benchmarks.speed.run` puts them together."""
