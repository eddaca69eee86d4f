#!/bin/sh
# Does "pip install ./python" work where mho was never built? A clean clone, a fresh environment, the
# whole library from its sources; then the same from the sdist; then the tests.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git clone -q . "$dir/mho"
cd "$dir"
python3 -m venv fresh
fresh/bin/pip install -q --disable-pip-version-check ./mho/python pytest
fresh/bin/pip list --disable-pip-version-check
(cd fresh && bin/python -m pytest -q -p no:cacheprovider -c "$dir/mho/python/pyproject.toml" "$dir/mho/python/tests")
python3 -m venv tools
tools/bin/pip install -q --disable-pip-version-check build
tools/bin/python -m build -q --sdist mho/python -o dist
python3 -m venv from-sdist
from-sdist/bin/pip install -q --disable-pip-version-check dist/mho-*.tar.gz
(cd from-sdist && bin/python -c 'import mho; print(mho.version(), mho.Array([[1e-5]], r_wire_ohm=1).read([0.1]))')
ls -l dist
echo "installed from a clone and from the sdist"
