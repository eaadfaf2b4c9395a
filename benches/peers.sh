#!/usr/bin/env bash
# All three matters on one 640x384 frame beside two well-known detectors of one matter, inference alone, one core.
# The peers are exported with untrained weights into an environment of their own outside the repository: speed only.
# PEERS: folder of that environment (default /tmp/flyonce-peers).
set -euo pipefail
cd "$(dirname "$0")/.."
peers="${PEERS:-/tmp/flyonce-peers}"
python="${PEERS_PYTHON:-$peers/venv/bin/python}"
mkdir -p "$peers"
if [ ! -x "$python" ]; then
  python3 -m venv "$peers/venv"
  "$python" -m pip install --quiet ultralytics==8.4.190 onnx onnxruntime
fi
for name in yolo11n yolo26n; do
  [ -f "$peers/$name.onnx" ] || (
    cd "$peers"
    "$python" -c "from ultralytics import YOLO; YOLO('$name.yaml').export(format='onnx', imgsz=(384, 640), simplify=False, opset=17)" >/dev/null
  )
done
exec taskset -c 0 "$python" benches/peers.py "$peers"
