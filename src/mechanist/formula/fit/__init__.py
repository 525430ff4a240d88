"""Constants of a formula: likelihood of shooting outcomes, refitting, intervals, units."""
