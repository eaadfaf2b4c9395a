#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Renders drone views of the town with other heaps, and their labels, for training: practice.sh OUT. Some 20 minutes of two CPU cores.
#   VENV, WORK, PYTHON: as for make.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/setup.sh"
run "$here/blender/practice.py" "$1" --paint "$WORK/paint" --count 66 --seed 1
