"""Force laws: topology files of other programs, serialised Systems, model potentials."""
