#!/bin/sh
# mho run NET.onnx: a small residual network, made here, with and without labels; the same result for
# any number of threads; what is wrong is said.
set -eu
cd "$(dirname "$0")/.."
mho=${MHO_BIN:-$PWD/build/mho}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export MHO_CACHE="$dir/cache"
bad=0
complain() { echo "check_cli_run_net: $1"; bad=1; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

PYTHONDONTWRITEBYTECODE=1 python3 tests/onnx/small_net.py "$dir"

"$mho" run "$dir/net.onnx" --data "$dir/plain.npz" --chips 2 --calibrate 32 --verify >"$dir/text" ||
    complain "the run failed"
for word in "+ skip" "agreement" "64 pictures" "driven both ways" "Residual sums" "Slow path"; do
    grep -q -- "$word" "$dir/text" || complain "\"$word\" is not in the output"
done
for threads in 1 3; do
    "$mho" run "$dir/net.onnx" --data "$dir/labelled.npz" --chips 2 --calibrate 32 --threads $threads \
        --report "$dir/r$threads.html" --json "$dir/r$threads.json" >/dev/null || complain "labelled run failed"
done
python3 - "$dir" <<'PYTHON' || complain "the JSON is not what it should be"
import json, sys
r = [json.load(open(sys.argv[1] + "/r%d.json" % t)) for t in (1, 3)]
for x in r:
    del x["seconds"], x["peak_bytes"]
assert r[0] == r[1]
r = r[0]
assert len(r["hardware"]["accuracy"]["each"]) == 2 and r["images"] == 64
assert r["ideal_chip"]["agreement"] > 0.8, r["ideal_chip"]
assert [s["end"] for s in r["stages"]] == ["neurons", "neurons", "", "winner"], r["stages"]
assert r["mapping"]["cells"] == sum(s["cells"] for s in r["stages"])
assert abs(sum(r["cost"]["energy_J"]["parts"].values()) - r["cost"]["energy_J"]["total"]) < 1e-15
PYTHON
grep -q "</html>" "$dir/r1.html" || complain "the page has no end"

# gain and offset of the columns, from the pictures of the calibration, where the chip file says so
printf 'chip:\n  periphery: {amplifier_offset: 100 mV}\n' >"$dir/fixed.yaml"
printf 'chip:\n  periphery: {amplifier_offset: 100 mV, column_gain: calibrated}\n' >"$dir/calibrated.yaml"
for chip in fixed calibrated; do
    "$mho" run "$dir/net.onnx" --data "$dir/plain.npz" --chips 3 --calibrate 32 --chip "$dir/$chip.yaml" \
        --json "$dir/$chip.json" >/dev/null || complain "the run of $chip.yaml failed"
done
python3 - "$dir" <<'PYTHON' || complain "column_gain does nothing"
import json, sys
fixed, calibrated = (json.load(open(sys.argv[1] + "/%s.json" % x))["hardware"]["agreement"]["mean"] for x in ("fixed", "calibrated"))
assert calibrated > fixed + 0.1, (fixed, calibrated)
PYTHON

refuse() { # what, words of the message, arguments
    what=$1 words=$2
    shift 2
    if "$mho" run "$@" >/dev/null 2>"$dir/err"; then
        complain "$what was not refused"
    elif ! grep -q -- "$words" "$dir/err"; then
        complain "$what: $(cat "$dir/err")"
    fi
}
refuse "no data" "which data" "$dir/net.onnx"
refuse "data of another shape" "98" "$dir/net.onnx" --data "$dir/small.npz"
refuse "no such file" "nowhere.npz" "$dir/net.onnx" --data nowhere.npz
refuse "a bad range" "channel and tensor" "$dir/net.onnx" --data "$dir/plain.npz" --range rows
refuse "too many images" "images" "$dir/net.onnx" --data "$dir/plain.npz" --images 97
refuse "a bad mean" "commas" "$dir/net.onnx" --data "$dir/plain.npz" --mean 1,b
refuse "three means for two channels" "3 means" "$dir/net.onnx" --data "$dir/plain.npz" --mean 1,2,3
"$mho" run "$dir/net.onnx" --help | grep -q -- "--calibrate" || complain "no help"
[ $bad = 0 ] && echo "a network from a file runs on chips"
exit $bad
