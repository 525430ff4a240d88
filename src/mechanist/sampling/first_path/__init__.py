"""The first transition paths: hot MD, biased pulls, burn-in at the temperature of the run."""
