#!/bin/sh
# check_sweep_kill.sh - a study that is killed at random moments and continued ends with the same
# bytes as one that was left alone. MHO_KILLS: how often it is killed (2).
set -u
mho=${MHO_BIN:?}
kills=${MHO_KILLS:-2}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export MHO_CACHE="$dir/cache"
failed=0

fail() {
    echo "FAILED: $1" >&2
    failed=1
}

# ideal arrays and no spread of neurons, so that a chip takes some ten milliseconds
cat >"$dir/chip.yaml" <<END
chip:
  array: {compensate: 0, wire: 0, source: 0, sense: 0}
END
cat >"$dir/study.yaml" <<END
experiment: lenet5-mott
data: digits
chip: chip.yaml
train_images: 500
epochs: 2
images: 300
chips: $((10 + 10 * kills))
threshold: 20 %
imperfections: [levels, programming, read noise]
axes:
  chip.synapse.read_noise: [0.5 %, 20 %]
END

run() { # run OUT: in the background, process in $pid
    "$mho" sweep "$dir/study.yaml" --out "$dir/$1" --threads 2 --no-report >"$dir/log" 2>&1 &
    pid=$!
}

start=$(date +%s%N)
run alone
wait $pid || fail "undisturbed run: $(cat "$dir/log")"
took_ms=$((($(date +%s%N) - start) / 1000000))

random() { # 0 to 65535
    od -An -N2 -tu2 /dev/urandom | tr -d ' '
}
done_early=0 lines=""
killed=0
while [ $killed -lt "$kills" ]; do
    # the first runs have a network to train, and are killed in that too; with a fresh cache
    [ $killed = 0 ] && export MHO_CACHE="$dir/cache2"
    run killed
    sleep "$(awk "BEGIN { print 0.02 + $(random) / 65536 * 0.8e-3 * $took_ms }")"
    if kill -9 $pid 2>/dev/null; then
        killed=$((killed + 1))
        lines="$lines $(cat "$dir"/killed/journal/*.journal 2>/dev/null | wc -l)"
    fi
    wait $pid 2>/dev/null
    status=$?
    if [ $status = 0 ]; then # it had ended: forget most of it, so that there is work again
        done_early=$((done_early + 1))
        for j in "$dir"/killed/journal/*.journal; do
            head -n 9 "$j" >"$dir/short"
            head -c 37 /dev/urandom >>"$dir/short"
            mv "$dir/short" "$j"
        done
        rm -f "$dir/killed"/*.csv
    fi
    [ $done_early -lt $((20 + kills)) ] || { fail "it ends before it can be killed"; break; }
done
run killed
wait $pid || fail "last run: $(cat "$dir/log")"
for f in points.csv chips.csv chips.npz manifest.json; do
    cmp "$dir/alone/$f" "$dir/killed/$f" || fail "$f differs after $killed kills"
done
grep -q "already made" "$dir/log" || fail "nothing said about what was there: $(cat "$dir/log")"
echo "killed $killed times ($done_early runs had ended before): same bytes"
echo "chips in the journal at each kill:$lines"
exit $failed
