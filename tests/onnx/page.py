"""page.py NAME FILE.onnx - a network of networks.py with the names that PyTorch's exporter would give, for docs/onnx.md."""
import sys

import onnx

import networks


class Torch(networks.Maker):
    def node(self, op, *inputs, **attributes):
        result = super().node(op, *inputs, **attributes)
        self.nodes[-1].name = f"/{self.n - 1}/{op}"
        return result

    def model(self, result):
        self.nodes[-1].output[0] = "scores"
        return super().model("scores")


networks.Maker = Torch
made = getattr(networks, sys.argv[1])()
onnx.save(made[0] if isinstance(made, tuple) else made, sys.argv[2])
