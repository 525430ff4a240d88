"""What a new system starts from: short MD, the basins it shows, states without an edit."""
