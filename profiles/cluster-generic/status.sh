#!/bin/sh
# How the Slurm job with this number is, in the words of Snakemake's cluster-generic executor.
state=$(sacct --noheader --allocations --parsable2 --format=State --jobs "$1" 2>/dev/null | head -n 1)
if [ -z "$state" ]; then
    # No accounting, or the job is too new for it.
    state=$(scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | head -n 1)
fi
case $state in
COMPLETED) echo success ;;
BOOT_FAIL | CANCELLED* | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT) echo failed ;;
*) echo running ;;
esac
