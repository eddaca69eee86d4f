#!/bin/sh
# check_failures.sh - allocations, reads and writes of whole commands fail, a few of each kind: the
# command ends with the documented status and one line, leaves nothing behind, destroys nothing.
# MHO_FULL=1 tries every call of every command (make check-failures; hours).
# Full and closed standard output, devices, pipes and links in the place of results.
set -u
mho=${MHO_BIN:?}
build=${MHO_BUILD:?}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
export MHO_CACHE="$dir/cache"

fail() {
    echo "FAILED: $1" >&2
    failed=1
}

# ---- standard output ----
if [ -c /dev/full ]; then
    for command in "--help" "--version" "device --list" "device pcm --curve iv --points 3 --csv -" \
        "device pcm --card" "array --random 3x3" "array --random 3x3 --json -" "net lenet5" "net lenet5 --json" \
        "transient opto --samples 20 --json" "learn xor --seeds 1 --neurons 20 --json" "run --help" \
        "device vo2-neuron --design relu --json"; do
        "$mho" $command >/dev/full 2>"$dir/err"
        status=$?
        [ $status = 1 ] || fail "mho $command >/dev/full: exit status $status"
        grep -qx "mho: standard output cannot be written: No space left on device" "$dir/err" ||
            fail "mho $command >/dev/full: $(cat "$dir/err")"
        "$mho" $command >&- 2>"$dir/err"
        status=$?
        [ $status = 1 ] || fail "mho $command >&-: exit status $status"
        grep -qx "mho: standard output cannot be written: Bad file descriptor" "$dir/err" ||
            fail "mho $command >&-: $(cat "$dir/err")"
    done
fi
# nothing is printed into a result, whichever streams are closed
"$mho" array --random 3x3 --out "$dir/a.npy" >/dev/null || fail "array"
"$mho" array --random 3x3 --out "$dir/b.npy" <&- >&- 2>&-
cmp "$dir/a.npy" "$dir/b.npy" || fail "a result differs where the standard streams are closed"
# a reader that has enough is no error of ours, and nothing is said
{ "$mho" net --operators 2>"$dir/err"; echo $? >"$dir/status"; } | head -1 >/dev/null
case $(cat "$dir/status") in 0 | 141) ;; *) fail "broken pipe: exit status $(cat "$dir/status")" ;; esac
[ -s "$dir/err" ] && fail "broken pipe: $(cat "$dir/err")"
# text on standard output is text
"$mho" device pcm --curve iv --points 3 --csv - | od -c | grep -q '\\0' && fail "a 0 byte in a CSV"

# ---- what stands in the place of a result ----
ln -s "$dir/target.json" "$dir/link.json"
echo old >"$dir/target.json"
"$mho" array --random 3x3 --json "$dir/link.json" >/dev/null || fail "link"
[ -h "$dir/link.json" ] && grep -q '{' "$dir/target.json" || fail "link: replaced"
mkfifo "$dir/pipe"
cat "$dir/pipe" >"$dir/through" &
"$mho" array --random 3x3 --out "$dir/pipe" >/dev/null || fail "pipe"
wait $!
[ -p "$dir/pipe" ] && cmp -s "$dir/through" "$dir/a.npy" || fail "pipe: replaced or cut"
if mknod "$dir/null" c 1 3 2>/dev/null && : >"$dir/null" 2>/dev/null; then
    "$mho" array --random 3x3 --json "$dir/null" >/dev/null || fail "device"
    [ -c "$dir/null" ] || fail "a device was replaced by a file"
fi
# "-" is standard output where text can go there (--json, --csv of a device), and no file of that name elsewhere
cd "$dir" || exit 1
for command in "array --random 3x3 --out" "array --random 3x3 --map" "array --inputs" "device pcm --curve iv --npy" \
    "export spice array --random 3x2 --out" "fit vo2 x.csv --card-out" "image x.png --out" "net x.onnx --run" \
    "run lenet5-mott --report" "run lenet5-mott --chip" "transient opto --csv" "learn maze --report" "learn xor --report"; do
    "$mho" $command - >/dev/null 2>"$dir/err"
    status=$?
    [ $status = 1 ] && grep -q -- "--[a-z-]* -: a file is wanted" "$dir/err" || fail "$command -: $status: $(cat "$dir/err")"
    [ -e ./- ] && fail "$command - made a file of that name"
