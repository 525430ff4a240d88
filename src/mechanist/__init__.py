"""Mechanist: transition path sampling that ends in a formula."""

__version__ = "0.1.0"
