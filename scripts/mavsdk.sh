#!/usr/bin/env bash
# Puts MAVSDK for Python where the tests look for it (target/mavsdk), and prints its interpreter. Needs PyPI the first time.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=target/mavsdk
version=4.1.0
if [ ! -f "$folder/$version" ]; then
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "mavsdk==$version" >&2
  touch "$folder/$version"
fi
echo "$folder/bin/python"