done
cd "$here" || exit 1
# files that are read may be pipes, which cannot be read twice; those that vanish or are none say so
if command -v python3 >/dev/null; then
    python3 "$here/failures/cases.py" "$dir/inputs" >/dev/null
    cd "$dir/inputs" || exit 1
    for command in "g.npy array --inputs v.npy --json - --conductances" "photo.png image --out edges.png --json -" \
        "photo.pgm image --out edges.png --json -" "net.onnx net --json -" "iv.csv device table --curve iv --json - --data" \
        "loop.csv fit vo2 --json -" "chip.yaml run net.onnx --data data.npz --chips 1 --threads 1 --json - --chip" \
        "maze.txt learn maze --seeds 2 --episodes 3 --threads 1 --json - --world"; do
        file=${command%% *}
        rm -rf same
        mkdir same
        cp first.bin same/ # beside net.onnx
        mkfifo "same/$file"
        cp "$file" same/copy
        cat same/copy >"same/$file" &
        "$mho" ${command#* } "same/$file" >"$dir/through" 2>"$dir/err"
        status=$?
        kill $! 2>/dev/null # it waits for ever where nobody opened the pipe
        rm "same/$file"
        mv same/copy "same/$file"
        "$mho" ${command#* } "same/$file" >"$dir/plain" 2>/dev/null
        [ $status = 0 ] || fail "$file through a pipe: exit status $status: $(cat "$dir/err")"
        # but for the times
        for result in "$dir/through" "$dir/plain"; do
            sed -i -E '/"(build|read|design|run|program|evaluate|train|total|seconds)": [0-9.e-]+,?$/d' "$result"
        done
        [ -s "$dir/plain" ] && cmp -s "$dir/through" "$dir/plain" || fail "$file through a pipe: another result"
    done
    cd "$here" || exit 1
fi
# a disk that is full: old results stay, nothing is left
if mkdir "$dir/small" && mount -t tmpfs -o size=16k none "$dir/small" 2>/dev/null; then
    echo old >"$dir/small/o.npy"
    "$mho" array --random 64x64 --random-inputs 100 --out "$dir/small/o.npy" >/dev/null 2>"$dir/err"
    status=$?
    left=$(ls -A "$dir/small")
    [ "$(cat "$dir/small/o.npy")" = old ] || fail "full disk: the old result is gone"
    mount -o remount,ro "$dir/small" 2>/dev/null &&
        { "$mho" array --random 3x3 --out "$dir/small/o.npy" >/dev/null 2>"$dir/err2" && fail "read-only: exit status 0"
          grep -q "Read-only file system" "$dir/err2" || fail "read-only: $(cat "$dir/err2")"; }
    umount "$dir/small"
    [ $status = 1 ] && grep -q "o.npy: cannot be written: No space left on device" "$dir/err" ||
        fail "full disk: exit status $status: $(cat "$dir/err")"
    [ "$left" = o.npy ] || fail "full disk: left behind: $left"
fi

# ---- every call ----
# (threads and a fork in the middle are more than the thread sanitizer can follow)
if nm "$build/libmho.so" | grep -qE "__asan|__tsan|__gcov" || ! [ -e "$build/libmho_fail.so" ] || ! command -v python3 >/dev/null; then
    echo "the sweep over all calls is left out: it wants python3 and a build without sanitizers or counters"
    exit $failed
fi
export PYTHONDONTWRITEBYTECODE=1
if [ -n "${MHO_FULL:-}" ]; then
    python3 "$here/failures/sweep.py" --mho "$mho" --shim "$build/libmho_fail.so" --all || failed=1
else
    python3 "$here/failures/sweep.py" --mho "$mho" --shim "$build/libmho_fail.so" --quick || failed=1
fi
exit $failed
