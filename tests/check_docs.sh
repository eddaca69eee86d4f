#!/bin/sh
# Every command that README.md and docs/*.md show is run, and its output compared; tests/docs.py says how.
# MHO_SLOW=1 runs those that train networks, too (an hour).
set -u
mho=${MHO_BIN:-build/mho}
[ -x "$mho" ] || { echo "skipped: no mho"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
if nm "$mho" 2>/dev/null | grep -q __asan; then
    echo "skipped: the pages show the usual build"
    exit 77
fi
PYTHONDONTWRITEBYTECODE=1 OMP_WAIT_POLICY=passive exec python3 "$(dirname "$0")/docs.py" "$mho"
