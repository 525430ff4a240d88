"""Where half-shots end up that are too long: in an intermediate state, or on a flat stretch."""
