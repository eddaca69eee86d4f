#!/bin/sh
# check_run_kill.sh - mho run NET.onnx that is killed and started again ends with the result of a run
# that was left alone, and takes no chip of another network from the journal. MHO_KILLS: how often it
# is killed (3).
set -eu
cd "$(dirname "$0")/.."
mho=${MHO_BIN:-$PWD/build/mho}
kills=${MHO_KILLS:-3}
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export PYTHONDONTWRITEBYTECODE=1
bad=0
complain() { echo "check_run_kill: $1"; bad=1; }

start() { # start CACHE JSON: in the background, process in $pid
    MHO_CACHE="$dir/$1" "$mho" run "$dir/net.onnx" --data "$dir/labelled.npz" --chips 40 --calibrate 32 \
        --threads 1 --json "$dir/$2.json" >"$dir/log" 2>&1 &
    pid=$!
}
alone() { # alone CACHE JSON
    start "$1" "$2"
    wait $pid || complain "$2: $(cat "$dir/log")"
}
journal_bytes() {
    cat "$dir/$1"/*.journal 2>/dev/null | wc -c
}
# kill_after CACHE BYTES: once the journal is longer than that; the length it had in $had
kill_after() {
    start "$1" killed
    while [ "$(journal_bytes "$1")" -le "$2" ] && kill -0 $pid 2>/dev/null; do
        sleep 0.01
    done
    kill -9 $pid 2>/dev/null || complain "it ended before it could be killed"
    wait $pid 2>/dev/null || true
    had=$(journal_bytes "$1")
    [ "$had" -gt "$2" ] || complain "$had bytes in the journal, more than $2 were wanted"
}
equal() { # equal JSON JSON: but for times and memory
    python3 - "$dir/$1.json" "$dir/$2.json" <<'PYTHON'
import json, sys
r = [json.load(open(name)) for name in sys.argv[1:]]
for x in r:
    del x["seconds"], x["peak_bytes"]
sys.exit(r[0] != r[1])
PYTHON
}
same() {
    equal "$1" "$2" || complain "$1 and $2 differ: $(diff "$dir/$1.json" "$dir/$2.json" | head -20)"
}

python3 tests/onnx/small_net.py "$dir" 0.1
alone cache-alone alone
had=0
for k in $(seq "$kills"); do
    kill_after cache "$had"
    echo "kill $k: $had bytes in the journal"
done
# a record that the kill has torn
for j in "$dir"/cache/*.journal; do
    printf 'torn' >>"$j"
done
alone cache goes-on
same alone goes-on
[ "$(journal_bytes cache)" = 0 ] || complain "the journal is still there"

# the same files by name, but another slope below 0: nothing of the journal fits
kill_after other 4000
cp "$dir/net.onnx" "$dir/first.onnx"
python3 tests/onnx/small_net.py "$dir" -1
cmp -s "$dir/net.onnx" "$dir/first.onnx" && complain "the networks do not differ"
alone cache-alone changed-alone
alone other changed
same changed-alone changed
equal alone changed && complain "the changed network has the first one's result"
[ $bad = 0 ] && echo "killed $kills times: the same result; a changed network starts anew"
exit $bad
