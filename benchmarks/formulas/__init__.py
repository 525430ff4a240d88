"""Formulas planted in synthetic shooting outcomes, and whether they are found again."""
