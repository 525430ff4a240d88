"""Equilibrium runs and excursions in windows of q, which rates are computed from."""
