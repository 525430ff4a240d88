"""Used by every room: files written atomically with hashes, their paths, the journal of a job."""
