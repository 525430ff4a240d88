"""What every room uses: files written whole and hashed, where they lie, the journal of a job."""
