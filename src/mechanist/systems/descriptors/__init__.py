"""Descriptors: named numbers computed from positions, and the states defined by them."""
