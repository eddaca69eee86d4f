#!/bin/sh
# run.sh BUILD SECONDS [TARGET...] - each fuzz target for SECONDS of CPU time; the corpus stays in BUILD/corpus and grows.
# What was found stays in BUILD/found; statistics of each run are added to BUILD/fuzz.log.
set -eu
build=$(cd "$1" && pwd)
seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- $(cd "$build" && ls fuzz_* | sed 's/^fuzz_//; /\./d')
python3 "$here/seeds.py" "$build/seeds"
mkdir -p "$build/found"
bad=0
for t in "$@"; do
    mkdir -p "$build/corpus/$t" "$build/seeds/$t"
    dict=""
    case $t in chip | study | card) dict="-dict=$build/seeds/words.dict" ;; esac
    if (cd "$build/found" && ASAN_OPTIONS=detect_leaks=0 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 nice -n 19 "$build/fuzz_$t" "$build/corpus/$t" "$build/seeds/$t" $dict \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=1024 -max_len=16384 -print_final_stats=1 -artifact_prefix="$t-") \
        >"$build/fuzz_$t.out" 2>&1; then
        result=clean
    else
        result=FOUND
        bad=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz_$t.out")
    peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$build/fuzz_$t.out")
    cover=$(grep -oE 'cov: [0-9]+' "$build/fuzz_$t.out" | tail -1 | cut -d' ' -f2)
    echo "$t $seconds s, ${runs:-?} executions, ${cover:-?} edges, ${peak:-?} MiB, $result" | tee -a "$build/fuzz.log"
done
exit $bad
