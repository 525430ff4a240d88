#!/usr/bin/env bash
# Run by Snakemake in the new environment, from the folder that the workflow was started in.
set -euo pipefail
python -m pip install --no-deps .
