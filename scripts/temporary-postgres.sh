#!/usr/bin/env bash
# A PostgreSQL server with PostGIS in a folder of its own, for tests and benches: temporary-postgres.sh BIN PORT [SETTING=VALUE]...
# Prints the port once database `city` of user `flyonce` answers, and stops and deletes itself when its standard input ends.
set -euo pipefail
bin=$1 port=$2
shift 2
folder=$(mktemp -d "${TMPDIR:-/tmp}/flyonce-postgres.XXXXXX")

# PostgreSQL refuses to run as root.
as_user() {
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

stop() {
  as_user "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}

if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder"; fi
cd "$folder"
trap stop EXIT
as_user "$bin/initdb" -D "$folder/data" -U flyonce -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/log" 2>&1
options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=200"
for setting in "$@"; do options="$options -c $setting"; done
as_user "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/server-log" -o "$options" start >>"$folder/log" 2>&1 || {
  cat "$folder/log" "$folder/server-log" >&2
  exit 1
}
as_user "$bin/createdb" -h 127.0.0.1 -p "$port" -U flyonce city
as_user "$bin/psql" -q -h 127.0.0.1 -p "$port" -U flyonce city -c 'CREATE EXTENSION postgis' >>"$folder/log" 2>&1
echo "$port"
cat >/dev/null
