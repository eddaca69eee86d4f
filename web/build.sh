#!/bin/sh
# build.sh VALUES OUT - the page to play on: the rooms base, device, circuit and learn, compiled for the
# browser by clang with wasi-libc (Debian: clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32), in
# one HTML file. VALUES: output of web_values. Exit 77: a tool is missing, its packages are named.
set -eu
values=$1
out=$2
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc=""
for c in clang-14 clang-15 clang-16 clang-19 clang; do
    if command -v $c >/dev/null 2>&1; then cc=$c; break; fi
done
echo 'int main(void) { return 0; }' >"$work/try.c"
if [ -z "$cc" ] || ! $cc --target=wasm32-wasi "$work/try.c" -o "$work/try" 2>/dev/null; then
    echo "play: no compiler for the browser; on Debian 12: apt-get install clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32" >&2
    exit 77
fi
# Random123 takes only processors it knows; it uses nothing of them here
for dir in /usr/include /usr/local/include; do
    [ -f $dir/Random123/philox.h ] && ln -sf $dir/Random123 "$work/Random123"
done

flags="--target=wasm32-wasi -O3 -msimd128 -std=gnu17 -fno-math-errno -fno-trapping-math -ffp-contract=off
-DNDEBUG -D__arm__ -Iweb/include -Iinclude -Isrc -isystem $work"
version=$(sed -n 's/^project(mho VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
objects=""
for f in base/ctx base/rng base/units base/text base/hash device/cards device/cbram device/cell \
    device/hysteresis device/mixing device/neuron_curve device/neuron_kernel device/vo2_neuron \
    device/opto device/opto_card device/opto_cells circuit/array circuit/check circuit/confirm circuit/down circuit/elim \
    circuit/factor circuit/front circuit/ideal circuit/ladder circuit/ladder_any circuit/law \
    circuit/leaf circuit/linear circuit/net circuit/newton circuit/nodes circuit/plan circuit/read \
    circuit/residual circuit/transfer circuit/update circuit/vectors lab/bank lab/bank_kernel lab/film learn/agent \
    learn/cart learn/episode learn/maze learn/options learn/water learn/world \
    ../web/absent ../web/blas ../web/play ../web/play_array ../web/play_maze ../web/play_neuron; do
    object=$work/$(basename $f).o
    # shellcheck disable=SC2086
    $cc $flags -DMHO_VERSION="\"$version\"" -c src/$f.c -o "$object"
    objects="$objects $object"
done
# no -O when linking: it would call a wasm-opt that may be too old for what clang wrote
# shellcheck disable=SC2086
$cc --target=wasm32-wasi -mexec-model=reactor -Wl,--strip-all -Wl,--gc-sections \
    -Wl,-z,stack-size=1048576 $objects -lm -o "$work/play.wasm"
python3 web/build.py "$work/play.wasm" "$values" "$out"
