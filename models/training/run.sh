#!/usr/bin/env bash
# Trains the shared model of the three packs from nothing: its own environment, one run, operating points, ONNX, cards, scores.
# Usage: run.sh [waterlogging|fume|dumping]; the packs share one backbone, so each name trains all three and scores the one named.
# FLYONCE_DATASETS: folder of the data sets. FLYONCE_TRAIN: scratch folder, outside the repository; a run stopped half-way goes on.
# TEACHER: any value trains a larger network beside, which teaches. EPOCHS_SHARE: percent of the schedule, for a try (default 100). RANKS: processes on a CPU, one a core (default 2).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
pack="${1:-waterlogging}"
case "$pack" in waterlogging | fume | dumping) ;; *) echo "unknown pack $pack, want waterlogging, fume or dumping" >&2 && exit 2 ;; esac
export FLYONCE_DATASETS="${FLYONCE_DATASETS:-$root/../shared/datasets}"
scratch="${FLYONCE_TRAIN:-/tmp/flyonce-train}"
version="${VERSION:-$(date +%Y.%-m).0}"
epochs=$(((46 * ${EPOCHS_SHARE:-100} + 99) / 100))
mkdir -p "$scratch"

if [ ! -x "$scratch/venv/bin/python" ]; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
python="$scratch/venv/bin/python"
program="$root/target/release/flyonce"
[ -x "$program" ] || make -C "$root" build
cd "$here"

[ "$(find "$scratch/practice/images" -name '*.jpg' 2>/dev/null | wc -l)" -ge 66 ] || "$root/sample-data/make/practice.sh" "$scratch/practice"
[ -f "$scratch/slim.pt" ] || "$python" -m flyonce_train.slim --out "$scratch/slim.pt"

teacher=() result=last.pt
if [ -n "${TEACHER:-}" ]; then
  [ -f "$scratch/teacher.pt" ] || "$python" -m flyonce_train.teacher_weights --out "$scratch/teacher.pt"
  teacher=(--teacher "$scratch/teacher.pt") result=pupil.pt
fi

train=("$python")
if ! "$python" -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then
  # Large blocks stay with the process, and waiting threads sleep: both matter on a small, shared machine.
  export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=500000000
  export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 OMP_NUM_THREADS=1
  train=("$scratch/venv/bin/torchrun" --standalone --nproc_per_node "${RANKS:-2}")
fi
"${train[@]}" -m flyonce_train.train --cache "$scratch/cache" --practice "$scratch/practice" --checkpoints "$scratch/run" \
  --weights "$scratch/slim.pt" "${teacher[@]}" --epochs "$epochs" --seed 11

"$python" -m flyonce_train.operating_point --weights "$scratch/run/$result" --out "$scratch/point.json"
"$python" -m flyonce_train.pack --weights "$scratch/run/$result" --point "$scratch/point.json" --packs "$root/models/packs" \
  --version "$version" --program "$program"
"$python" -m flyonce_train.readme --packs "$root/models/packs" --program "$program"
"$program" eval --pack "$root/models/packs/$pack" --data "$FLYONCE_DATASETS/$pack/val"
