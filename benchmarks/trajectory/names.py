"""Names of the rows of tables T1 to T4: the models."""

# T1 and T2
BRIDGE, BRIDGE_A = "bridge (x, v), ours", "bridge (x, v, a), ours"
BRIDGE_KNOWN = "bridge (x, v), forces known"
LINEAR, SPLINE = "linear", "cubic spline (x)"
HERMITE, HERMITE_A = "Hermite (x, v)", "Hermite (x, v, a)"
RIDGE, RIDGE_A = "ridge (x, v)", "ridge (x, v, a)"

# T3
FORCES, GICNET, FREE = "learned forces, ours", "GICnet", "x + v t"

# T4
FORECASTER, DYNAMICS = "forecaster, ours", "learned dynamics, no network"
DYNAMICS_V = "learned dynamics, no network, told v"
PERSISTENCE, LINEAR_RIDGE = "last frame", "linear ridge"
STRAIGHT, STRAIGHT_V = "x + v t", "x + v t, told v"
ALONE = "attention network on the last frame"
NETWORKS = ("LSTM", "EGNN", "transformer")
