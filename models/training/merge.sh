#!/usr/bin/env bash
# Averages two networks that were trained from the same start and lets the result learn from both, from teachers and from the labels.
# Usage: merge.sh OUT ONE OTHER [TEACHER...]: checkpoints or exported FP32 models; OUT gets the packs. After run.sh, which makes the environment.
# START: trained weights to begin with instead of the average. EPOCHS, RANKS and the variables of run.sh count here too; a run stopped half-way goes on.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
[ $# -ge 3 ] || { echo "usage: merge.sh OUT ONE OTHER [TEACHER...]" >&2 && exit 2; }
out="$(realpath -m "$1")" && shift
networks=()
for file in "$@"; do networks+=("$(realpath "$file")"); done
export FLYONCE_DATASETS="${FLYONCE_DATASETS:-$root/../shared/datasets}"
scratch="${FLYONCE_TRAIN:-/tmp/flyonce-train}"
python="$scratch/venv/bin/python"
program="$root/target/release/flyonce"
cd "$here"

mkdir -p "$out" "$scratch/merged"
start="${START:-$scratch/merged/start.pt}"
[ -f "$start" ] || "$python" -m flyonce_train.merge "${networks[@]:0:2}" --out "$start"
"$python" -m flyonce_train.train --cache "$scratch/cache" --practice "$scratch/practice" --checkpoints "$scratch/merged" --weights "$start" \
  --asked "${networks[@]}" --freeze --epochs "${EPOCHS:-12}" --draws 1600 --batch 16 --rate 4e-4 --average 0.985 --check-every 2 --seed 17
"$python" -m flyonce_train.operating_point --weights "$scratch/merged/last.pt" --out "$scratch/merged/point.json"
for pack in waterlogging fume dumping; do mkdir -p "$out/$pack" && cp "$root/models/packs/$pack/golden.png" "$out/$pack/"; done
"$python" -m flyonce_train.pack --weights "$scratch/merged/last.pt" --point "$scratch/merged/point.json" --packs "$out" \
  --version "${VERSION:-$(date +%Y.%-m).0}" --program "$program"
