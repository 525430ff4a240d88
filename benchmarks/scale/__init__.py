"""The workflow with many workers: what planning costs, and what more workers buy."""
