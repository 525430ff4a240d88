"""Formulas: search, refit on outcomes, choice."""
