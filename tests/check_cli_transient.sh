#!/bin/sh
# mho transient and mho export spice as a user meets them: figures, files, bad input.
set -eu
mho=${MHO_BIN:-build/mho}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
fail() { echo "check_cli_transient: $1"; bad=1; }
has() { grep -q -- "$2" "$1" || fail "$1 lacks \"$2\": $(head -c 300 "$1")"; }
# refused TEXT ARGUMENTS...: exit status 1 and a message with TEXT
refused() {
    text=$1
    shift
    status=0
    "$mho" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ $status = 1 ] || fail "mho $*: exit status $status, 1 is wanted"
    has "$work/err" "$text"
}
number() { sed -n "s/^ *\"$2\": \([-0-9.e+]*\),*$/\1/p" "$1"; }
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a >= 0 && a < b) }' || fail "$3: $1 is not below $2"; }

# one evaluation: figures on the terminal, trace in files
"$mho" transient neuron --card T --z 0.5 --csv "$work/n.csv" --npy "$work/n.npy" --json "$work/n.json" >"$work/n.txt"
for word in settling reset memory "series resistor" "latent heat" balance v_out; do has "$work/n.txt" "$word"; done
below "$(number "$work/n.json" balance_rel)" 1e-6 "balance of the designed neuron"
below "$(number "$work/n.json" settle_1pct_s)" 3e-7 "settling time"
has "$work/n.csv" "time (s),drive (V),rise (K),film (ohm),v_out (V),metal,p_heater (W),p_film (W)"
[ "$(wc -l <"$work/n.csv")" -gt 2000 ] || fail "the trace has too few rows"
"$mho" transient neuron --drive "0 s: 0 V, 50 ns: 0.8 V, 100 ns: 0.8 V" --stop 200ns --samples 101 >"$work/d.txt"
has "$work/d.txt" "balance"

# the oscillator fires at 12 V, rests at 9 V
"$mho" transient oscillator --drive 12V --json >"$work/o.json"
below 3e5 "$(number "$work/o.json" frequency_Hz)" "frequency at 12 V"
"$mho" transient oscillator --drive 9V >"$work/o.txt"
has "$work/o.txt" "comes to rest"
"$mho" transient opto --json >"$work/p.json"
below 0.028 "$(number "$work/p.json" x_change)" "writing under light"
"$mho" transient vo2-filament --drive 1.3V --series 12kohm --cap 100fF --stop 50ns --json >"$work/f.json"
below 10 "$(number "$work/f.json" spikes)" "spikes of the filament"
below "$(number "$work/f.json" balance_rel)" 1e-6 "balance of the circuit"
if command -v gnuplot >/dev/null; then
    "$mho" transient oscillator --plot "$work/o.svg" >/dev/null
    has "$work/o.svg" "<svg"
fi

refused "is wanted" transient
refused "vo2-filament" transient vo2-filamnt --drive 1V --stop 1us
refused "falls\|fall" transient neuron --drive "1 ns: 0 V, 0 s: 1 V"
refused "below 0 V" transient neuron --z -40
refused "unit" transient neuron --drive "1 ns: 3 ohm"
refused "rth" transient neuron --set rth=-1MK/W
refused "wants --drive" transient rram
refused "has v_film, v_heater" transient vo2-neuron --drive 1V --stop 1us --input "x=1 V"
refused "transient options" transient neuron --tol 0
refused "svg" transient oscillator --plot "$work/o.pdf"

refused "spice (array" export
refused "--out FILE" export spice array
refused "array, neuron and" export spice flower --run
refused "ROWSxCOLS" export spice array --run --random 0x4
refused "exclude" export spice neuron --run --chip examples/chip-default.yaml --card T
refused "pairs" export spice array-neurons --run --random 3x3
refused "allowed" export spice neuron --points 1 --run
if command -v ngspice >/dev/null; then
    printf 'chip:\n  array:\n    wire: 5 ohm\n  neuron:\n    rth: 2 MK/W\n' >"$work/chip.yaml"
    for what in "array" "array --sinh 2" "neuron --points 7" "array-neurons --random 6x4 --spread" \
        "array-neurons --random 4x2 --chip $work/chip.yaml" \
        "neuron --transient --card U"; do
        "$mho" export spice $what --out "$work/x.cir" --run >"$work/s.txt" || fail "export spice $what: $(cat "$work/s.txt")"
        has "$work/s.txt" "against mho"
        has "$work/x.cir" "Run: ngspice -b FILE"
    done
fi
[ $bad = 0 ] && echo "devices in time and netlists behave"
exit $bad
