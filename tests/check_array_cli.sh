#!/bin/sh
# mho array from the outside: results on good input, messages and exit statuses on bad input, files
# that stay whole. Needs python3 for reading JSON and making NPY files.
set -u
mho=${MHO_BIN:?}
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
bad=0

# want STATUS 'TEXT' ARGS...: exit status and a piece of what is printed (both streams)
want() {
    status=$1 text=$2
    shift 2
    "$mho" array "$@" >output 2>&1 </dev/null
    got=$?
    if [ "$got" != "$status" ] || ! grep -qF -e "$text" output; then
        echo "mho array $*: status $got, wanted $status and \"$text\"; it said:"
        head -5 output
        bad=1
    fi
}

# check 'PYTHON CONDITION' on the JSON in result.json
check() {
    python3 -c "
import json, math, sys
j = json.load(open('result.json'))
sys.exit(0 if ($1) else 1)" || { echo "not true: $1"; cat result.json; bad=1; }
}

# npy FILE 'ROWS OF NUMBERS': [[1, 2], [3, 4]]
npy() {
    python3 - "$1" "$2" <<'PY'
import struct, sys
def flat(x): return [x] if not isinstance(x, list) else [z for y in x for z in flat(y)]
def shape(x): return () if not isinstance(x, list) else (len(x),) + (shape(x[0]) if x else ())
x = eval(sys.argv[2], {"nan": float("nan"), "inf": float("inf")})
head = str({"descr": "<f8", "fortran_order": False, "shape": shape(x)}).encode()
head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
data = flat(x)
open(sys.argv[1], "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + struct.pack("<%dd" % len(data), *data))
PY
}
# last doubles of an NPY file
doubles() {
    python3 -c "
import struct, sys
b = open('$1', 'rb').read(); n = (len(b) - 10 - struct.unpack('<H', b[8:10])[0]) // 8
print(*('%.12g' % x for x in struct.unpack('<%dd' % n, b[-8 * n:])))"
}
same() {
    [ "$1" = "$2" ] || { echo "got $1, wanted $2"; bad=1; }
}

npy g.npy '[[1e-3, 2e-3], [0.0, 4e-3]]'
npy v.npy '[[1.0, 0.5], [0.0, 2.0]]'

# ---- good input ----
# pairs and signed weights: differences of columns, which are sums of weight times input; a pair
# from file equals the pair that the weights make
npy w.npy '[[2.0, -1.0, 0.0], [0.5, 1.0, -2.0]]'
npy wt.npy '[[2.0, 0.5], [-1.0, 1.0], [0.0, -2.0]]'
for scheme in one-sided two-sided offset; do
    want 0 "1 is " --weights w.npy --scheme $scheme --gmin 1uS --gmax 41uS --inputs v.npy --out y.npy
    unit=2e-5; [ $scheme = offset ] && unit=1e-5
    same "$(doubles y.npy)" "$(python3 -c "
u = $unit
print(*('%.12g' % (u * x) for x in (2.25, -0.5, -1.0, 1.0, 2.0, -4.0)))")"
    cp y.npy $scheme.npy
    want 0 "1 is " --weights wt.npy --transposed --scheme $scheme --gmin 1uS --gmax 41uS --inputs v.npy --out yt.npy
    cmp -s y.npy yt.npy || { echo "--transposed gives something else"; bad=1; }
done
npy pair.npy '[[[1.0, 0.025, 0.025], [0.26875, 0.5125, 0.025]], [[0.025, 0.5125, 0.025], [0.025, 0.025, 1.0]]]'
want 0 "difference of two columns" --conductances pair.npy --g-scale 40uS --inputs v.npy --out y.npy
same "$(doubles y.npy)" "$(python3 -c "
print(*('%.12g' % (19.5e-6 * x) for x in (2.25, -0.5, -1.0, 1.0, 2.0, -4.0)))")"
want 0 '"readout": "offset"' --weights w.npy --scheme offset --json
want 1 "one-sided, two-sided, offset" --weights w.npy --scheme both
want 1 "0 <= gmin < gmax" --weights w.npy --gmin 2uS --gmax 1uS
want 1 "--g-scale" --conductances g.npy --g-scale 0
want 1 "one of --conductances" --conductances g.npy --weights w.npy
npy cube.npy '[[[1.0]], [[1.0]], [[1.0]]]'
want 1 "[2][rows][columns]" --conductances cube.npy
npy nan.npy '[[1.0, nan]]'
want 1 "number 1 is nan" --weights nan.npy
want 0 '2 x 2 cells' --conductances g.npy --inputs v.npy --out i.npy --json=result.json
same "$(doubles i.npy)" "0.001 0.004 0 0.008"
check 'j["rows"] == 2 and j["cols"] == 2 and j["vectors"] == 2 and j["seed"] == 1 and j["version"]'
check 'j["residual_rel"] < 1e-10 and j["iterations"] >= 0 and j["solver"] and j["power_W"] > 0'
check 'j["seconds"]["build"] >= 0 and j["seconds"]["read"] >= 0 and j["loss"]["mean"] is None'
# one cell between 100 ohm, 3 ohm, 1 kohm, 2 ohm, 50 ohm
npy one.npy '[[1e-3]]'
npy volt.npy '[1.0]'
want 0 ohmic --conductances one.npy --inputs volt.npy --wire-word 3 --wire-bit '2 ohm' --source 100 --sense 50 --out i.npy --compare ideal --json result.json
same "$(doubles i.npy)" "0.000865800865801"
check 'abs(j["loss"]["mean"] - 155 / 1155) < 1e-12 and abs(j["power_W"] - 1 / 1155) < 1e-12'
for solver in transfer cg newton reference; do
    want 0 "$solver" --random 20x30 --wire 2 --sense 100 --random-inputs 3 --solver $solver --out $solver.npy
    same "$(doubles $solver.npy | cut -d' ' -f1-5 | tr ' ' '\n' | cut -c1-11)" \
         "$(doubles transfer.npy | cut -d' ' -f1-5 | tr ' ' '\n' | cut -c1-11)"
done
want 0 newton --random 20x30 --wire 2 --cell sinh:2 --drive both --sense-end top --power
want 0 'row wires' --random 20x30 --wire 2 --power
"$mho" array --random 9x7 --seed 18446744073709551615 --json - >result.json || bad=1
check 'j["seed"] == "18446744073709551615" and j["cols"] == 7'
want 0 mean --random 9x7 --wire 5 --nodes n.npz --random-inputs 4 --compare ideal --threads 1
python3 -m zipfile -t n.npz >/dev/null || bad=1
same "$(python3 -m zipfile -l n.npz | awk 'NR > 1 { print $1, $NF }' | tr '\n' ' ')" "word.npy 2144 bit.npy 2144 "
if command -v gnuplot >/dev/null; then
    want 0 solver --random 9x7 --wire 5 --map drop.png
    same "$(head -c 4 drop.png | tail -c 3)" PNG
    want 0 solver --random 9x7 --wire 5 --map cell.png --map-of cell --solver reference
fi
if command -v ngspice >/dev/null; then
    want 0 'spice (ngspice-' --random 9x7 --wire 5 --solver spice --netlist a.cir --out spice.npy
    want 0 reference --random 9x7 --wire 5 --solver reference --out reference.npy
    same "$(doubles spice.npy | cut -c1-11)" "$(doubles reference.npy | cut -c1-11)"
    ngspice -n -b a.cir 2>/dev/null | grep -q '^vc6#branch = ' || { echo "a.cir does not run"; bad=1; }
fi
env PATH=/nonexistent "$mho" array --random 3x3 --solver spice >output 2>&1
same "$? $(grep -c 'ngspice is not installed' output)" "1 1"
echo old >drop2.png
env PATH=/nonexistent "$mho" array --random 3x3 --map drop2.png >output 2>&1
same "$? $(grep -c 'gnuplot is not installed' output) $(cat drop2.png)" "1 1 old"

# ---- bad input ----
want 1 'one of --conductances FILE, --weights FILE and --random' --wire 2
want 1 'one of --conductances FILE, --weights FILE and --random' --conductances g.npy --random 2x2
want 1 'ROWSxCOLS is wanted' --random 5
want 1 'ROWSxCOLS is wanted' --random 18446744073709551621x5
want 1 'ROWSxCOLS is wanted' --random '5x 5'
want 1 'ROWSxCOLS is wanted' --random 0x5
want 1 'ROWSxCOLS is wanted' --random -3x5
want 1 'GiB of memory' --random 2000000x2000000
want 1 'GiB of memory' --random 100x100 --random-inputs 900000000000
want 1 'gmin' --random 5x5 --gmin 2e-4
want 1 'a resistance is 0 (ideal) or above' --random 5x5 --wire=-1
want 1 'the unit wanted is ohm' --random 5x5 --wire '2 S'
want 1 'ohm' --random 5x5 --wire nan
want 1 'allowed are left, right, both' --random 5x5 --drive up
want 1 'allowed are auto, transfer, cg, newton, reference, spice' --random 5x5 --solver magic
want 1 'sinh:a with a > 0' --random 5x5 --cell sinh:0
want 1 'sinh:a with a > 0' --random 5x5 --cell diode
want 1 'is for ohmic cells' --random 5x5 --cell sinh:2 --solver cg
want 1 'allowed are ideal' --random 5x5 --compare reality
want 1 'tol_rel' --random 5x5 --tol 2
want 1 'max_iter' --random 5x5 --max-iter 0
want 1 'is not an option' --random 5x5 --wires 2
want 1 'one argument too many' --random 5x5 g.npy
want 1 'exclude each other' --random 2x2 --inputs v.npy --random-inputs 3
want 1 'cannot be opened' --conductances absent.npy
want 1 'not an NPY file' --conductances output
npy neg.npy '[[1e-3, -2e-3], [0.0, 4e-3]]'
want 1 '(0,1)' --conductances neg.npy
npy nan.npy '[[1e-3, 1e-3], [nan, 4e-3]]'
want 1 '(1,0)' --conductances nan.npy
npy inf.npy '[[1e-3, 1e-3], [1e-3, inf]]'
want 1 '(1,1)' --conductances inf.npy
npy line.npy '[1e-3, 1e-3]'
want 1 'has 1 dimensions; [rows][columns], or a pair' --conductances line.npy
npy three.npy '[[1.0, 2.0, 3.0]]'
want 1 '[vectors][2] is wanted' --conductances g.npy --inputs three.npy
npy vnan.npy '[[1.0, nan]]'
want 1 'input 1 of vector 0' --conductances g.npy --inputs vnan.npy
npy empty.npy '[[], []]'
want 1 'is empty' --conductances empty.npy
want 1 'the same file' --conductances g.npy --out ./g.npy
want 1 'the same file' --random 2x2 --out x.npy --nodes x.npy
want 1 'cannot be written' --random 2x2 --out absent/x.npy
want 1 'is a directory' --random 2x2 --out .

# ---- not converged: the mark, status 2, nothing overwritten ----
echo precious >keep.npy
# cells and wires twelve decades apart: the currents are confirmed, the power is not to be had
want 2 'power       NOT CONVERGED' --random 12x12 --wire 1e12 --gmin 1e-3 --gmax 1e3 --json result.json
check 'j["converged"] and j["residual_rel"] < 1e-9 and j["rounding_rel"] > 1e-6 and j["power_W"] is None and j["power_converged"] is False'
want 2 'NOT CONVERGED' --random 12x12 --wire 1e12 --gmin 1e-3 --gmax 1e3 --solver cg --json result.json
check 'not j["converged"] and j["residual_rel"] > 1e-6 and j["power_W"] is None'
want 0 'the currents were confirmed' --random 12x12 --wire 1e-15 --gmin 1e-3 --gmax 1e3 --json result.json
check 'j["converged"] and j["residual_rel"] < 1e-9 and j["rounding_rel"] > 1e-6 and j["power_W"] > 0'
want 2 'NOT CONVERGED' --random 9x7 --cell sinh:9 --wire 2 --max-iter 1 --out keep.npy --json result.json
check 'j["converged"] == False and j["power_W"] is None'
same "$(cat keep.npy)" precious
want 1 '(0,1)' --conductances neg.npy --out keep.npy
same "$(cat keep.npy)" precious
same "$(ls -a | grep -c 'tmp-')" 0

# ---- help: its example works ----
want 0 'Example:' --help
example=$("$mho" array --help | tail -1)
same "$(echo "$example" | cut -d' ' -f3-4)" "mho array"
if command -v gnuplot >/dev/null; then
    # shellcheck disable=SC2086
    set -- $example
    shift 2
    want 0 'against ideal wires' "$@"
fi
exit $bad
