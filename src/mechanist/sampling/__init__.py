"""Transition path sampling: first path, selection, acceptance, chains, records."""
