#!/bin/sh
# check_cli_learn.sh - mho learn refuses bad worlds and options in one line with exit status 1; a short
# run prints a table, the same JSON for any number of threads, and writes a page.
set -u
mho=${MHO_BIN:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() {
    echo "FAILED: $1" >&2
    failed=1
}
refuse() { # refuse NAME WANTED-TEXT ARGUMENTS...
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" learn "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <"$dir/err")" = 1 ] || fail "$name: not one line: $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/err" || fail "$name: wanted \"$wanted\", got $(cat "$dir/err")"
    [ -s "$dir/out" ] && fail "$name: output"
}
refuse "unknown task" '"mazes" is not a task' mazes
refuse "unknown agent" "reward-pulse, actor-critic" maze --agent genius
refuse "unknown control" "eta0, light-only" maze --control coffee
refuse "unknown role" "optical-global" maze --roles both
refuse "unknown key" "trace_steps" maze --set banana=3
refuse "no value" "key=value" maze --set pulses
refuse "out of range" "gamma = 2" maze --set gamma=2
refuse "wrong unit" "tau_s" maze --set "tau_s=3 V"
refuse "no seeds" "seeds = 0" maze --seeds 0
refuse "too many" "episodes" maze --episodes 99999999
refuse "long trace" "trace_steps = 5000" maze --trace 5000
refuse "world for bandit" "--world" bandit --world "$dir/x"
refuse "no file" "$dir/none" maze --world "$dir/none"
refuse "directory" "is a directory" maze --world "$dir"
refuse "no directory for a page" "$dir/none" maze --report "$dir/none/x.html"
refuse "one file twice" "same file" maze --json "$dir/x" --report "$dir/x"
refuse "random maze too large" "3 to 20" maze --world random:21
refuse "random maze beyond 32 bits" "3 to 20" maze --world random:4294967299
refuse "random maze beyond 64 bits" "3 to 20" maze --world random:18446744073709551619

world() { # world NAME WANTED TEXT
    printf "$3" >"$dir/w.txt"
    refuse "$1" "w.txt:$2" maze --world "$dir/w.txt"
}
world "no path" "1:1: no path" 'S#\n#G\n'
world "no goal" "2:2: no goal G" 'S.\n..\n'
world "two starts" "2:1: a second start" 'S.\nSG\n'
world "ragged" "2:2: this line has 1" 'S.\n.\n.G\n'
world "letter" '1:2: "Z"' 'SZ\n.G\n'
head -c 100000000 /dev/zero | tr '\0' . | fold -w 10000 >"$dir/w.txt"
refuse "10,000 x 10,000" "64 lines of 64 letters" maze --world "$dir/w.txt"
rm "$dir/w.txt"

short="maze --agent reward-pulse --seeds 4 --episodes 30"
"$mho" learn $short >"$dir/table" || fail "short run"
for word in "solved" "energy" "episode" "95 %"; do
    grep -q "$word" "$dir/table" || fail "no $word in the table"
done
"$mho" learn $short --threads 1 --json "$dir/1.json" >/dev/null || fail "one thread"
"$mho" learn $short --threads 2 --json - --report "$dir/page.html" >"$dir/2.json" || fail "two threads"
grep -v seconds "$dir/1.json" >"$dir/a"
grep -v seconds "$dir/2.json" >"$dir/b"
cmp -s "$dir/a" "$dir/b" || fail "threads matter"
for key in solved steps energy update_J policy value parameters; do
    grep -q "\"$key\"" "$dir/1.json" || fail "no key $key"
done
grep -q '</html>' "$dir/page.html" || fail "no page"
printf 'S..\n.#.\n..G\n' >"$dir/own.txt"
"$mho" learn maze --world "$dir/own.txt" --seeds 3 --episodes 20 | grep -q '9 places' || fail "own maze"
"$mho" learn maze --world random:8 --seeds 2 --episodes 5 | grep -q '64 places' || fail "random maze"
"$mho" learn cart-pole --seeds 2 --episodes 3 | grep -q '162 places' || fail "cart-pole"
"$mho" learn maze --help | grep -q -- '--world FILE' || fail "help"
exit $failed
