#!/bin/sh
# Runs every benchmark; each verifies before it times.
set -eu
for b in "$1"/bench_*; do
    [ -x "$b" ] && "$b"
done
