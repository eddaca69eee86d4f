#!/bin/sh
# All tests under the thread sanitizer. GCC's OpenMP library does not tell the sanitizer where threads
# meet, so that it would see races everywhere; clang's does (libarcher). Open MPI does not either: the
# build is without it. Options go to ctest, such as -R test_learn.
set -eu
cd "$(dirname "$0")/.."
build=build-tsan
archer=/usr/lib/llvm-14/lib/libarcher.so
for need in clang-14:clang-14 $archer:libomp-14-dev; do
    command -v "${need%%:*}" >/dev/null || [ -e "${need%%:*}" ] || {
        echo "check_tsan: ${need##*:} is missing (sh scripts/setup.sh analysis)"
        exit 1
    }
done
export OMP_TOOL_LIBRARIES=$archer OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
# what is not compiled for the sanitizer (OpenBLAS, SUNDIALS) cannot be judged by it
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66"

# A race that is known must be found, and a sum that is none must not.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/known.c" <<'EOF'
#include <stdio.h>
int main(int argc, char **argv) {
    (void)argv;
    double a = 0, b = 0;
#pragma omp parallel for reduction(+ : b)
    for (int k = 0; k < 100000; k++) {
        if (argc > 1) {
            a += k; /* the race */
        }
        b += k;
    }
    printf("%g %g\n", a, b);
    return 0;
}
EOF
clang-14 -g -O1 -fopenmp -fsanitize=thread -Wl,-rpath,/usr/lib/llvm-14/lib -o "$dir/known" "$dir/known.c"
"$dir/known" >/dev/null 2>&1 || { echo "check_tsan: sees a race where there is none"; exit 1; }
"$dir/known" race >/dev/null 2>&1 && { echo "check_tsan: does not see a race"; exit 1; }

CC=clang-14 cmake -S . -B $build -G Ninja -DMHO_TSAN=ON -DMHO_WERROR=ON -DMHO_BENCH=OFF -DMHO_MPI=OFF \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
cmake --build $build -j "${JOBS:-2}"
# Left out: what looks at sources or pages or makes builds of its own (layers, exports, binary,
# install, play, site, docs, python) and what compares with programs in Python (onnx).
ctest --test-dir $build --output-on-failure --no-tests=error --timeout 3600 \
    -E '^check_(layers|exports|binary|install|play|site|docs|python|onnx)$' "$@"
