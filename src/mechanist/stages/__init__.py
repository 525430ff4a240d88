"""One module a stage: reads files, calls the packages, writes files."""
