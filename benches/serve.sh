#!/usr/bin/env bash
# The server under load, clients on the same cores: start and memory, how far the live view is behind, what requests take with a
# million tasks in SQLite, and how long events take to a hundred consumers of the stream.
# TASKS, OPEN: how many, and how many of them go on. ASKED: requests. CONSUMERS, EVENTS, DURATION: load of the feed. CEILING: greater loads, events a second.
# The tasks are copies of those of `make demo`. FOLDER: where the store lies and stays, for another run (default a new folder in
# /var/tmp that goes away).
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked
cargo build --release --locked -p benches --example serve --example live
bench=target/release/examples/serve
folder="${FOLDER:-$(mktemp -d /var/tmp/flyonce-bench.XXXXXX)}"
pattern=out/demo/flyonce.sqlite
config=configs/.without-sources.toml
sed '/^\[\[sources\]\]/,$d' configs/demo.toml >"$config"
# One client asks for more than any is allowed.
printf '[serve.limits]\ncaller_per_second = 1000000\ncaller_burst = 1000000\n' >>"$config"
live=configs/.live.toml
port="${PORT:-18554}"
{ cat "$config"; printf '[[sources]]\nid = "live"\nuri = "rtsp://127.0.0.1:%s/live"\n' "$port"; } >"$live"

# serve DATA CONFIG ADDRESS: starts a server; sets pid, url and how long the start took.
serve() {
  local begin
  begin=$(date +%s%N)
  : >"$folder/ready"
  target/release/flyonce serve --config "$2" --listen "$3" --data "$1" >"$folder/ready" 2>"$folder/log" &
  pid=$!
  until grep -q '^flyonce serves' "$folder/ready"; do kill -0 "$pid"; read -rt 0.02 <> <(:) || true; done
  url=$(sed -n 's/^flyonce serves //p' "$folder/ready")
  until curl -sf "$url/readyz" >"$folder/answer"; do read -rt 0.02 <> <(:) || true; done
  started_millis=$((($(date +%s%N) - begin) / 1000000))
}

end() {
  kill "$pid"
  wait "$pid" || true
}

memory() { awk '/^VmRSS/ {printf "%d", $2 / 1024}' "/proc/$pid/status"; }

clear() {
  rm -f "$config" "$live"
  kill "${pid:-}" 2>/dev/null || true
  [ -n "${FOLDER:-}" ] || rm -rf "$folder"
}
trap clear EXIT
mkdir -p "$folder/small" "$folder/large"

# A city as after the demo.
cp "$pattern" "$folder/small/flyonce.sqlite"
rm -f "$folder"/*/accounts.json
serve "$folder/small" "$config" 127.0.0.1:0
echo "{\"city\": \"demo\", \"start_ms\": $started_millis, \"memory_mib\": $(memory)}"
end

token=$(target/release/flyonce tokens live --scope read --scope originals --data "$folder/small")
# The stream first: a camera that is not there is asked again after a while only.
target/release/examples/live "http://127.0.0.1:$((port + 1))" "$token" "$port" "${TURNS:-40}" &
watching=$!
until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
serve "$folder/small" "$live" "127.0.0.1:$((port + 1))"
wait "$watching"
end

[ -s "$folder/large/flyonce.sqlite" ] ||
  "$bench" fill "$pattern" "$folder/large/flyonce.sqlite" "${TASKS:-1000000}" "${OPEN:-50000}"
token=$(target/release/flyonce tokens bench --scope read --data "$folder/large")
serve "$folder/large" "$config" 127.0.0.1:0
echo "{\"city\": \"large\", \"start_ms\": $started_millis, \"memory_mib\": $(memory)}"
"$bench" api "$url" "$token" "$folder/large/flyonce.sqlite" "${ASKED:-2000}"
"$bench" feed "$url" "$token" "$folder/large/flyonce.sqlite" "${CONSUMERS:-100}" "${EVENTS:-500}" "${DURATION:-60}"
# Where it is too much: the greatest of these whose events all arrive, in order, p99 within 250 ms, is the ceiling.
for events in ${CEILING:-1000 1300 1700}; do
  echo "{\"events_a_second\": $events}"
  "$bench" feed "$url" "$token" "$folder/large/flyonce.sqlite" "${CONSUMERS:-100}" "$events" 20
done
end
