"""What the checks of the ONNX reader share: the program, NumPy and onnxruntime beside it."""
import os
import subprocess
import tempfile

import numpy as np
import onnx
import onnxruntime

MHO = os.environ["MHO_BIN"]
TOLERANCE = 1e-4  # absolute, on the outputs


def supported():
    """Names of the operators that mho says it reads."""
    page = subprocess.run([MHO, "net", "--operators"], capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in page.stdout.splitlines() if line.startswith("| ")]
    return {row[1].strip() for row in rows} - {"operator", "---"}


def mho_run(path, inputs, *options):
    """Outputs by name, or the message of a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
        if inputs:
            np.savez(source, **inputs)
        else:
            np.savez(source, nothing=np.zeros(1))
        call = [MHO, "net", path, "--run", source, "--out", target, "--threads", "1", *options]
        done = subprocess.run(call, capture_output=True, text=True, errors="replace", timeout=120)
        if done.returncode == 1:
            return done.stderr.strip()
        if done.returncode != 0:
            raise AssertionError(f"{path}: exit status {done.returncode}: {done.stderr}")
        with np.load(target) as z:
            return {name: z[name] for name in z.files}


def ort_run(model, inputs):
    """Outputs by name, by onnxruntime without optimisation."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if isinstance(model, onnx.ModelProto):
        model = model.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def difference(got, want):
    """Largest absolute difference; infinite where the shapes differ in more than a batch of 1."""
    if got.size != want.size:
        return float("inf")
    got, want = got.reshape(want.shape).astype(np.float64), want.astype(np.float64)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    with np.errstate(invalid="ignore"):
        return float(np.max(np.where(same, 0, np.abs(got - want)), initial=0))
