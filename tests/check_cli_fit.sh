#!/bin/sh
# check_cli_fit.sh - mho fit: card, picture, page, JSON and reversal curves of a loop that is made
# here; measurements with gaps, NaN, swapped columns, wrong units, disorder and one branch are either
# treated as the output says or refused in one line with exit status 1.
set -u
mho=${MHO_BIN:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

fail() {
    echo "FAILED: $1" >&2
    failed=1
}

# refuse NAME WANTED-TEXT ARGUMENTS...: exit status 1, one line "mho: ..." with the text, no output
refuse() {
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" fit "$@" >out 2>err
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <err)" = 1 ] || fail "$name: more than one line: $(cat err)"
    grep -q '^mho: ' err || fail "$name: no \"mho: \" in $(cat err)"
    grep -qF -e "$wanted" err || fail "$name: wanted \"$wanted\", got $(cat err)"
    [ -s out ] && fail "$name: output: $(head -3 out)"
}

# accept NAME WANTED-TEXT ARGUMENTS...: exit status 0 and the text in the output
accept() {
    name=$1 wanted=$2
    shift 2
    timeout 60 "$mho" fit "$@" >out 2>err || fail "$name: exit status $?: $(cat err)"
    tr '\n' ' ' <out | tr -s ' ' >flat # notes are broken into lines
    grep -qF -e "$wanted" flat || fail "$name: wanted \"$wanted\", got $(cat out)"
}

# A loop: 2-D Bruggeman, t_c 337 K, width 7 K, beta 0.15/K, r300 4000 ohm, ea 2300 K, metal 20 ohm.
awk 'function film(t, d,  x, g, ri, b) {
        x = 0.15 * (337 + d * 3.5 - t); g = 1 / (1 + exp(-2 * x))
        ri = 4000 * exp(2300 * (1 / t - 1 / 300))
        b = (1 / 20 - 1 / ri) * (1 - 2 * g)
        return 2 / (b + sqrt(b * b + 4 / 20 / ri))
    }
    BEGIN {
        srand(1); print "temperature_K,resistance_ohm"
        for (k = 0; k <= 100; k++) { t = 370 - 0.8 * k; printf "%.4f,%.6g\n", t, film(t, -1) * (1 + 0.02 * (rand() - 0.5)) }
        for (k = 1; k <= 100; k++) { t = 290 + 0.8 * k; printf "%.4f,%.6g\n", t, film(t, 1) * (1 + 0.02 * (rand() - 0.5)) }
    }' >loop.csv
tail -n +2 loop.csv >bare.csv

# ---- good input ----
accept plain "6 parameters fitted to 201 points of loop.csv" vo2 loop.csv
for word in r300 "cooling" "heating" correlation; do
    grep -qF "$word" out || fail "no \"$word\" in the text"
done
"$mho" fit vo2 loop.csv --mixing gem --card-out card.yaml --plot p.svg --report r.html --json j.json \
    --forc f.csv --bootstrap 60 >text || fail "run with everything"
grep -q '^model: vo2-neuron' card.yaml || fail "card: $(head -3 card.yaml)"
grep -q 'source: "fit to loop.csv, 201 points' card.yaml || fail "source: $(grep source card.yaml)"
grep -q '<svg' p.svg || fail "p.svg is no SVG"
grep 'http' r.html | grep -qv 'http://www.w3.org/' && fail "the page refers to something outside"
grep -q '"key": "gem_threshold"' j.json || fail "JSON without gem_threshold"
[ "$(grep -c 'heating back' f.csv)" = 1932 ] || fail "reversal curves: $(wc -l <f.csv) lines"
"$mho" fit vo2 loop.csv --plot p.png --forc f.png >/dev/null || fail "PNG"
[ "$(head -c 4 p.png | tail -c 3)$(head -c 4 f.png | tail -c 3)" = PNGPNG ] || fail "no PNG"
"$mho" fit vo2 loop.csv --json >j1 && "$mho" fit vo2 loop.csv --json --threads 2 --seed 3 >j2
cmp -s j1 j2 || fail "threads or seed change a fit without bootstrap"
printf 'chip: { neuron: { card: card.yaml } }\n' >chip.yaml
"$mho" fit vo2 loop.csv --base N --card-out nano.yaml >/dev/null || fail "base N"
grep -q '^card: N' nano.yaml || fail "base N: $(cat nano.yaml)"

