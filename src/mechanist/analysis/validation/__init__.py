"""Validation of network and formula with fresh shots."""
