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

python3 - "$dir" <<'PYTHON'
# An ONNX file and NPZ files with nothing but the standard library.
import random, struct, sys, zipfile
out = sys.argv[1]
random.seed(3)

def varint(n):
    b = b""
    while n > 127:
        b, n = b + bytes([n & 127 | 128]), n >> 7
    return b + bytes([n])
def num(field, n): return varint(field << 3) + varint(n)
def sub(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data
def ints(name, values): return sub(5, sub(1, name) + b"".join(num(8, v) for v in values) + num(20, 7))
def node(op, inputs, output, attr=b""):
    return sub(1, b"".join(sub(1, x) for x in inputs) + sub(2, output) + sub(3, "n" + output) + sub(4, op) + attr)
def tensor(name, shape, scale):
    n = 1
    for s in shape: n *= s
    raw = struct.pack("<%df" % n, *(random.gauss(0, scale) for _ in range(n)))
    return sub(5, b"".join(num(1, s) for s in shape) + num(2, 1) + sub(8, name) + sub(9, raw))
def value(field, name, shape):
    dims = b"".join(sub(1, num(1, s)) for s in shape)
    return sub(field, sub(1, name) + sub(2, sub(1, num(1, 1) + sub(2, dims))))

pads = ints("pads", [1, 1, 1, 1]) + ints("kernel_shape", [3, 3])
graph = (node("Conv", ["x", "w1", "b1"], "a", pads) + node("Relu", ["a"], "r")
         + node("Conv", ["r", "w2"], "c", pads) + node("Add", ["c", "r"], "s") + node("Relu", ["s"], "t")
         + node("GlobalAveragePool", ["t"], "p") + node("Flatten", ["p"], "f")
         + node("MatMul", ["f", "w3"], "y") + sub(2, "g")
         + tensor("w1", [5, 2, 3, 3], 0.3) + tensor("b1", [5], 0.1) + tensor("w2", [5, 5, 3, 3], 0.15)
         + tensor("w3", [5, 3], 1.0) + value(11, "x", [1, 2, 7, 7]) + value(12, "y", [1, 3]))
open(out + "/net.onnx", "wb").write(num(1, 8) + sub(7, graph) + sub(8, sub(1, "") + num(2, 13)))

def npy(shape, kind, raw):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, shape)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw
def npz(name, **arrays):
    with zipfile.ZipFile(out + "/" + name, "w") as z:
        for key, data in arrays.items(): z.writestr(key + ".npy", data)
n = 96
x = npy((n, 2, 7, 7), "<f4", struct.pack("<%df" % (n * 98), *(random.gauss(0, 1) for _ in range(n * 98))))
y = npy((n,), "<i4", struct.pack("<%di" % n, *(k % 3 for k in range(n))))
npz("plain.npz", x=x)
npz("labelled.npz", x=x, y=y)
npz("small.npz", x=npy((4, 5), "<f4", bytes(80)))
PYTHON

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
