"""Choice of one formula: Pareto front, stability over resamples, baselines."""
