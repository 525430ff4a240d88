"""What moves coordinates: many half-shots side by side."""
