"""Networks exported by PyTorch, by both of its exporters, against onnxruntime. Skipped without torch."""
import importlib.util
import os
import sys
import tempfile

import numpy as np

from common import TOLERANCE, difference, mho_run, ort_run


def main():
    if importlib.util.find_spec("torch") is None:
        print("skipped: no torch in this environment")
        return 77
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "examples"))
    import onnx_from_torch as nets
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for dynamo in (False, True):
            for name, (_, shape) in nets.NETWORKS.items():
                path = os.path.join(folder, name + ".onnx")
                nets.export(name, path, dynamo)
                x = np.random.default_rng(3).standard_normal((9, *shape)).astype(np.float32)
                want = ort_run(path, {"image": x})["scores"]
                worst = 0.0
                for options in ([], ["--as-is"]):
                    got = mho_run(path, {"image": x}, *options)
                    if isinstance(got, str):
                        raise AssertionError(got)
                    worst = max(worst, difference(got["scores"], want))
                print(f"  {'dynamo' if dynamo else 'legacy'} {name:10} {worst:.2g} from onnxruntime "
                      f"at most; outputs from {want.min():.2f} to {want.max():.2f}")
                bad += not worst <= TOLERANCE
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
