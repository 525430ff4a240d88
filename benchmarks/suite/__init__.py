"""Measurements, one kind a module; `benchmarks.run` puts them together."""
