#!/bin/sh
# check_signals.sh - commands are stopped by signals at random moments (failures/signals.py).
# MHO_KILLS: how often each command by each signal (1).
set -u
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$0")/failures/signals.py" "${MHO_BIN:?}" "${MHO_KILLS:-1}"
