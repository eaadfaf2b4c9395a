#!/usr/bin/env bash
# What `make demo` ends with: at a terminal the sample city is served; elsewhere it is said how.
set -euo pipefail
cd "$(dirname "$0")/.."

serve=(target/release/flyonce serve --config configs/demo.toml --review)
if [ -t 0 ] && [ -t 1 ]; then
  printf '\nServing the sample city: open the link that follows, end with Ctrl-C.\n'
  exec "${serve[@]}"
fi
printf '\nTo work with it in the browser: make serve\nIt prints the address and a one-time link to sign in.\nTo fly a mission on a simulated dock, from the plan to reviewed tasks: make fly\n'
