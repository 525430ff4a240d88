"""What is sampled: topology and forces, descriptors, states."""
