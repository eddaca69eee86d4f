#!/bin/sh
# The Python package: installed by pip into an environment of its own, against the library of this
# build, and its tests. (A build of everything from the sources: scripts/python_install.sh.)
set -eu
cd "$(dirname "$0")/.."
build=${MHO_BUILD:-build}
build=$(cd "$build" && pwd)
venv=$build/python-venv
if nm -D "$build/libmho.so" | grep -q __asan; then
    echo "skipped: scripts/python_asan.sh is the way to run these tests under the sanitizers"
    exit 77
fi
pip="$venv/bin/pip --disable-pip-version-check -q --retries 1 --timeout 20"
if [ ! -x "$venv/bin/pytest" ]; then
    rm -rf "$venv"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "skipped: Python 3.11 or later is wanted"; exit 77; }
    python3 -m venv "$venv" || { echo "skipped: no python3-venv"; exit 77; }
    $pip install numpy pytest "scikit-build-core>=1.0" >"$venv/log" 2>&1 ||
        { echo "skipped: PyPI cannot be reached: $(tail -1 "$venv/log")"; rm -rf "$venv"; exit 77; }
fi
$pip install --no-deps --no-build-isolation --force-reinstall \
    --config-settings=cmake.define.MHO_PREBUILT="$build" --config-settings=cmake.define.MHO_WERROR=ON \
    --config-settings=build-dir="$build/python" ./python
# from another folder, so that what was installed is what is tested
root=$PWD
cd "$venv"
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider -c "$root/python/pyproject.toml" "$root/python/tests"
