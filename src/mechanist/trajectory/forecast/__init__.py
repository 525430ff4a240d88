"""Forecasts of molecular motion from a short history, and of which state it will end in."""
