#!/bin/sh
# The ONNX reader against onnxruntime: the node models of the onnx package, whole networks, networks
# from PyTorch if it is there; and against files that mean harm. The Python packages come from PyPI
# into a folder of the build, once. MHO_ONNX_PYTHON names a Python that has them already.
set -u
: "${MHO_BIN:?}"
build=${MHO_BUILD:-build}
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

python=${MHO_ONNX_PYTHON:-$build/onnx-venv/bin/python}
has() { "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; }
if ! has && [ -z "${MHO_ONNX_PYTHON:-}" ]; then
    # 1.17.0 still ships its node models as files
    for onnx in onnx==1.17.0 onnx; do
        rm -rf "$build/onnx-venv"
        python3 -m venv "$build/onnx-venv" >/dev/null 2>&1 &&
            "$python" -m pip install -q --disable-pip-version-check --retries 1 --timeout 20 \
                --only-binary :all: "$onnx" onnxruntime numpy >"$build/onnx-pip.log" 2>&1 && break
    done
fi
has || { echo "skipped: no onnx and onnxruntime from PyPI (see $build/onnx-pip.log)"; exit 77; }

bad=0
export PYTHONDONTWRITEBYTECODE=1
for part in nodes networks hostile torch_nets; do
    "$python" "$here/onnx/$part.py" >"$build/onnx-$part.log" 2>&1
    status=$?
    echo "onnx: $part: $(tail -1 "$build/onnx-$part.log")"
    case $status in
    0 | 77) ;;
    *)
        cat "$build/onnx-$part.log"
        bad=1
        ;;
    esac
done

# the page of operators in docs is what the program prints
"$MHO_BIN" net --operators | diff -u "$here/../docs/onnx-operators.md" - || {
    echo "docs/onnx-operators.md is old: mho net --operators > docs/onnx-operators.md"
    bad=1
}
exit $bad
