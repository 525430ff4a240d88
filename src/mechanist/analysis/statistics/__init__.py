"""Statistics of counts and of chains."""
