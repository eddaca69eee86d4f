#!/bin/sh
# Installs what mho needs from Debian's packages, and says so. Without root it names the packages
# and stops. Does nothing, silently, when all is there.
# setup.sh check: also what some tests need, which are skipped without: a browser, a compiler for it,
# the maker of the documentation site, MPI (for mho sweep on several machines).
# setup.sh coverage: also what reads the counters of gcc (make coverage).
# setup.sh analysis: what make check-compilers, check-tidy, check-tsan, check-valgrind and fuzz want.
set -eu
packages="cmake ninja-build pkg-config gcc libc6-dev libopenblas-openmp-dev libsuitesparse-dev
libyaml-dev libjansson-dev libpng-dev zlib1g-dev libcminpack-dev libsundials-dev
librandom123-dev libcmocka-dev libprotobuf-c-dev protobuf-c-compiler gnuplot-nox ngspice
python3"

[ "${1:-}" = check ] && packages="$packages chromium chromium-driver python3-selenium clang-14 lld-14
wasi-libc libclang-rt-14-dev-wasm32 mkdocs python3-venv python3-dev libopenmpi-dev openmpi-bin"
[ "${1:-}" = coverage ] && packages="$packages gcovr"

[ "${1:-}" = analysis ] && packages="$packages gcc-12 gcc-11 clang-14 clang-16 libclang-rt-14-dev libomp-14-dev
clang-tidy-14 cppcheck valgrind libc6-dbg binutils python3-dev libopenmpi-dev"

command -v dpkg-query >/dev/null 2>&1 || {
    echo "setup: not a Debian system; see docs/building.md for the libraries that mho needs" >&2
    exit 0
}
missing=""
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ]; then
    echo "setup: these Debian packages are missing:$missing" >&2
    echo "setup: please run, as root:  apt-get install$missing" >&2
    exit 1
fi
echo "setup: installing from Debian's packages:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    rm -f "$log"
else
    tail -20 "$log" >&2
    echo "setup: apt-get failed; its whole output is in $log" >&2
    exit 1
fi
