#!/bin/sh
# The tests of the Python package with the library and its module under the address and undefined
# behaviour sanitizers:   python_asan.sh [BUILD_DIR] [pytest options]
# Memory that the interpreter itself never gives back is not ours; a leak counts if one of the first
# frames of its allocation lies in the module.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build-python-asan}
[ $# -gt 0 ] && shift
venv=$build/venv
mkdir -p "$build"
build=$(cd "$build" && pwd)
[ -x "$venv/bin/pytest" ] || {
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check numpy pytest
}
cmake -S python -B "$build/native" -G Ninja -DMHO_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DMHO_WERROR=ON -DPython_EXECUTABLE="$build/venv/bin/python" >"$build/log" || { cat "$build/log"; exit 1; }
cmake --build "$build/native" -j "${JOBS:-2}" >"$build/log" || { tail -30 "$build/log"; exit 1; }
rm -rf "$build/site"
mkdir -p "$build/site"
cp -r python/src/mho "$build/site/"
rm -f "$build/site/mho/"*.so
cp "$build/native/_native.abi3.so" "$build/site/mho/"

rm -f "$build"/sanitizer.*
rc=0
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \
    ASAN_OPTIONS="detect_leaks=1:halt_on_error=1:log_path=$build/sanitizer:log_exe_name=1" \
    LSAN_OPTIONS="exitcode=0:max_leaks=0" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:log_path=$build/sanitizer" \
    PYTHONMALLOC=malloc PYTHONPATH="$build/site" MHO_SANITIZED=1 \
    "$venv/bin/python" -m pytest -q -p no:cacheprovider python/tests "$@" || rc=$?
ours=$(cat "$build"/sanitizer.* 2>/dev/null | awk '
    /runtime error|ERROR: AddressSanitizer/ {print; next}
    /(Direct|Indirect) leak of/ {head = $0; stack = ""; next}
    /^ *#[0-5] / && head {stack = stack "\n" $0; if ($0 ~ /_native\.abi3\.so/ && !told[head stack]++) {print head stack; head = ""}}')
if [ -n "$ours" ]; then
    echo "$ours"
    exit 1
fi
[ $rc = 0 ] && echo "no error and no leak of ours under the sanitizers"
exit $rc
