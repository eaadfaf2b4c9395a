# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it, which set $here: the Python environment, the painted textures, and `run`.
VENV=${VENV:-/opt/flyonce-bpy}
WORK=${WORK:-/tmp/flyonce-render}
PYTHON=${PYTHON:-python3.11}

if ! command -v gst-launch-1.0 >/dev/null || ! gst-inspect-1.0 openh264enc >/dev/null 2>&1; then
    apt-get install -y libxkbcommon0 libsm6 libxi6 libgl1 libxfixes3 libxxf86vm1 libegl1 \
        gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
fi
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
"$VENV/bin/python" -m pip install -q -r "$here/requirements.txt"
run() { "$VENV/bin/python" "$@"; }

mkdir -p "$WORK"
[ -f "$WORK/paint/shops2.png" ] || run "$here/paint.py" "$WORK/paint"
