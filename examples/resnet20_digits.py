"""resnet20_digits.py MNIST_DIR OUT_DIR [PICTURES] - a ResNet-20 for coloured digits, 3 x 32 x 32: trains it with PyTorch for a
few minutes, with an exact ReLU and no knowledge of any hardware, and writes OUT_DIR/resnet20.onnx and OUT_DIR/digits.npz:

    mho run OUT_DIR/resnet20.onnx --data OUT_DIR/digits.npz --images 1000 --chips 1
"""
import gzip
import pathlib
import sys

import numpy as np
import torch
from onnx_from_torch import resnet20
from torch import nn

data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
n_train = int(sys.argv[3]) if len(sys.argv) > 3 else 7040
n_test, n_batch = 2000, 64
rng = np.random.default_rng(0)
torch.manual_seed(1)


def idx(start):
    """The IDX file of the folder whose name begins so, plain or gzip."""
    path = next(p for p in sorted(data.iterdir()) if p.name.startswith(start))
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = [int.from_bytes(raw[4 + 4 * k:8 + 4 * k], "big") for k in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def colour(pictures, n):
    """Grey digits between random colours, with noise, scaled like a photograph's."""
    x = np.pad(pictures[:n].astype(np.float32) / 255, ((0, 0), (2, 2), (2, 2)))[:, None]
    ink = rng.uniform(0.4, 1, (n, 3, 1, 1)).astype(np.float32)
    paper = rng.uniform(0, 0.35, (n, 3, 1, 1)).astype(np.float32)
    x = paper + (ink - paper) * x
    x += rng.normal(0, 0.05, x.shape).astype(np.float32)
    return ((np.clip(x, 0, 1) - 0.3) / 0.25).astype(np.float32)


x_test, y_test = colour(idx("t10k-images"), n_test), idx("t10k-labels")[:n_test]
x = torch.from_numpy(colour(idx("train-images"), n_train))
y = torch.from_numpy(idx("train-labels")[:n_train].astype(np.int64))
net = resnet20().train()
optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
n_step = n_train // n_batch
rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=n_step)
order = torch.randperm(n_train)
for step in range(n_step):
    pick = order[step * n_batch:(step + 1) * n_batch]
    optimiser.zero_grad()
    loss = nn.functional.cross_entropy(net(x[pick]), y[pick])
    loss.backward()
    optimiser.step()
    rate.step()
    print(f"\rstep {step + 1} of {n_step}, loss {loss.item():.3f}", end="", file=sys.stderr, flush=True)
net.eval()
with torch.no_grad():
    right = [(net(torch.from_numpy(x_test[k:k + 250])).argmax(1).numpy() == y_test[k:k + 250]).mean() for k in range(0, n_test, 250)]
print(f"\naccuracy on {n_test} test pictures: {100 * np.mean(right):.2f} %")
out.mkdir(parents=True, exist_ok=True)
torch.onnx.export(net, torch.zeros(1, 3, 32, 32), str(out / "resnet20.onnx"), input_names=["image"], output_names=["scores"], dynamo=False)
np.savez(out / "digits.npz", x=x_test, y=y_test.astype(np.int32))