# ---- treated, and said so ----
accept "no header" "column 1 is taken as temperature and column 2 as resistance" vo2 bare.csv
sed '20s/,.*/,/; 21s/,.*/,nan/' loop.csv >gaps.csv
accept gaps "rows with a gap: 2 of 201, the first in line 20; they were left out" vo2 gaps.csv
awk -F, 'NR == 1 {print "T (°C),R [kOhm]"; next} {printf "%.4f,%.8g\n", $1 - 273.15, $2 / 1000}' loop.csv >celsius.csv
accept celsius "K = degC + 273.15" vo2 celsius.csv
accept "celsius by option" "K = degC + 273.15" vo2 celsius.csv --temperature-unit degC
head -102 loop.csv >cooling.csv
accept "one branch" "there is a cooling branch only: the width cannot be seen" vo2 cooling.csv
{ echo "temperature_K;resistance_ohm;branch"; tail -n +2 loop.csv | awk -F, '{print $1 ";" $2 ";" (NR <= 101 ? "cooling" : "heating")}' | LC_ALL=C sort -t';' -k2; } >sorted.csv
accept "branch column" "were out of order and were sorted" vo2 sorted.csv
sed 's/,/;/; s/\./,/g' loop.csv >german.csv
accept "decimal commas" "6 parameters fitted to 201 points" vo2 german.csv
awk -F, '{print $2 "," $1}' bare.csv >swapped.csv
accept "columns by number" "6 parameters fitted to 201 points" vo2 swapped.csv --columns 2,1

# ---- refused ----
refuse swapped "the columns look swapped: column 1 as temperature" vo2 swapped.csv
{ head -1 loop.csv; cat swapped.csv; } >swapped2.csv
refuse "swapped under a header" "say --columns 2,1, temperature first" vo2 swapped2.csv
{ echo "T,R"; tail -n +2 celsius.csv; } >nounit.csv
refuse "no unit" "that looks like degrees Celsius: write temperature_degC in the header, or --temperature-unit degC" vo2 nounit.csv
{ echo "T_K,R"; tail -n +2 celsius.csv; } >wrongunit.csv
refuse "wrong unit" "that looks like degrees Celsius" vo2 wrongunit.csv
sed '1s/_K/_degC/' loop.csv >wrong2.csv
refuse "kelvin called Celsius" "that looks like kelvin" vo2 wrong2.csv
sed '1s/_K/_degF/' loop.csv >fahrenheit.csv
refuse Fahrenheit "K and degC are read" vo2 fahrenheit.csv
{ head -1 loop.csv; tail -n +2 loop.csv | awk '{print (NR * 7919) % 201 "," $0}' | LC_ALL=C sort -n | cut -d, -f2-; } >shuffled.csv
{ head -1 loop.csv; tail -n +2 loop.csv | tac; } >backwards.csv
refuse backwards "the loop runs the wrong way round" vo2 backwards.csv
refuse shuffled "heating cannot be told from cooling" vo2 shuffled.csv
sed '30s/,.*/,-5/' loop.csv >negative.csv
refuse "negative resistance" "negative.csv:30: resistance -5 ohm" vo2 negative.csv
sed '30s/,.*/,9.9e37/' loop.csv >over.csv
refuse over-range "over-range of the instrument" vo2 over.csv
sed '30s/\./,/' loop.csv >comma.csv
refuse "decimal comma" "comma.csv:30: 3 cells, but 2 in line 2" vo2 comma.csv
sed '30s/,.*/,4x1/' loop.csv >letters.csv
refuse "no number" 'letters.csv:30:10: "4x1" is not a number' vo2 letters.csv
head -7 loop.csv >few.csv
refuse "few points" "6 points" vo2 few.csv
awk -F, 'NR == 1 {print; next} {print $1 ",1000"}' loop.csv >flat.csv
refuse "constant resistance" "there is no transition in it" vo2 flat.csv
awk -F, 'NR == 1 {print; next} {print "330," $2}' loop.csv >still.csv
refuse "constant temperature" "the temperature goes from 330 to 330 K only" vo2 still.csv
sed '1s/resistance_ohm/log R/' loop.csv >log.csv
refuse logarithm "is a logarithm" vo2 log.csv --columns 1,2
awk '{print $0 ",1"}' bare.csv >three.csv
refuse "three columns" "which columns are temperature and resistance?" vo2 three.csv
printf 'T,R\n300,40\0000\n' >zero.csv
refuse "zero byte" "zero.csv:2:7: a zero byte" vo2 zero.csv
printf '' >empty.csv
refuse empty "no line of numbers" vo2 empty.csv
refuse "no file" "nothing.csv: cannot be opened" vo2 nothing.csv
refuse "unknown law" "--mixing maxwell: series" vo2 loop.csv --mixing maxwell
refuse "unknown model" "is not a model that can be fitted" rram loop.csv
refuse "no arguments" "a model (vo2, pulsed, pcm) and a CSV file are wanted"
refuse "few resamples" "40 (for 95 % limits)" vo2 loop.csv --bootstrap 10
refuse "output over input" "it cannot be written as well" vo2 loop.csv --card-out loop.csv
refuse "no folder" "nowhere/card.yaml" vo2 loop.csv --card-out nowhere/card.yaml
refuse "unknown picture" "must end in .svg or .png" vo2 loop.csv --plot p.pdf
refuse "wrong column" "are not two of its columns: temperature, resistance" vo2 loop.csv --columns 1,9

