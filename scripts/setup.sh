#!/usr/bin/env bash
# Installs what building, testing and running flyonce needs on Debian 12: system packages and ONNX Runtime. Idempotent.
# PostgreSQL, Chromium, Mosquitto and xmllint are for the tests, which start their own.
# ONNX Runtime's shared library is taken out of its PyPI wheel (checked by SHA-256) into .runtime/onnxruntime.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential ca-certificates clang libclang-dev pkg-config python3 python3-pip python3-venv
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstrtspserver-1.0-dev
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav libopencv-dev gdal-bin
  postgresql-15 postgresql-15-postgis-3 chromium fonts-droid-fallback mosquitto mosquitto-clients libxml2-utils
)
ort_version=1.31.1
ort_wheel="onnxruntime-${ort_version}-cp311-cp311-manylinux_2_28_x86_64.whl"
ort_sha256=5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f
ort_dir=.runtime/onnxruntime
ort_library="$ort_dir/libonnxruntime.so"

say() { printf 'setup: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  say "installing ${missing[*]}"
  as_root apt-get -qq -o DPkg::Lock::Timeout=600 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 \
    install --no-install-recommends "${missing[@]}" >/dev/null
  # GStreamer remembers plug-ins that could not be loaded before their libraries came.
  rm -f "${XDG_CACHE_HOME:-$HOME/.cache}"/gstreamer-1.0/registry.*.bin
}

install_onnxruntime() {
  if [ "$(cat "$ort_dir/VERSION" 2>/dev/null || true)" = "$ort_version" ] && [ -f "$ort_library" ]; then return; fi
  if [ "$(uname -m)" != x86_64 ]; then
    say "no ONNX Runtime is listed for $(uname -m): put libonnxruntime.so $ort_version into $ort_dir"
    return 1
  fi
  say "fetching ONNX Runtime $ort_version"
  local work
  work=$(mktemp -d)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --platform manylinux_2_28_x86_64 \
    --dest "$work" "onnxruntime==$ort_version"
  echo "$ort_sha256  $work/$ort_wheel" | sha256sum --check --quiet
  mkdir -p "$ort_dir"
  python3 - "$work/$ort_wheel" "$ort_library" "$ort_version" <<'PY'
import os, shutil, sys, zipfile
wheel, library, version = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(f"onnxruntime/capi/libonnxruntime.so.{version}") as source:
    with open(library + ".part", "wb") as target:
        shutil.copyfileobj(source, target)
os.replace(library + ".part", library)
PY
  echo "$ort_version" >"$ort_dir/VERSION"
  rm -r "$work"
}

command -v cargo >/dev/null || { say "Rust is missing: install it with rustup, then run this again"; exit 1; }
install_packages
install_onnxruntime
say "ready"
