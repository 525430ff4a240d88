"""Files of sampling: tables, trajectories, checkpoints."""
