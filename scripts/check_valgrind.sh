#!/bin/sh
# Tests and commands under valgrind's memcheck: reads of what nobody wrote, reads and writes out of
# bounds, leaks. One thread: valgrind runs threads one after the other anyway, and check_tsan.sh is
# for them. MHO_VALGRIND=all runs what is left out below, too (hours); or names tests to run.
# What is not ours is in scripts/valgrind.supp.
set -u
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "check_valgrind: valgrind is missing (sh scripts/setup.sh analysis)"; exit 1; }
build=$PWD/build-valgrind
jobs=${JOBS:-2}

# Left out: more than 2 s of computing each, which memcheck makes 50 to 160 times as long. The address
# and undefined behaviour sanitizers run all of them (make check-asan).
long="test_array_reference test_chip test_fit test_image test_image_edges test_imperfection test_learn
test_mapping test_mapping_random test_network_train test_remedy test_sweep test_transient"
# And one that says how long something may take (test_chip_file), and one whose reference computes in
# long double, of which valgrind keeps 64 bits (test_array_extreme).
long="$long test_chip_file test_array_extreme"
# Scripts whose commands are run under memcheck; the others train networks, or have time limits, that
# a machine 100 times as slow does not keep. cases: small commands of every kind.
scripts="check_array_cli check_cli_run_net cases"

logs=$build/valgrind
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export MHO_IN_VALGRIND=1 # tests/test.h: what cannot be tested there
# without it the program would set it and start itself once more, out of valgrind's sight
export GOMP_SPINCOUNT=0
# a child that could not become another program is not ours to judge (tests/test.h)
options="-q --child-silent-after-fork=yes --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --num-callers=20
--error-exitcode=99 --suppressions=$PWD/scripts/valgrind.supp"

# test NAME: one line, and a file NAME.bad if memcheck or the test complains
run_test() {
    start=$(date +%s)
    # shellcheck disable=SC2086
    valgrind $options --log-file="$logs/$1.memcheck" "$build/$1" >"$logs/$1.out" 2>&1 </dev/null
    rc=$?
    verdict=clean
    [ $rc = 77 ] && verdict="skipped: no data"
    if [ -s "$logs/$1.memcheck" ] || { [ $rc != 0 ] && [ $rc != 77 ]; }; then
        verdict="NOT CLEAN (status $rc)"
        cat "$logs/$1.memcheck" >"$logs/$1.bad"
        tail -5 "$logs/$1.out" >>"$logs/$1.bad"
    fi
    echo "$1: $verdict, $(($(date +%s) - start)) s"
}

# script NAME: its commands go through a program that stands in for mho
run_script() {
    start=$(date +%s)
    mkdir -p "$logs/$1"
    cat >"$logs/$1/mho" <<EOF
#!/bin/sh
exec $(command -v valgrind) $(echo "$options" | tr '\n' ' ') --log-file=$logs/$1/%p.memcheck $build/mho "\$@"
EOF
    chmod +x "$logs/$1/mho"
    MHO_BIN=$logs/$1/mho MHO_BUILD=$build sh "tests/$1.sh" >"$logs/$1.out" 2>&1
    rc=$?
    verdict="$(ls "$logs/$1" | grep -c memcheck) commands, clean"
    [ $rc = 77 ] && verdict="$(tail -1 "$logs/$1.out")"
    # what the script itself finds is for make check: here programs that are not there seem to run
    if [ -n "$(find "$logs/$1" -name '*.memcheck' -size +0)" ] ||
        { [ $rc != 77 ] && [ "$(find "$logs/$1" -name '*.memcheck' | wc -l)" -lt 5 ]; }; then
        verdict="NOT CLEAN (status $rc)"
        cat "$logs/$1"/*.memcheck "$logs/$1.out" >"$logs/$1.bad"
    fi
    echo "$1: $verdict, $(($(date +%s) - start)) s"
}

# the commands of tests/failures/cases.py
run_cases() {
    start=$(date +%s)
    mkdir -p "$logs/cases"
    python3 tests/failures/cases.py "$logs/cases/in" >"$logs/cases/commands" ||
        echo "tests/failures/cases.py makes no commands" >"$logs/cases.bad"
    n=0
    while read -r name arguments; do
        # shellcheck disable=SC2086
        (cd "$logs/cases/in" && export MHO_CACHE="$logs/cases/cache" && exec valgrind $options \
            --log-file="$logs/cases/$name.memcheck" "$build/mho" $arguments >"$logs/cases/$name.out" 2>&1 </dev/null)
        rc=$?
        if [ $rc != 0 ] || [ -s "$logs/cases/$name.memcheck" ]; then
            { echo "mho $arguments: status $rc"; cat "$logs/cases/$name.memcheck"; tail -5 "$logs/cases/$name.out"; } >>"$logs/cases.bad"
        fi
        n=$((n + 1))
    done <"$logs/cases/commands"
    verdict="$n commands, clean"
    [ -e "$logs/cases.bad" ] && verdict="NOT CLEAN"
    echo "cases: $verdict, $(($(date +%s) - start)) s"
}

if [ "${1:-}" = one ]; then
    case $2 in test_*) run_test "$2" ;; cases) run_cases ;; *) run_script "$2" ;; esac
    exit
fi

cmake -S . -B "$build" -G Ninja -DMHO_WERROR=ON -DMHO_BENCH=OFF -DMHO_MPI=OFF \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null || exit 1
cmake --build "$build" -j "$jobs" >"$build/log" || { grep -A9 FAILED "$build/log"; exit 1; }
rm -rf "$logs"
mkdir -p "$logs"
case ${MHO_VALGRIND:-} in
all | "")
    list=
    for source in tests/test_*.c; do
        name=$(basename "$source" .c)
        if [ "${MHO_VALGRIND:-}" != all ] && echo " $(echo $long) " | grep -q " $name "; then
            echo "$name: left out (scripts/check_valgrind.sh says why; make check-asan runs it)"
        else
            list="$list $name"
        fi
    done
    list="$list $scripts"
    ;;
*) list=$MHO_VALGRIND ;;
esac
echo "$list" | tr -s ' \n' '\n' | grep . | xargs -P "$jobs" -n 1 sh scripts/check_valgrind.sh one
bad=$(find "$logs" -maxdepth 1 -name '*.bad')
for f in $bad; do
    echo "==== $f"
    head -60 "$f"
done
[ -z "$bad" ] && echo "valgrind: clean"
[ -z "$bad" ]
