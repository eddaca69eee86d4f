"""Networks from PyTorch to ONNX files that mho reads.

    python examples/onnx_from_torch.py FOLDER [--dynamo]

writes lenet5.onnx, vgg8.onnx, resnet20.onnx, mlp.onnx and depthwise.onnx with random weights: the
architectures are what counts here. Every network takes a batch of any size. Wants torch; --dynamo,
PyTorch's newer exporter, wants onnxscript too."""
import os
import sys

import torch
from torch import nn


def lenet5():
    """LeCun et al., Proc. IEEE 86, 2278 (1998), with rectifiers and mean pools; 1x28x28."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def vgg8():
    """Six convolutions in three pairs, two dense layers; 3x32x32 (the VGG-8 of in-memory papers)."""
    layers, channels = [], 3
    for width in (32, 64, 128):
        for last in (False, True):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if last else []
            channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 16, 256), nn.ReLU(),
                         nn.Dropout(), nn.Linear(256, 10))


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.around = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu(self.body(x) + self.around(x))


def resnet20():
    """He et al., CVPR 2016, section 4.2, with 1x1 convolutions where the size changes; 3x32x32."""
    layers, channels = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        for k in range(3):
            layers.append(Block(channels, width, stride if k == 0 else 1))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mlp():
    """784-300-100-10 with every activation that mho has for it."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.Tanh(), nn.Linear(300, 100),
                         nn.LeakyReLU(0.1), nn.Linear(100, 50), nn.Sigmoid(), nn.Linear(50, 10),
                         nn.Softmax(dim=1))


class Depthwise(nn.Module):
    """Depthwise and pointwise convolutions, ReLU6, a mean over all places; 3x32x32."""

    def __init__(self):
        super().__init__()
        layers, channels = [nn.Conv2d(3, 16, 3, 2, 1)], 16
        for width, stride, dilation in ((32, 1, 1), (64, 2, 1), (64, 1, 2)):
            layers += [nn.Conv2d(channels, channels, 3, stride, dilation, dilation, groups=channels),
                       nn.BatchNorm2d(channels), nn.ReLU6(), nn.Conv2d(channels, width, 1),
                       nn.BatchNorm2d(width), nn.ReLU6()]
            channels = width
        self.body, self.head = nn.Sequential(*layers), nn.Linear(channels, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


NETWORKS = {"lenet5": (lenet5, (1, 28, 28)), "vgg8": (vgg8, (3, 32, 32)),
            "resnet20": (resnet20, (3, 32, 32)), "mlp": (mlp, (1, 28, 28)),
            "depthwise": (Depthwise, (3, 32, 32))}


def make(name, seed=1):
    """The network in the form for inference, with statistics that BatchNorm has something to do."""
    torch.manual_seed(seed)
    network = NETWORKS[name][0]().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, 0, 0.2)
    return network


def export(name, path, dynamo=False):
    network, x = make(name), torch.zeros(1, *NETWORKS[name][1])
    if dynamo:
        batch = torch.export.Dim("batch")
        torch.onnx.export(network, (x,), path, dynamo=True, dynamic_shapes=({0: batch},),
                          input_names=["image"], output_names=["scores"])
    else:
        torch.onnx.export(network, (x,), path, dynamo=False, opset_version=17,
                          dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}},
                          input_names=["image"], output_names=["scores"])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for which in NETWORKS:
        target = os.path.join(sys.argv[1], which + ".onnx")
        export(which, target, "--dynamo" in sys.argv)
        print(target)
