#!/bin/sh
# gallery.sh MHO [DOCS] - draws every figure of the documentation anew with the program itself; make gallery. Takes minutes.
# Where measured data or MNIST are missing, figures that need them stay as they are. tests/check_gallery.sh holds the figures
# in docs/ to those named here.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
mho=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") docs=${2:-$here/docs}
data=${MHO_DATA:-$here/../shared/data}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
done_with() { echo "gallery: $1"; }

# the figure of a report, as a picture of its own: black on white
figure() { # figure REPORT.html ID OUT.svg
    awk -v id="$2-gnuplot_canvas" '/<svg/ {text = ""; on = 1} on {text = text $0 "\n"}
        /<\/svg>/ {if (index(text, id)) {printf "%s", text; exit} on = 0}' "$1" |
        sed 's|^.*<svg |<svg |; s|</svg>.*|</svg>|; 1s|<svg |<svg width="520" height="400" style="background:#fff;color:#1b1b1b" |' >"$3.new"
    grep -q '</svg>' "$3.new" || { echo "gallery: no figure $2 in $1" >&2; exit 1; }
    mv "$3.new" "$3"
}

"$mho" run lenet5-mott --chips 1 --budget-chips 0 --images 200 --epochs 1 --report "$work/run.html" >/dev/null
figure "$work/run.html" fc "$docs/neuron-curves.svg"
done_with neuron-curves.svg

"$mho" array --random 128x128 --wire 2 --random-inputs 100 --map "$docs/array-drop.png" >/dev/null
done_with array-drop.png
sh "$here/scripts/array_study.sh" "$(dirname "$mho")" "$docs/array-errors.png" "$docs/array-cost.png" >/dev/null
done_with "array-errors.png array-cost.png"

"$mho" device vo2-neuron --card T --set t_c=335K --set width=8K --set r300=5kohm --curve rt --csv "$work/film.csv" >/dev/null
awk -F, 'NR == 1 {print "temperature_K,resistance_ohm"} NR > 1 {print $2 "," $3 * (1 + 0.03 * sin(NR * NR))}' \
    "$work/film.csv" >"$work/loop.csv"
"$mho" fit vo2 "$work/loop.csv" --plot "$docs/tutorial-fit.png" >/dev/null
done_with tutorial-fit.png

film=$data/vo2/rt-loop-150nm-film.csv
if [ -f "$film" ]; then
    "$mho" fit vo2 "$film" --bootstrap 500 --plot "$docs/fit-vo2.png" --forc "$docs/fit-forc.png" >/dev/null
    done_with "fit-vo2.png fit-forc.png"
else
    done_with "fit-vo2.png fit-forc.png: skipped, no data"
fi

"$mho" transient neuron --card T --z 0.5 --plot "$docs/neuron-time.png" >/dev/null
"$mho" transient oscillator --drive 12V --plot "$docs/oscillator-time.png" >/dev/null
"$mho" device vo2-filament --curve iv --plot "$docs/device-filament.png" >/dev/null
"$mho" device vo2-neuron --card T --curve mixing --plot "$docs/device-mixing.png" >/dev/null
done_with "neuron-time.png oscillator-time.png device-filament.png device-mixing.png"

sh "$here/scripts/learn_sweep.sh" "$mho" "$docs/learn-sweep.png" >/dev/null
done_with learn-sweep.png
if [ -d "$data/mnist" ]; then
    sh "$here/scripts/ageing.sh" "$mho" "$docs/ageing.png" --data "$data/mnist" --chips 5 --images 2000 >/dev/null
    done_with ageing.png
else
    done_with "ageing.png: skipped, no data"
fi
