#!/usr/bin/env bash
# Trains the waterlogging pack from nothing: its own environment, two runs, thresholds, ONNX.
# FLYONCE_DATASETS: folder of the data sets. FLYONCE_TRAIN: scratch folder, outside the repository.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export FLYONCE_DATASETS="${FLYONCE_DATASETS:-$root/../shared/datasets}"
scratch="${FLYONCE_TRAIN:-/tmp/flyonce-train}"
pack="$root/models/packs/waterlogging"
mkdir -p "$scratch"

if [ ! -x "$scratch/venv/bin/python" ]; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
python="$scratch/venv/bin/python"

# Large blocks stay with the process, and waiting threads sleep: both matter on a small, shared machine.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=500000000
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
cd "$here"

# 1. Without the held-out scenes, to choose the operating point.
"$python" -m flyonce_train.waterlogging.train --cache "$scratch/cache" --run "$scratch/held-out" \
  --held-out 0.18 --epochs 22 --draws 480 --minutes "${MINUTES_HELD_OUT:-22}"
"$python" -m flyonce_train.export --run "$scratch/held-out" --out "$scratch/held-out.onnx"
"$python" -m flyonce_train.waterlogging.operating_point --cache "$scratch/cache" \
  --onnx "$scratch/held-out.onnx" --held-out 0.18

# 2. From those weights on the whole train split; the operating point stays.
"$python" -m flyonce_train.waterlogging.train --cache "$scratch/cache" --run "$scratch/final" \
  --start "$scratch/held-out/last.pt" --rate 1e-3 --seed 1 \
  --epochs 40 --draws 480 --minutes "${MINUTES_FINAL:-35}"
"$python" -m flyonce_train.waterlogging.pack --run "$scratch/final" --pack "$pack"
"$python" evaluate.py --pack "$pack" --data "$FLYONCE_DATASETS/waterlogging/val"
