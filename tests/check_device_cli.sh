#!/bin/sh
# check_device_cli.sh - mho device: lists, cards, curves, designs; a user's model and measurement;
# refusals in one line that say what is allowed.
set -u
mho=${MHO_BIN:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() {
    echo "FAILED: $1" >&2
    failed=1
}
refuse() { # refuse NAME WANTED-TEXT ARGUMENTS...
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" device "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <"$dir/err")" = 1 ] || fail "$name: not one line: $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/err" || fail "$name: wanted \"$wanted\", got $(cat "$dir/err")"
    [ -s "$dir/out" ] && fail "$name: output"
}
show() { # show NAME WANTED-TEXT ARGUMENTS...
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" device "$@" >"$dir/out" 2>"$dir/err" || fail "$name: $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/out" || fail "$name: no \"$wanted\" in the output"
}
refuse "no model" "mho device --list"
refuse "unknown model" 'did you mean "vo2-neuron"' vo2-neurom
refuse "unknown card" "the cards of vo2-neuron are U, T, N" vo2-neuron --card X
refuse "unknown curve" "rt, mixing, minor, transfer, pulse, noise, iv" vo2-neuron --curve gate
refuse "unknown key" 'did you mean "rth"' vo2-neuron --set rht=3
refuse "unit" "the unit wanted is K/W" vo2-neuron --set "rth=3 K"
refuse "range" "allowed are 1 K/W to 1 GK/W" vo2-neuron --set "rth=1e12 K/W"
refuse "word" "series, bruggeman-2d, bruggeman-3d, gem" vo2-neuron --set mixing=salad
refuse "across" "is not below g_max" rram --set "g_min=5 mS" --set "g_max=1 mS"
refuse "abscissa" "wrong unit" vo2-neuron --curve rt --from "3 V"
refuse "order" "a rising range" vo2-neuron --curve rt --from "370 K" --to "310 K"
refuse "picture" ".svg or .png" ideal --curve iv --plot "$dir/x.jpg"
refuse "no directory" "$dir/none" ideal --curve iv --csv "$dir/none/x.csv"
refuse "curve needed" "need --curve" ideal --plot "$dir/x.svg"
refuse "design" "only design there is" pcm --design relu
refuse "design word" "only design there is" vo2-neuron --design sigmoid
refuse "table without data" "--data FILE.csv" table
refuse "data without table" "model table" ideal --data "$dir/x.csv"
refuse "no such object" "no such file" --model "$dir/none.so"
refuse "no object" "cannot be loaded" --model README.md

"$mho" device --list >"$dir/list" || fail "list"
for model in vo2-neuron vo2-filament cbram pcm rram pulsed optomemristor ideal; do
    grep -q "^$model " "$dir/list" || fail "$model is not listed"
    show "$model" "Source:" $model
    show "$model card" "[A: " $model --card
    cp "$dir/out" "$dir/$model.yaml"
    show "$model own card" "model: $model" $model --card "$dir/$model.yaml"
    cmp -s "$dir/out" "$dir/$model.yaml" || fail "$model: its card does not come back as it was"
    show "$model check" "passed   derivatives" $model --check
    show "$model iv" "current" $model --curve iv --points 11
done
show "two changes" "F: set by the user" rram --set "g_max=2 mS" --set law=sinh

show "gate" "both:            +0.0286 and -0.0266" optomemristor --curve gate
show "design" "distance to a ReLU" vo2-neuron --design relu --card T
"$mho" device vo2-neuron --design relu --json >"$dir/n.json" || fail "design as JSON"
python3 - "$dir/n.json" <<'END' || fail "content of the design"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["transfer"]["relu_error_rel"] < 0.03, d["transfer"]
e = d["energy"]
assert e["balance_rel"] < 1e-6
assert len(d["spread"]) == 6 and d["spread_all"]["output_rel"] > 0
END
"$mho" device optomemristor --curve gate --csv "$dir/g.csv" --npy "$dir/g.npy" --json "$dir/g.json" \
    >/dev/null || fail "files of a curve"
head -1 "$dir/g.csv" | grep -q '^eligibility,light_only,pulse_up,pulse_down$' || fail "heading of the CSV"
[ "$(wc -l <"$dir/g.csv")" = 12 ] || fail "rows of the CSV"
python3 -c 'import json,sys; c=json.load(open(sys.argv[1])); assert len(c["traces"][0]["values"]["pulse_up"])==11' \
    "$dir/g.json" || fail "JSON of a curve"
