"""Formulas: q(x) = ln(p_B / (1 - p_B)) as a short expression in named descriptors."""
