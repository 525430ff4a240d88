"""The convergence test and the figures that it looks at."""
