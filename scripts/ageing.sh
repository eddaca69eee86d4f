#!/bin/sh
# ageing.sh MHO OUT.png [options of mho run] - accuracy of PCM and CBRAM chips through a year, with and
# without drift compensation: the table of mho run --ageing on standard output, drawn with gnuplot.
set -eu
mho=${1:?} out=${2:?}
shift 2
table=$(mktemp)
trap 'rm -f "$table" "$table".*' EXIT
"$mho" run lenet5-mott --ageing "$@" | tee "$table"
# columns: cells, seconds, as it is, half-width, compensated, half-width
awk '$1 == "pcm" || $1 == "cbram" || $1 == "rram" {
    unit["s"] = 1; unit["h"] = 3600; unit["day"] = 86400; unit["month"] = 2629800; unit["year"] = 31557600
    print $1, $2 * unit[$3], $4, $6, $7, $9 }' "$table" >"$table.all"
for cells in pcm cbram rram; do
    grep "^$cells " "$table.all" >"$table.$cells" || rm -f "$table.$cells"
done
panel() { # panel LOW HIGH KEY
    echo "set yrange [$1:$2]; set key $3"
    plot="plot"
    for cells in pcm cbram rram; do
        [ -f "$table.$cells" ] || continue
        case $cells in pcm) colour='#d07840' ;; cbram) colour='#4a86c5' ;; *) colour='#5a9a5a' ;; esac
        echo "$plot '$table.$cells' using 2:3:4 with yerrorlines pt 6 lw 1.5 dt 2 lc rgb '$colour' title '$cells', \\"
        echo "'$table.$cells' using 2:5:6 with yerrorlines pt 7 lw 1.5 lc rgb '$colour' title '$cells, compensated', \\"
        plot=" "
    done
    echo "1/0 notitle"
}
{
    echo "set terminal pngcairo size 1200,480 background '#ffffff' font 'sans,13'"
    echo "set output '$out'; set multiplot layout 1,2"
    echo "set border 3; set tics nomirror; set grid; set logscale x; set xrange [0.5:1e8]"
    echo "set xtics ('1 s' 1, '1 h' 3600, '1 day' 86400, '1 month' 2629800, '1 year' 31557600) rotate by -30"
    echo "set xlabel 'time since writing'; set ylabel 'accuracy in %'"
    panel 0 102 "bottom left"
    echo "set title 'the top of it'"
    panel 98 100 "off"
} | gnuplot -d -
