#!/usr/bin/env bash
# An experiment over a Slurm cluster, one part for each task of the array:
#
#     sbatch --array=0-7 --export=ALL,EXPERIMENT=demo-host/experiments/mnist.toml demo-host/cluster/slurm.sh
#
# The program reads its part from Slurm's variables. A part that was killed goes on where it was when it is submitted again.
# When all have ended: demo-host report --experiment EXPERIMENT results/*.jsonl
#
#SBATCH --job-name=gradient-decay
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=12:00:00
#SBATCH --output=gradient-decay-%A-%a.log
# Ctrl-C's signal two minutes before the time is over, so that the program stops at its last checkpoint.
#SBATCH --signal=INT@120
set -euo pipefail

: "${EXPERIMENT:?set it to the TOML file of an experiment}"
RESULTS=${RESULTS:-results}
mkdir -p "$RESULTS"
NAME=$(basename "$EXPERIMENT" .toml)

# srun, so that the signal reaches the program.
srun "${DEMO_HOST:-target/release/demo-host}" sweep "$EXPERIMENT" \
    --results "$RESULTS/$NAME.$SLURM_ARRAY_TASK_ID.jsonl" --jobs "$SLURM_CPUS_PER_TASK"
