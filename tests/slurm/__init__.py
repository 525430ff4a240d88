"""A real Slurm on one machine, for as long as a test takes."""
