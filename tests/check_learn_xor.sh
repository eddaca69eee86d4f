#!/bin/sh
# mho learn xor and parity as a user meets them: figures, JSON, page, refusals.
set -eu
mho=${MHO_BIN:-build/mho}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
complain() { echo "check_learn_xor: $1"; bad=1; }
field() { sed -n "s/^ *\"$1\": *\([^,]*\),*$/\1/p" "$2" | head -1; }
yield() { sed -n 's/^ *"yield": \([0-9][0-9.e-]*\).*/\1/p' "$1"; }
between() { awk -v x="$1" -v lo="$2" -v hi="$3" 'BEGIN { exit !(x >= lo && x <= hi) }'; }

"$mho" learn xor --seeds 1 --spread 20% --json "$dir/a.json" >"$dir/a.txt"
grep -q "4/4 *4/4 *4/4" "$dir/a.txt" || complain "four cases right was wanted"
between "$(field cells "$dir/a.json")" 0.198 0.202 || complain "margin on cells is not 0.2 within 1 %"
between "$(yield "$dir/a.json")" 0.995 0.999 || complain "yield at 20 % is not 99.7 +- 0.2 %"
"$mho" learn xor --seeds 1 --spread 30% --json >"$dir/b.json"
between "$(yield "$dir/b.json")" 0.948 0.962 ||
    complain "yield at 30 % is not 95.5 +- 0.7 %"
"$mho" learn xor --seeds 1 --spread 30% --json >"$dir/c.json"
cmp -s "$dir/b.json" "$dir/c.json" || complain "the same seed gave another result"
for n in 3 4; do
    "$mho" learn parity --bits $n --neurons 50 | grep -q "right   $((1 << n)) of $((1 << n)) patterns (on cells $((1 << n)))" ||
        complain "parity of $n bits is not right"
done
if command -v gnuplot >/dev/null 2>&1; then
    "$mho" learn xor --seeds 2 --neurons 500 --report "$dir/x.html" >/dev/null
    grep -q "</svg>" "$dir/x.html" && grep -q "</html>" "$dir/x.html" || complain "page without picture"
fi

refused() { # text that the message must have, then the arguments
    want=$1
    shift
    code=0
    "$mho" learn "$@" >"$dir/out" 2>"$dir/err" || code=$?
    [ $code = 1 ] || complain "mho learn $*: status $code, 1 was wanted"
    grep -q -e "$want" "$dir/err" || complain "mho learn $*: \"$(cat "$dir/err")\" lacks \"$want\""
    [ ! -s "$dir/out" ] || complain "mho learn $*: wrote results beside the error"
}
refused "is not a task" nothing
refused "is not a task"
refused "rho = 1" xor --rho 1
refused "rho = -3" xor --rho -3
refused "rho = 1e+06" parity --rho 1e6
refused "spread" xor --spread 300%
refused "neurons 0" xor --neurons 0
refused "seeds 0" xor --seeds 0
refused "bits 1" parity --bits 1
refused "bits 9" parity --bits 9
refused "no such directory\|No such file\|cannot" xor --neurons 10 --report "$dir/none/x.html"
[ $bad = 0 ] && echo "xor and parity as promised"
exit $bad
