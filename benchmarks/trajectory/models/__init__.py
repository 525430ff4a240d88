"""Networks of tables T1, T3 and T4 that no command uses."""
