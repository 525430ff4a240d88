"""Comparisons with known answers; `tests/truth` holds those that `make truth` runs."""
