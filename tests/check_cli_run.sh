#!/bin/sh
# check_cli_run.sh - mho run refuses bad input in one line with exit status 1, before any work is done,
# leaves nothing behind and overwrites nothing; a tiny run writes JSON and a page.
set -u
mho=${MHO_BIN:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export MHO_CACHE="$dir/cache"
failed=0

fail() {
    echo "FAILED: $1" >&2
    failed=1
}

# refuse NAME WANTED-TEXT ARGUMENTS...: exit status 1, one line "mho: ..." with the text, no output
refuse() {
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" run "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <"$dir/err")" = 1 ] || fail "$name: more than one line: $(cat "$dir/err")"
    grep -q '^mho: ' "$dir/err" || fail "$name: no \"mho: \" in $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/err" || fail "$name: wanted \"$wanted\", got $(cat "$dir/err")"
    [ -s "$dir/out" ] && fail "$name: output: $(head -3 "$dir/out")"
}

refuse "no experiment" "lenet5-mott"
refuse "unknown experiment" '"lenet6" is not an experiment' lenet6
refuse "unknown option" "--banana" lenet5-mott --banana
refuse "no chips" "chips = 0" lenet5-mott --chips 0
refuse "negative chips" "--chips -3" lenet5-mott --chips -3
refuse "seed" "--seed 1e3" lenet5-mott --seed 1e3
refuse "missing directory" "$dir/none" lenet5-mott --data "$dir/none"
refuse "age" "--age -3" lenet5-mott --age -3
refuse "age without sense" "--age 3 apples" lenet5-mott --age "3 apples"
refuse "two studies" "one at a time" lenet5-mott --ageing --remedies
refuse "study with a page" "neither --report" lenet5-mott --ageing --report "$dir/x.html"
refuse "study of one chip" "chips = 1" lenet5-mott --remedies --chips 1
refuse "too many pictures" "4000" lenet5-mott --images 5000

# ---- data: headers are big-endian magic, count, rows, columns ----
byte() {
    printf "\\$(printf %03o "$1")"
}
idx() { # idx DIR MAGIC3 COUNT ROWS COLS LABEL: both pairs, COUNT pictures of zeros (COUNT < 256)
    mkdir -p "$1"
    for part in train t10k; do
        { printf '\0\0\010'; byte "$2"
          for n in "$3" "$4" "$5"; do printf '\0\0\0'; byte "$n"; done
          head -c $(($3 * $4 * $5)) /dev/zero; } >"$1/$part-images-idx3-ubyte"
        { printf '\0\0\010\001\0\0\0'; byte "$3"
          head -c $(($3 - 1)) /dev/zero; byte "$6"; } >"$1/$part-labels-idx1-ubyte"
    done
}
idx "$dir/good" 3 20 28 28 7
idx "$dir/magic" 5 20 28 28 7
refuse "wrong magic" "train-images-idx3-ubyte" lenet5-mott --data "$dir/magic"
idx "$dir/label" 3 20 28 28 12
refuse "label out of range" "12" lenet5-mott --data "$dir/label"
idx "$dir/size" 3 20 30 28 7
refuse "size of pictures" "28" lenet5-mott --data "$dir/size"
idx "$dir/short" 3 20 28 28 7
head -c 5000 "$dir/good/t10k-images-idx3-ubyte" >"$dir/short/t10k-images-idx3-ubyte"
refuse "truncated" "t10k-images-idx3-ubyte" lenet5-mott --data "$dir/short"
idx "$dir/gone" 3 20 28 28 7
rm "$dir/gone/t10k-labels-idx1-ubyte"
refuse "missing file" "t10k-labels" lenet5-mott --data "$dir/gone"

# ---- chip file ----
chip() { # chip NAME WANTED YAML
    printf "$3" >"$dir/chip.yaml"
    refuse "$1" "chip.yaml:$2" lenet5-mott --chip "$dir/chip.yaml"
}
refuse "no chip file" "$dir/none.yaml" lenet5-mott --chip "$dir/none.yaml"
chip "unknown key" '3:5: chip.array.wires' 'chip:\n  array:\n    wires: 2 ohm\n'
chip "wrong unit" '3:11: chip.array.wire = "2 V"' 'chip:\n  array:\n    wire: 2 V\n'
chip "out of range" '3:11: chip.array.rows = "1"' 'chip:\n  array:\n    rows: 1\n'
chip "not YAML" '3:1: not YAML' 'chip:\n  array: {wire: 2 ohm\n'

