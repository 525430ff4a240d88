"""Rates and free energies."""