[ "$("$mho" device ideal --curve iv --points 3 --csv - | wc -l)" = 7 ] || fail "CSV on the standard output"
if command -v gnuplot >/dev/null; then
    "$mho" device vo2-neuron --card T --curve rt --plot "$dir/rt.svg" >/dev/null || fail "SVG"
    grep -q '</svg>' "$dir/rt.svg" || fail "no SVG"
    "$mho" device pcm --curve noise --devices 200 --plot "$dir/n.png" >/dev/null || fail "PNG"
    [ "$(head -c 4 "$dir/n.png" | tail -c 3)" = PNG ] || fail "no PNG"
fi

# a measurement as a model
printf 'voltage (V),current (uA)\n-1,-3\n0,0\n0.5,1\n1,3\n' >"$dir/iv.csv"
show "measured I-V" "3 uA" table --data "$dir/iv.csv" --curve iv --from 0 --to 1 --points 5
show "measured I-V, check" "passed   currents" table --data "$dir/iv.csv" --check
printf 'pulse,conductance (uS)\n0,1\n1,3\n2,4\n3,2\n4,1\n' >"$dir/p.csv"
show "measured pulses" "4 uS" table --data "$dir/p.csv" --curve pulse --points 5
csv() { # csv NAME WANTED CONTENT
    printf "$3" >"$dir/bad.csv"
    refuse "$1" "$2" table --data "$dir/bad.csv"
}
csv "gap" "must not have gaps" 'V (V),I (A)\n0,0\n1,\n2,3\n'
csv "NaN" "must not have gaps" 'V (V),I (A)\n0,0\n1,nan\n2,3\n'
csv "text" "bad.csv:3" 'V (V),I (A)\n0,0\n1,x\n2,3\n'
csv "not rising" "rising order" 'V (V),I (A)\n0,0\n2,1\n1,3\n'
csv "up and down" "two curves" 'V (V),I (A)\n0,0\n1,1\n0,0.5\n'
csv "one branch" "depression are wanted" 'pulse,G (S)\n0,1\n1,2\n2,3\n'
csv "wrong unit" "bad.csv" 'V (K),I (A)\n0,0\n1,1\n'
csv "other columns" "wanted are voltage and current" 'apples,pears\n0,0\n1,1\n'
csv "empty" "bad.csv" ''
refuse "no file" "none.csv" table --data "$dir/none.csv"

# a model of one's own
if command -v cc >/dev/null && ! nm -D "${MHO_BUILD:-build}/libmho.so" | grep -q __asan; then
    cc -std=c17 -Wall -Wextra -Werror -shared -fPIC -Iinclude examples/my_model.c -o "$dir/my_model.so" ||
        fail "the example does not compile"
    show "own model" "threshold memristor" --model "$dir/my_model.so"
    show "own model, check" "passed   derivatives" --model "$dir/my_model.so" --check
    show "own model, card" "1e+07 1/s" --model "$dir/my_model.so" --card fast
    show "own model, curve" "swept up and down" --model "$dir/my_model.so" --curve iv --period "1 ms"
    refuse "own model, limits" "is not below g_on" --model "$dir/my_model.so" --set "g_off=1 S"
    sed 's/version == MHO_EXT_VERSION/version == 999/' examples/my_model.c >"$dir/other.c"
    cc -shared -fPIC -Iinclude "$dir/other.c" -o "$dir/other.so"
    refuse "own model, other version" "no model for version 1 of mho/ext.h" --model "$dir/other.so"
    sed 's/di_dx\[i\] = range \* v;/di_dx[i] = 1.01 * range * v;/' examples/my_model.c >"$dir/wrong.c"
    cc -shared -fPIC -Iinclude "$dir/wrong.c" -o "$dir/wrong.so"
    "$mho" device --model "$dir/wrong.so" --check >"$dir/out" 2>"$dir/err" && fail "a wrong derivative passes"
    grep -q "FAILED   derivatives" "$dir/out" || fail "a wrong derivative is not named"
    echo 'int nothing;' >"$dir/empty.c"
    cc -shared -fPIC "$dir/empty.c" -o "$dir/empty.so"
    refuse "object without a model" "no function mho_ext_entry" --model "$dir/empty.so"
    sed 's/\.start = /.start=/; s/"A", "made up", "conductance at x = 0"/"Z", "made up", "conductance at x = 0"/' \
        examples/my_model.c >"$dir/mark.c"
    cc -shared -fPIC -Iinclude "$dir/mark.c" -o "$dir/mark.so"
    refuse "mark" "mark must begin with P, C or A" --model "$dir/mark.so"
    sed 's/\.version = MHO_EXT_VERSION/.version = 99/' examples/my_model.c >"$dir/v.c"
    cc -shared -fPIC -Iinclude "$dir/v.c" -o "$dir/v.so"
    refuse "version" "compile it again" --model "$dir/v.so"
fi
exit $failed
