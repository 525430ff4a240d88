"""First transition paths: a guess by hot MD, a pull or torsions, then shots from its frames."""