# ---- outputs: refused before the work, the old file stays ----
refuse "unwritable report" "$dir/none/x.html" lenet5-mott --report "$dir/none/x.html"
refuse "unwritable JSON" "$dir/none/x.json" lenet5-mott --json "$dir/none/x.json"
refuse "report is a directory" "$dir/good" lenet5-mott --report "$dir/good"
refuse "one file twice" "same file" lenet5-mott --json "$dir/x" --report "$dir/x"
echo old >"$dir/old.html"
echo old >"$dir/old.json"
refuse "bad data, old outputs" "$dir/none" lenet5-mott --data "$dir/none" \
    --report "$dir/old.html" --json "$dir/old.json"
[ "$(cat "$dir/old.html" "$dir/old.json")" = "old
old" ] || fail "an old file was changed"
rm -f "$dir/out" "$dir/err"
left=$(cd "$dir" && ls -A | tr '\n' ' ')
[ "$left" = "chip.yaml gone good label magic old.html old.json short size " ] ||
    [ "$left" = "cache chip.yaml gone good label magic old.html old.json short size " ] ||
    fail "left behind: $left"

# ---- a tiny run ----
timeout 600 "$mho" run lenet5-mott --data "$dir/good" --chips 1 --budget-chips 0 --epochs 1 \
    --json - --report "$dir/page.html" >"$dir/run.json" 2>"$dir/err" ||
    fail "tiny run: $(cat "$dir/err")"
head -c 1 "$dir/run.json" | grep -q '{' && tail -n 1 "$dir/run.json" | grep -qx '}' ||
    fail "tiny run: not only JSON: $(head -3 "$dir/run.json")"
for key in software ideal_chip hardware ci95 chips images loss_budget cost energy_J latency_s area_m2 \
    neuron relu_error seconds verify max_rel_error seed version published; do
    grep -q "\"$key\"" "$dir/run.json" || fail "no key $key"
done
# few neurons, no wires: fast to program
printf 'chip:\n  synapse: { model: pcm }\n  neuron: { share: per-column }\n  array: { wire: 0, source: 0, sense: 0 }\n' \
    >"$dir/small.yaml"
timeout 600 "$mho" run lenet5-mott --data "$dir/good" --chip "$dir/small.yaml" --ageing --chips 2 --epochs 1 \
    --json "$dir/ageing.json" >"$dir/ageing.txt" 2>"$dir/err" || fail "ageing: $(cat "$dir/err")"
grep -q '"compensated"' "$dir/ageing.json" || fail "ageing: no compensated accuracy in the JSON"
[ "$(grep -c '^  pcm .*+-' "$dir/ageing.txt")" = 5 ] || fail "ageing: $(cat "$dir/ageing.txt")"
timeout 600 "$mho" run lenet5-mott --data "$dir/good" --chip "$dir/small.yaml" --remedies --chips 2 --epochs 1 \
    --json "$dir/remedies.json" >"$dir/remedies.txt" 2>"$dir/err" || fail "remedies: $(cat "$dir/err")"
[ "$(grep -c '+-.*+-.*+-' "$dir/remedies.txt")" = 11 ] || fail "remedies: $(cat "$dir/remedies.txt")"
[ "$(grep -c '"gain"' "$dir/remedies.json")" = 11 ] || fail "remedies: not every row in the JSON"
timeout 600 "$mho" run lenet5-mott --data "$dir/good" --chip "$dir/small.yaml" --chips 1 --budget-chips 1 \
    --epochs 1 --age 1year --json - >"$dir/aged.json" 2>"$dir/err" || fail "age: $(cat "$dir/err")"
grep -q '"ageing"' "$dir/aged.json" || fail "age: not in the loss budget"
grep -q '</html>' "$dir/page.html" || fail "no page"
# a title names what the chip is made of
printf 'chip:\n  periphery: {activation: digital}\n  synapse: {model: pcm}\n' >"$dir/other.yaml"
"$mho" run lenet5-mott --chips 1 --budget-chips 0 --images 20 --epochs 1 --chip "$dir/other.yaml" 2>"$dir/err" |
    grep -q '^LeNet-5 on PCM synapses with digital activations;' || fail "title: $(cat "$dir/err")"

"$mho" run --help | grep -q -- '--report FILE' || fail "help"
exit $failed
