#!/bin/sh
# sweep_scaling.sh [MHO [CHIPS]] - parallel efficiency of mho sweep at two: two MPI ranks of one thread,
# and one process of two threads, against one rank of one thread; and whether the tables are the same.
# For a quiet machine with two cores. The network is trained before the clock starts.
set -eu
mho=${1:-build/mho}
chips=${2:-100}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cat >"$dir/study.yaml" <<END
experiment: lenet5-mott
train_images: 2000
epochs: 2
images: 4000
chips: $chips
END
"$mho" sweep "$dir/study.yaml" --out "$dir/warm" --chips 1 --no-report >/dev/null # trains

clock() { # clock NAME COMMAND...: wall seconds of a command
    name=$1
    shift
    start=$(date +%s%N)
    "$@" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
    awk -v ns=$(($(date +%s%N) - start)) 'BEGIN { printf "%.2f\n", ns / 1e9 }' >"$dir/$name.s"
    echo "$name: $(cat "$dir/$name.s") s"
}
one="sweep $dir/study.yaml --no-report"
clock one mpirun -n 1 --oversubscribe "$mho" $one --out "$dir/one" --threads 1
clock ranks mpirun -n 2 --oversubscribe "$mho" $one --out "$dir/ranks" --threads 1
clock threads "$mho" $one --out "$dir/threads" --threads 2
for f in points.csv chips.csv chips.npz manifest.json; do
    cmp "$dir/one/$f" "$dir/ranks/$f"
    cmp "$dir/one/$f" "$dir/threads/$f"
done
echo "tables: the same bytes"
awk -v a="$(cat "$dir/one.s")" -v r="$(cat "$dir/ranks.s")" -v t="$(cat "$dir/threads.s")" \
    'BEGIN { printf "efficiency at two: ranks %.3f, threads %.3f\n", a / r / 2, a / t / 2 }'
