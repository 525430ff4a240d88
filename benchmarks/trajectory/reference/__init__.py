"""Reference motion: small molecules by GFN2-xTB, diatomics in closed form, and OpenMM."""
