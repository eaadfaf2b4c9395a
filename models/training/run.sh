#!/usr/bin/env bash
# Trains the shared model of the three packs from nothing: its own environment, five stages, operating points, ONNX, cards, scores.
# Usage: run.sh [waterlogging|fume|dumping]; the packs share one backbone, so each name trains all three and scores the one named.
# FLYONCE_DATASETS: folder of the data sets. FLYONCE_TRAIN: scratch folder, outside the repository; a run stopped half-way goes on.
# RANKS: processes, one a core. EPOCHS_SHARE: percent of the schedule, for a try (default 100).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
pack="${1:-waterlogging}"
case "$pack" in waterlogging | fume | dumping) ;; *) echo "unknown pack $pack, want waterlogging, fume or dumping" >&2 && exit 2 ;; esac
export FLYONCE_DATASETS="${FLYONCE_DATASETS:-$root/../shared/datasets}"
scratch="${FLYONCE_TRAIN:-/tmp/flyonce-train}"
version="${VERSION:-$(date +%Y.%-m).0}"
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

part() { echo $((($1 * ${EPOCHS_SHARE:-100} + 99) / 100)); }
# stage NAME MODULE CACHE [more options]: one run with its checkpoint, log.csv and losses in $scratch/NAME.
stage() {
  local name="$1" module="$2" cache="$3"
  shift 3
  "$scratch/venv/bin/torchrun" --standalone --nproc_per_node "${RANKS:-2}" -m "$module" --cache "$scratch/$cache" \
    --checkpoints "$scratch/$name" --held-out "$held_out" "$@"
}

# Water alone, small then full size; then the early blocks are narrowed and the box heads join, small then full size.
stage water-small flyonce_train.waterlogging.train water --seed 0 --epochs "$(part 40)" --draws 480
stage water-full flyonce_train.waterlogging.train water --seed 5 --epochs "$(part 12)" --draws 480 --rate 5e-4 \
  --canvas 640x384 --plain 0.4 --weights "$scratch/water-small/last.pt"
[ -f "$scratch/slim.pt" ] || "$python" -m flyonce_train.slim --weights "$scratch/water-full/last.pt" --out "$scratch/slim.pt"
[ "$(find "$scratch/practice/images" -name '*.jpg' 2>/dev/null | wc -l)" -ge 66 ] || "$root/sample-data/make/practice.sh" "$scratch/practice"
stage joint-small flyonce_train.joint.train joint --seed 11 --epochs "$(part 50)" --draws 960 --rate 1.6e-3 \
  --practice "$scratch/practice" --canvas 512x320 --plain 0.45 \
  --weights "$scratch/slim.pt"
stage joint-full flyonce_train.joint.train joint --seed 12 --epochs "$(part 12)" --draws 960 --rate 5e-4 \
  --practice "$scratch/practice" --canvas 640x384 --plain 0.4 --weights "$scratch/joint-small/last.pt"

"$python" -m flyonce_train.joint.operating_point --cache "$scratch/joint" --weights "$scratch/joint-full/last.pt" \
  --held-out "$held_out" --out "$scratch/point.json"
program="$root/target/release/flyonce"
[ -x "$program" ] || make -C "$root" build
"$python" -m flyonce_train.joint.pack --weights "$scratch/joint-full/last.pt" --point "$scratch/point.json" \
  --packs "$root/models/packs" --version "$version" --program "$program"
"$python" -m flyonce_train.joint.readme --packs "$root/models/packs" --program "$program"
"$program" eval --pack "$root/models/packs/$pack" --data "$FLYONCE_DATASETS/$pack/val"
