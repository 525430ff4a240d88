"""What users may set: one module a section of config.yaml or system.yaml."""
