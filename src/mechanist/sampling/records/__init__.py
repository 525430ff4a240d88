"""Files of sampling: tables, frames, checkpoints."""
