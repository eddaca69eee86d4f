#!/bin/sh
# check_sweep_cli.sh - mho sweep as a user sees it: help, refusals in one line, plan, two processes, a
# full disk, threads and ranks with the same bytes, tables that other programs read.
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
refuse() { # refuse NAME WANTED ARGUMENTS...: exit status 1 and one line with the text
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" sweep "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <"$dir/err")" = 1 ] || fail "$name: more than one line: $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/err" || fail "$name: wanted \"$wanted\", got $(cat "$dir/err")"
}
same() { # same OUT: the tables of OUT are those of the first run
    for f in points.csv chips.csv chips.npz manifest.json; do
        cmp "$dir/first/$f" "$dir/$1/$f" || fail "$1: $f differs"
    done
}

cat >"$dir/chip.yaml" <<END
chip:
  array: {compensate: 0, wire: 0, source: 0, sense: 0}
END
cat >"$dir/study.yaml" <<END
experiment: lenet5-mott
chip: chip.yaml
train_images: 300
epochs: 1
images: 200
chips: 4
threshold: 20 %
imperfections: [levels, programming, read noise]
axes:
  chip.synapse.read_noise: [0.5 %, 5 %, 20 %]
  chip.neuron.share: [per-output, per-column]
END

"$mho" sweep --help | grep -q 'mpirun -n K mho sweep' || fail "help"
refuse "no study" "which study?"
refuse "no file" "$dir/none.yaml" "$dir/none.yaml"
refuse "no chips" "chips = 2000000" "$dir/study.yaml" --chips 2000000
refuse "bad place" "cannot be made" "$dir/study.yaml" --out /dev/null/x
refuse "no data" "$dir/nowhere" "$dir/study.yaml" --out "$dir/nodata" --data "$dir/nowhere"
sed 's/0.5 %/0.5 V/' "$dir/study.yaml" >"$dir/bad.yaml"
refuse "unit" "bad.yaml:10:29: chip.synapse.read_noise" "$dir/bad.yaml"
"$mho" sweep "$dir/study.yaml" --plan >"$dir/out" || fail "plan"
grep -q '6 points (every combination) x 4 chips = 24' "$dir/out" || fail "plan: $(cat "$dir/out")"

"$mho" sweep "$dir/study.yaml" --out "$dir/first" --threads 1 >"$dir/out" 2>"$dir/err" ||
    fail "first run: $(cat "$dir/err")"
grep -q '24 to make, 1 at a time; about [0-9]* MiB of memory' "$dir/out" || fail "plan of the run"
grep -q 'What breaks first' "$dir/out" || fail "no ranking"
grep -q '</html>' "$dir/first/report.html" || fail "no page"
[ "$(wc -l <"$dir/first/points.csv")" = 7 ] || fail "lines of points.csv"
[ "$(wc -l <"$dir/first/chips.csv")" = 25 ] || fail "lines of chips.csv"
python3 - "$dir/first" <<'END' || fail "tables as python reads them"
import csv, json, sys
d = sys.argv[1]
m = json.load(open(d + "/manifest.json"))
rows = list(csv.DictReader(open(d + "/points.csv")))
chips = list(csv.DictReader(open(d + "/chips.csv")))
assert m["points"] == 6 and m["chips"] == 4 and len(m["axes"]) == 2 and len(m["assumptions"]) > 50
for r in rows:
    a = [float(c["accuracy"]) for c in chips if c["point"] == r["point"]]
    assert abs(sum(a) / 4 - float(r["accuracy_mean"])) < 1e-12
    assert min(a) == float(r["accuracy_worst"]) == a[int(r["worst_chip"])]
    assert float(r["yield"]) == sum(x >= 0.2 for x in a) / 4
assert {r["chip.neuron.share"] for r in rows} == {"per-output", "per-column"}
END
"$mho" sweep "$dir/study.yaml" --out "$dir/two" --threads 2 --json - >"$dir/json" 2>"$dir/err" ||
    fail "two threads: $(cat "$dir/err")"
python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); assert len(r["point"]) == 6' \
    "$dir/json" || fail "JSON"
same two
cmp "$dir/first/report.html" "$dir/two/report.html" || fail "pages differ"

# a full disk: said so, nothing lost, goes on
mkdir -p "$dir/full/journal"
ln -s /dev/full "$dir/full/journal/rank-00000.journal"
refuse "full disk" "No space left on device" "$dir/study.yaml" --out "$dir/full" --threads 1
rm "$dir/full/journal/rank-00000.journal"
"$mho" sweep "$dir/study.yaml" --out "$dir/full" --no-report >/dev/null 2>"$dir/err" ||
    fail "after the full disk: $(cat "$dir/err")"
same full

# another process: one of them works, the other says so
if command -v flock >/dev/null 2>&1; then
    flock "$dir/two/lock" -c "'$mho' sweep '$dir/study.yaml' --out '$dir/two'" >"$dir/out" 2>"$dir/err" &&
        fail "two processes at once"
    grep -q 'another process (process [0-9]* on .*) is working on it' "$dir/err" ||
        fail "second process: $(cat "$dir/err")"
fi

# ranks
module=$(dirname "$mho")/libmho_mpi.so
if nm "$mho" 2>/dev/null | grep -q __asan; then
    echo "ranks: skipped: MPI's own leaks are not ours to find"
elif command -v mpirun >/dev/null 2>&1 && [ -f "$module" ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    mpirun -n 2 --oversubscribe "$mho" sweep "$dir/study.yaml" --out "$dir/ranks" --threads 1 \
        --no-report >"$dir/out" 2>"$dir/err" || fail "two ranks: $(cat "$dir/err")"
    same ranks
    grep -q '24 to make, 2 at a time' "$dir/out" || fail "two ranks: $(cat "$dir/out")"
    mkdir -p "$dir/rankfull/journal"
    ln -s /dev/full "$dir/rankfull/journal/rank-00000.journal"
    ln -s /dev/full "$dir/rankfull/journal/rank-00001.journal"
    mpirun -n 2 --oversubscribe "$mho" sweep "$dir/study.yaml" --out "$dir/rankfull" --threads 1 \
        --no-report >"$dir/out" 2>"$dir/err" && fail "ranks on a full disk"
    grep -q '^mho: .*No space left on device' "$dir/err" || fail "ranks, full disk: $(cat "$dir/err")"
else
    echo "ranks: skipped: no mpirun or no $module"
fi
OMPI_COMM_WORLD_SIZE=3 LD_PRELOAD= "$mho" sweep --help >/dev/null || fail "help under mpirun"
exit $failed
