#!/bin/sh
# array_study.sh BUILD ERRORS.png COST.png - what short cuts for wires cost in accuracy and what the exact solution costs
# in time: bench_array_approx and bench_array_peers --cost, drawn with gnuplot. The figures go to standard output, too.
set -eu
build=${1:?} errors=${2:?} cost=${3:?}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
"$build/bench_array_approx" | tee "$data/errors"
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$build/bench_array_peers" --cost | tee "$data/cost"

rows() { # rows FILE STUDY METHOD: abscissa and ordinate
    awk -F, -v s="$2" -v m="$3" '$1 == s && $(NF - 1) == m {print (s == "wire" ? $3 : $2), $NF}' "$data/$1" >"$data/$2 $3"
    echo "'$data/$2 $3'"
}
panel() { # panel STUDY
    echo "plot $(rows errors "$1" 'no wires') title 'no wires' ls 1, $(rows errors "$1" 'own way') title 'each cell by its own way' ls 2, \
$(rows errors "$1" 'one step') title 'one step of correction' ls 3, \
$(rows errors "$1" 'column factor') title 'a factor for each column' ls 4, \
$(rows errors "$1" 'column factor sparse') title 'the same, 1 row in 8 driven' ls 5, \
$(rows errors "$1" cg) title 'mho, CG' ls 6, $(rows errors "$1" transfer) title 'mho, transfer matrix' ls 7"
}
common="set border 3; set tics nomirror; set grid lc rgb '#dddddd' lt 1; set logscale xy; set format y '10^{%T}'
set style data linespoints
set style line 1 lc rgb '#9a3b26' pt 7 ps 0.9 lw 1.6
set style line 2 lc rgb '#d07840' pt 5 ps 0.9 lw 1.6
set style line 3 lc rgb '#b8860b' pt 9 ps 1.0 lw 1.6
set style line 4 lc rgb '#4a86c5' pt 7 ps 0.9 lw 1.6
set style line 5 lc rgb '#4a86c5' pt 6 ps 0.9 lw 1.6 dt 2
set style line 6 lc rgb '#5a9a5a' pt 6 ps 0.9 lw 1.6 dt 2
set style line 7 lc rgb '#2e6b3a' pt 7 ps 0.9 lw 1.6"
{
    echo "set terminal pngcairo size 1300,640 background '#ffffff' font 'sans,13'; set output '$errors'"
    echo "$common"
    echo "set multiplot layout 1,2; set yrange [1e-16:1e4]; set ytics 1e4"
    echo "set ylabel 'mean error of an output current, relative'; set xlabel 'rows = columns (2 ohm per cell)'"
    echo "set xrange [14:600]; set xtics (16, 32, 64, 128, 256, 512); set key off"
    panel size
    echo "set xlabel 'wire resistance per cell in ohm (64 x 64)'; set xrange [0.008:12]; set xtics (0.01, 0.1, 1, 10); unset ylabel"
    echo "set key at graph 0.98, 0.575 samplen 2 spacing 1.05 font ',12'"
    panel wire
} | gnuplot -d -
{
    echo "set terminal pngcairo size 900,560 background '#ffffff' font 'sans,13'; set output '$cost'"
    echo "$common"
    echo "set xlabel 'rows = columns'; set ylabel 'processor time in seconds, one thread'; set xrange [14:1200]; set yrange [1e-6:20]"
    echo "set xtics (16, 32, 64, 128, 256, 512, 1024); set key top left samplen 2 spacing 1.15"
    echo "plot $(rows cost cost 'klu solve') title 'KLU: 100 reads' ls 2, $(rows cost cost 'klu factor') title 'KLU: analyse and factor' ls 1, \
$(rows cost cost build) title 'mho: transfer matrix, once' ls 7, $(rows cost cost read) title 'mho: 100 reads' ls 4, \
$(rows cost cost gemm) title 'dgemm of that shape, wires ignored' ls 5"
} | gnuplot -d -
