"""What each table measures, and how much of it."""
