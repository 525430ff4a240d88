"""From the files of a user to a System: coordinates, forces, checks, proposals for states."""
