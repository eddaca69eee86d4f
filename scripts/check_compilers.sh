#!/bin/sh
# Library, program, tests, benchmarks and Python module with each compiler, warnings as errors.
# COMPILERS names others. A compiler that is not installed is named and passed over. MHO_TEST_WITH
# names those whose builds also run the tests (make check does so for the compiler of this machine).
set -u
cd "$(dirname "$0")/.."
compilers=${COMPILERS:-gcc-12 gcc-11 clang-14 clang-16}
bad=0 built=""
python=$(python3 -c 'import sysconfig, os; print(os.path.exists(sysconfig.get_path("include") + "/Python.h"))' 2>/dev/null)
for cc in $compilers; do
    if ! command -v "$cc" >/dev/null; then
        echo "$cc: skipped: not installed (sh scripts/setup.sh analysis)"
        continue
    fi
    dir=build-compilers/$cc
    # Debian lets one version of clang's OpenMP library be installed; its header and library serve
    # the others, whose own headers come first
    openmp=""
    case $cc in
    clang-14) ;;
    clang-*) [ -e "/usr/lib/llvm-${cc#clang-}/lib/libomp.so" ] || openmp=14 ;;
    esac
    start=$(date +%s)
    if [ "$openmp" ]; then
        set -- -DOpenMP_C_FLAGS="-fopenmp=libomp -idirafter /usr/lib/llvm-14/lib/clang/14.0.6/include" \
            -DOpenMP_C_LIB_NAMES=omp -DOpenMP_omp_LIBRARY=/usr/lib/llvm-14/lib/libomp.so
    else
        set --
    fi
    log=$dir.log
    mkdir -p "$dir"
    if ! { CC=$cc cmake -S . -B "$dir" -G Ninja -DMHO_WERROR=ON "$@" && cmake --build "$dir" -j "${JOBS:-2}" -- -k 0; } >"$log" 2>&1; then
        grep -E 'warning:|error:|Error' "$log" | head -20
        echo "$cc: FAILED, $log"
        bad=1
        continue
    fi
    if [ "$python" = True ]; then
        if ! { CC=$cc cmake -S python -B "$dir/python" -G Ninja -DMHO_WERROR=ON -DMHO_PREBUILT="$PWD/$dir" &&
            cmake --build "$dir/python" -j "${JOBS:-2}"; } >>"$log" 2>&1; then
            grep -E 'warning:|error:|Error' "$log" | head -20
            echo "$cc: FAILED in the Python module, $log"
            bad=1
        fi
    fi
    built="$built $cc"
    echo "$cc: $("$cc" --version | head -1): no warnings, $(($(date +%s) - start)) s"
    case " ${MHO_TEST_WITH:-} " in
    *" $cc "*) ctest --test-dir "$dir" --output-on-failure --no-tests=error || bad=1 ;;
    esac
done
[ "$python" = True ] || echo "Python module: skipped: no headers of Python (python3-dev)"
[ "$built" ] || { echo "check_compilers: none of $compilers is installed"; exit 1; }
exit $bad
