#!/bin/sh
# What the shared library exports is what tests/exports.txt lists, and what the headers declare.
# After a change on purpose: tests/check_exports.sh --write
set -eu
cd "$(dirname "$0")/.."
lib=${MHO_BUILD:-build}/libmho.so
list=tests/exports.txt
now=$(mktemp)
trap 'rm -f "$now"' EXIT
nm -D --defined-only "$lib" | awk '{print $3}' | grep -vE '^(__asan|__ubsan|__odr_asan)' | LC_ALL=C sort >"$now"
if [ "${1:-}" = --write ]; then
    cp "$now" $list
    exit 0
fi
bad=0
if grep -v '^mho_' "$now"; then
    echo "check_exports: names without the prefix (above)"
    bad=1
fi
if ! diff $list "$now"; then
    echo "check_exports: $list differs (<: listed, >: in the library); sh tests/check_exports.sh --write"
    bad=1
fi
while read -r name; do
    grep -qE "\b$name\(" include/mho/*.h || { echo "check_exports: no header declares $name"; bad=1; }
done <"$now"
[ $bad = 0 ] && echo "$(wc -l <$list) functions are exported, all listed and declared"
exit $bad
