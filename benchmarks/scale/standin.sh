#!/bin/sh
# Stands in for `mechanist` where only time matters: sleeps as long as the job is said to take in
# $STANDIN/times/STAGE_ROUND_WORKER and makes the files of the job.
stage=$1
shift
while [ $# -gt 0 ]; do
    case $1 in
    --round) round=$2 ;;
    --worker) worker=$2 ;;
    --results) results=$2 ;;
    esac
    shift 2
done
folder=$results/rounds/$round
if [ "$stage" = shoot ]; then
    read -r seconds <"$STANDIN/times/shoot_${round}_$worker"
    folder=$folder/worker_$worker
    files="shots.parquet points.trr paths.trr paths.parquet"
else
    read -r seconds <"$STANDIN/times/${stage}_$round"
    files="model.safetensors model.json training.json crossfit.safetensors crossfit.json"
fi
sleep "$seconds"
cd "$folder" || exit 1
if [ "$stage" = assess ]; then
    cp "$STANDIN/assessment_$round.json" assessment.json
    files=manifest.json
fi
# shellcheck disable=SC2086
touch $files
