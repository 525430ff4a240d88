"""The committor: likelihood, networks, calibration, which inputs matter."""
