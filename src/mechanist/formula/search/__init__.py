"""Search for candidate formulas: growth, Operon, PySR."""
