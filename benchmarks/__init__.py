"""How fast Mechanist is, and against what."""
