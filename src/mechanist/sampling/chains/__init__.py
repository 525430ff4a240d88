"""Markov chains of transition path sampling by two-way shooting."""
