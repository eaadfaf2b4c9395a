#!/usr/bin/env bash
# The same tasks served as OGC API - Features by flyonce and by pygeoapi, asked the same one after the other.
# FOLDER: where `FOLDER=... benches/serve.sh` left its store of a million tasks. ASKED: requests of each kind.
# pygeoapi lives in an environment of its own outside the repository (PEERS, default /tmp/flyonce-peers); its tasks are a GeoPackage with
# a spatial index and an index of ids, made of the store by GDAL.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FOLDER:?name the folder that benches/serve.sh filled}"
peers="${PEERS:-/tmp/flyonce-peers}"
asked="${ASKED:-2000}"
port="${PORT:-18600}"
store="$FOLDER/large/flyonce.sqlite"
package="$FOLDER/tasks.gpkg"
cargo build --release --locked
cargo build --release --locked -p benches --example serve
bench=target/release/examples/serve
mkdir -p "$peers"
if [ ! -x "$peers/pygeoapi/bin/pygeoapi" ]; then
  # Debian's Python has GDAL and lets SQLite load extensions.
  /usr/bin/python3 -m venv --system-site-packages "$peers/pygeoapi"
  "$peers/pygeoapi/bin/pip" install --quiet pygeoapi==0.21.0 gunicorn==27.0.1
fi
if [ ! -s "$package" ]; then
  rm -f "$package.part.gpkg"
  /usr/bin/python3 benches/tasks_csv.py "$store" |
    ogr2ogr -f GPKG "$package.part.gpkg" CSV:/vsistdin/ -nln tasks -oo X_POSSIBLE_NAMES=lon -oo Y_POSSIBLE_NAMES=lat -a_srs EPSG:4326 -gt 100000
  mv "$package.part.gpkg" "$package"
fi
ogrinfo -q "$package" -sql 'CREATE INDEX IF NOT EXISTS by_id ON tasks (id)'

config="$FOLDER/pygeoapi.yml"
sed -e "s|@PACKAGE@|$package|" -e "s|@PORT@|$port|" benches/pygeoapi.yml >"$config"
export PYGEOAPI_CONFIG="$config" PYGEOAPI_OPENAPI="$FOLDER/openapi.yml"
"$peers/pygeoapi/bin/pygeoapi" openapi generate "$config" --output-file "$PYGEOAPI_OPENAPI" >"$FOLDER/log" 2>&1
"$peers/pygeoapi/bin/gunicorn" --workers 2 --bind "127.0.0.1:$port" pygeoapi.flask_app:APP >"$FOLDER/log" 2>&1 &
peer=$!
configuration=configs/.without-sources.toml
clear() {
  kill "$peer" "${own:-}" 2>/dev/null || true
  rm -f "$configuration"
}
trap clear EXIT
until curl -sf "http://127.0.0.1:$port/collections/tasks?f=json" -o "$FOLDER/answer"; do kill -0 "$peer"; read -rt 0.2 <> <(:) || true; done
echo '{"server": "pygeoapi 0.21.0, two workers"}'
"$bench" ogc "http://127.0.0.1:$port" none "$store" "$asked"
kill "$peer"

sed '/^\[\[sources\]\]/,$d' configs/demo.toml >"$configuration"
printf '[serve.limits]\ncaller_per_second = 1000000\ncaller_burst = 1000000\n' >>"$configuration"
token=$(target/release/flyonce tokens peer --scope read --data "$FOLDER/large")
target/release/flyonce serve --config "$configuration" --listen "127.0.0.1:$((port + 1))" --data "$FOLDER/large" >"$FOLDER/log" 2>&1 &
own=$!
until curl -sf "http://127.0.0.1:$((port + 1))/readyz" -o "$FOLDER/answer"; do kill -0 "$own"; read -rt 0.2 <> <(:) || true; done
rm -f "$configuration"
echo '{"server": "flyonce"}'
"$bench" ogc "http://127.0.0.1:$((port + 1))/ogc" "$token" "$store" "$asked"
