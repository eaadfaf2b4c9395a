#!/usr/bin/env bash
# Trains the waterlogging pack from nothing: its own environment, one run, operating point, ONNX, scores.
# FLYONCE_DATASETS: folder of the data sets. FLYONCE_TRAIN: scratch folder, outside the repository.
# MINUTES: finish within this wall time (the learning rate follows), 0: the full 60 epochs.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export FLYONCE_DATASETS="${FLYONCE_DATASETS:-$root/../shared/datasets}"
scratch="${FLYONCE_TRAIN:-/tmp/flyonce-train}"
pack="$root/models/packs/waterlogging"
held_out=0.10
mkdir -p "$scratch"

if [ ! -x "$scratch/venv/bin/python" ]; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
python="$scratch/venv/bin/python"

# Large blocks stay with the process, and waiting threads sleep: both matter on a small, shared machine.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=500000000
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 OMP_NUM_THREADS=1
cd "$here"

# One process a core; a tenth of the scenes is kept for the operating point and never trained on.
"$scratch/venv/bin/torchrun" --standalone --nproc_per_node "${RANKS:-2}" -m flyonce_train.waterlogging.train \
  --cache "$scratch/cache" --checkpoints "$scratch/waterlogging" --held-out "$held_out" \
  --epochs 60 --draws 480 --minutes "${MINUTES:-0}"
"$python" -m flyonce_train.export --checkpoints "$scratch/waterlogging" --out "$scratch/waterlogging.onnx"
"$python" -m flyonce_train.waterlogging.operating_point --cache "$scratch/cache" \
  --onnx "$scratch/waterlogging.onnx" --held-out "$held_out"

# The operating point printed above belongs into card.toml (threshold, min_area_share), the scores below too.
"$python" -m flyonce_train.waterlogging.pack --checkpoints "$scratch/waterlogging" --pack "$pack"
"$python" evaluate.py --pack "$pack" --data "$FLYONCE_DATASETS/waterlogging/val"