# ---- cells ----
awk 'BEGIN {
    srand(2); print "pulse,G_uS"; w = -0.9
    for (k = 0; k <= 240; k++) {
        print k "," 20 + 10 * w
        w += int(k / 60) % 2 == 0 ? 0.02 * (1 - 0.4 * w) + 0.004 * (rand() - 0.5) : -0.017 * (1 + 0.6 * w)
    } }' >pulses.csv
accept pulsed "pulsed, linear: 4 parameters fitted to 240 points of pulses.csv" pulsed pulses.csv --law linear --card-out pulsed.yaml
grep -q '^  law: linear' pulsed.yaml || fail "pulsed card: $(cat pulsed.yaml)"
sed 's/_uS//' pulses.csv >nounit.csv
refuse "conductance without unit" "write conductance_uS in the header?" pulsed nounit.csv
awk 'NR == 1 {print; next} {print NR ",5"}' pulses.csv >flat.csv
awk 'BEGIN {print "pulse,conductance_uS,direction"; for (k = 0; k < 200; k++) print k * 1e4 "," 1 + k % 9 ",up"}' >far.csv
refuse "pulses far apart" "1.99e+06 pulses from the first to the last: at most 1e+06 are allowed" pulsed far.csv
refuse "pulses do nothing" "pulses do nothing" pulsed flat.csv
refuse "unknown pulse law" "constant, linear, soft-bounds and exponential are allowed" pulsed pulses.csv --law cubic
awk 'BEGIN {
    srand(3); print "target_uS,measured_uS"
    for (k = 0; k < 600; k++) { t = 2.5 * (1 + k % 10); z = 0; for (j = 0; j < 12; j++) z += rand(); print t "," t + (z - 6) * (0.3 + 0.05 * t) }
    }' >cells.csv
accept pcm "no column of time: drift is that of the built-in card" pcm cells.csv --card-out pcm.yaml
grep -q '^  program_1: ' pcm.yaml || fail "pcm card: $(cat pcm.yaml)"
refuse "pcm columns" 'no column "target"' pcm loop.csv
awk 'NR == 1 || NR < 8' cells.csv >few.csv
refuse "few cells" "at least twelve" pcm few.csv

# a descent that is stopped: status 2, marked everywhere, and no card that would lose the mark
rm -f stopped.yaml
"$mho" fit vo2 loop.csv --max-iter 9 --card-out stopped.yaml --json s.json --report s.html >out 2>err
[ $? = 2 ] || fail "stopped fit: wanted status 2: $(cat err)"
grep -q 'did not converge' err && grep -q 'NOT CONVERGED' out || fail "stopped fit: $(cat err out)"
grep -q '"converged": false' s.json && grep -q 'NOT CONVERGED' s.html || fail "stopped fit: JSON, page"
[ -e stopped.yaml ] && fail "stopped fit: a card was written"
# data without noise: what is left is rounding, and its correlation is not talked about
"$mho" device vo2-neuron --card N --curve rt --csv exact.csv >out 2>err || fail "exact: $(cat err)"
accept exact "carry no noise to speak of" vo2 exact.csv --base N
grep -q 'neighbouring residuals' flat && fail "exact: $(cat flat)"

[ $failed = 0 ] && echo "mho fit does what it says"
exit $failed
