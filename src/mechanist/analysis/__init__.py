"""What a run means: statistics, the convergence test, validation by fresh shots."""
