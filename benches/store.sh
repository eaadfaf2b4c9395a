#!/usr/bin/env bash
# Observations a second into a store that holds 10 000 incidents, and the cost of one by the number of open incidents.
# OBSERVATIONS: how many (default 1 000 000). FOLDER: where files and server lie (default a new folder in /var/tmp).
# SQLite syncs each commit; PostgreSQL runs as Debian configures it, with its syncs.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked -p benches --example store
store=target/release/examples/store
observations="${OBSERVATIONS:-1000000}"
few=$((observations / 10))
folder="${FOLDER:-$(mktemp -d /var/tmp/flyonce-bench.XXXXXX)}"
chmod 755 "$folder"
port="${PORT:-54329}"
"$store" deduper 10000 "$observations" 1
"$store" memory 10000 "$observations" 1
"$store" "$folder/city.db" 10000 "$observations" 1
exec 3> >(TMPDIR="$folder" exec scripts/temporary-postgres.sh /usr/lib/postgresql/15/bin "$port" >"$folder/ready")
until [ -s "$folder/ready" ]; do read -rt 0.2 <> <(:) || true; done
"$store" "postgresql://flyonce@127.0.0.1:$port/city" 10000 "$observations" 4
for incidents in 1000 10000 100000; do
  "$store" deduper "$incidents" "$few" 1 filled
  rm -f "$folder"/flat.db*
  "$store" "$folder/flat.db" "$incidents" "$few" 1 filled
done
exec 3>&-
wait
rm -f "$folder"/*.db* "$folder/ready"
rmdir --ignore-fail-on-non-empty "$folder"
