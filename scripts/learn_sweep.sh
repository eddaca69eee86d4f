#!/bin/sh
# learn_sweep.sh MHO OUT.png - which share of runs learns the built-in maze, against the time constant of
# the trace, the noise of a write and the spread between cells; drawn with gnuplot. Takes minutes.
set -eu
mho=${1:?} out=${2:?}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
runs=${RUNS:-100} episodes=${EPISODES:-150}

sweep() { # sweep NAME KEY AGENT VALUES...
    name=$1 key=$2 agent=$3
    shift 3
    for x in "$@"; do
        "$mho" learn maze --agent "$agent" --seeds "$runs" --episodes "$episodes" --set "$key=$x" --json "$data/j" \
            >/dev/null
        share=$(awk '/"solved": \{/ {s = 1} s && /"share"/ {gsub(",", ""); print $2; exit}' "$data/j")
        low=$(awk '/"ci95"/ {getline; gsub(",", ""); print $1; exit}' "$data/j")
        high=$(awk '/"ci95"/ {getline; getline; print $1; exit}' "$data/j")
        echo "$x $share $low $high" | tee -a "$data/$name-$agent" | sed "s/^/$agent $key /"
    done
}
for agent in reward-pulse actor-critic; do
    sweep trace trace_steps $agent 0.5 1 1.5 2 2.5 3 4 5 6 8 10 15
    sweep noise cycle_sd $agent 0 0.3 0.6 1 1.5
    sweep spread cell_sd $agent 0 0.2 0.4 0.6 0.8 1
done
panel() { # panel NAME LABEL
    echo "set xlabel '$2'"
    echo "plot '$data/$1-reward-pulse' using 1:(100*\$2):(100*\$3):(100*\$4) with yerrorlines pt 7 ps 0.6 lw 1.5 \
lc rgb '#4a86c5' title 'reward pulse', '$data/$1-actor-critic' using 1:(100*\$2):(100*\$3):(100*\$4) \
with yerrorlines pt 7 ps 0.6 lw 1.5 lc rgb '#d07840' title 'actor-critic'"
}
{
    echo "set terminal pngcairo size 1440,480 background '#ffffff' font 'sans,14'"
    echo "set output '$out'"
    echo "set multiplot layout 1,3"
    echo "set border 3; set tics nomirror; set grid; set yrange [0:102]; set ylabel 'runs that solve it in %'"
    echo "set key bottom right samplen 2; set logscale x; set xrange [0.4:20]"
    panel trace 'trace in steps'
    echo "unset logscale x; set key bottom left; set xrange [-0.05:1.6]"
    panel noise 'noise of a write over its size'
    echo "set xrange [-0.05:1.05]"
    panel spread 'spread of rates between cells (lognormal)'
} | gnuplot -d -
