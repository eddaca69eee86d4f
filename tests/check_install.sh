#!/bin/sh
# Install into a folder of its own; compile the examples against what lies there, through pkg-config
# and through CMake, and run them; look at the manual pages and at the completion.
set -eu
cd "$(dirname "$0")/.."
build=${MHO_BUILD:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix=$dir/prefix
fail() { echo "check_install: $1"; exit 1; }
if nm -D "$build/libmho.so" | grep -q __asan; then
    echo "skipped: the sanitizers' library is not what is installed"
    exit 77
fi

cmake --install "$build" --prefix "$prefix" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
lib=$(dirname "$(find "$prefix" -name libmho.so)")
[ -L "$lib/libmho.so" ] && [ -L "$lib/libmho.so.0" ] || fail "libmho.so is not versioned"
objdump -p "$lib/libmho.so" | grep -q 'SONAME *libmho.so.0' || fail "no SONAME libmho.so.0"
"$prefix/bin/mho" --version >/dev/null || fail "the installed program does not start"

# pkg-config; the tree may be moved
mv "$prefix" "$dir/moved"
prefix=$dir/moved
lib=$(dirname "$(find "$prefix" -name libmho.so)")
export PKG_CONFIG_PATH="$lib/pkgconfig"
want=$(sed -n 's/^project(mho VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ "$(pkg-config --modversion mho)" = "$want" ] || fail "pkg-config: another version"
for name in read_array neuron_curve own_chip; do
    cc -std=c17 -Wall -Wextra -Wpedantic -Werror "examples/$name.c" $(pkg-config --cflags --libs mho) \
        -Wl,-rpath,"$lib" -o "$dir/$name" || fail "$name: pkg-config"
done
"$dir/read_array" >"$dir/read.txt" || fail "read_array"
grep -q '^column 0: 1[0-9]\.[0-9]* uA, ideal 16.6000 uA$' "$dir/read.txt" || fail "read_array: $(cat "$dir/read.txt")"
"$dir/neuron_curve" | awk 'NR > 1 && $3 + 0 <= last {exit 1} {last = $3 + 0} END {exit NR != 8}' || fail "neuron_curve does not rise"
"$dir/own_chip" | awk '/exact/ {s = $3} /default/ {d = $3} END {exit !(s > 60 && d > s - 10)}' || fail "own_chip: $("$dir/own_chip")"

# find_package
cp -r examples "$dir/examples"
cmake -S "$dir/examples" -B "$dir/cmake" -DCMAKE_PREFIX_PATH="$prefix" >"$dir/log" 2>&1 &&
    cmake --build "$dir/cmake" >>"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
"$dir/cmake/read_array" | cmp - "$dir/read.txt" || fail "read_array by CMake says something else"

# pages and completion
for c in $("$prefix/bin/mho" --help | awk '/^Usage:/ {on = 1; next} on && /^  [a-z]/ {print $1}'); do
    page=$prefix/share/man/man1/mho-$c.1
    [ -f "$page" ] || fail "no manual page of mho $c"
    if command -v man >/dev/null; then
        warnings=$(MANWIDTH=100 LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 >/dev/null || true)
        [ -z "$warnings" ] || fail "mho-$c.1: $warnings"
    fi
    grep -qw -- "$c" "$prefix/share/bash-completion/completions/mho" || fail "completion: $c"
done
if command -v bash >/dev/null; then
    got=$(bash -c '. "$1"; COMP_WORDS=(mho array --wire-w); COMP_CWORD=2; _mho; echo "${COMPREPLY[*]}"' - \
        "$prefix/share/bash-completion/completions/mho")
    [ "$got" = "--wire-word" ] || fail "bash completion of --wire-w: $got"
fi
for shell in zsh fish; do
    file=$(find "$prefix/share/$shell" -type f)
    command -v $shell >/dev/null && { $shell -n "$file" || fail "$shell completion"; }
done
echo "installed, found by pkg-config and CMake; examples run"
