"""Names of the rows of tables T1 to T4: the models."""

# T1 and T2
BRIDGE, BRIDGE_A = "bridge (x, v), ours", "bridge (x, v, a), ours"
BRIDGE_KNOWN = "bridge (x, v), forces known"
LINEAR, SPLINE = "linear", "cubic spline (x)"
HERMITE, HERMITE_A = "Hermite (x, v)", "Hermite (x, v, a)"
RIDGE, RIDGE_A = "ridge (x, v)", "ridge (x, v, a)"

# T3
FORCES, FREE = "learned forces, ours", "x + v t"
SPACETIME, GICNET = "4-D network", "GICnet"

# T4
DYNAMICS = "learned forces"
PERSISTENCE, LINEAR_RIDGE = "last frame", "linear ridge"
STRAIGHT = "x + v t"
ALONE, ON_RIDGE = "attention network on the last frame", "attention network on linear ridge"
NETWORKS = ("LSTM", "EGNN", "transformer")
