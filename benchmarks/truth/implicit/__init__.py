"""A run of alanine dipeptide in implicit water beside plain MD of the same system."""
