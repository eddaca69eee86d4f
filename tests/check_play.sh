#!/bin/sh
# The page to play on, in a real browser: its numbers are the library's, sliders and buttons work.
set -eu
cd "$(dirname "$0")/.."
build=${MHO_BUILD:-build}
if nm "$build/mho" 2>/dev/null | grep -q __asan; then
    echo "skipped: the page is the same whatever the native build"
    exit 77
fi
for tool in chromium chromedriver; do
    command -v $tool >/dev/null 2>&1 || { echo "skipped: no $tool (Debian: chromium chromium-driver)"; exit 77; }
done
/usr/bin/python3 -c 'import selenium' 2>/dev/null || { echo "skipped: no python3-selenium"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --build "$build" --target web_values >/dev/null
"$build/web_values" >"$work/values.json"
sh web/build.sh "$work/values.json" "$work/play.html" || exit $?
/usr/bin/python3 web/test.py "$work/play.html" "$work/values.json" ${MHO_SHOTS:+"$MHO_SHOTS"}
