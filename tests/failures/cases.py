"""cases.py DIR - small commands of every kind, and the files they read, made here without any package.

As a program: makes the files in DIR and prints the commands, a name and arguments a line."""
import gzip
import math
import pathlib
import struct
import sys
import zipfile
import zlib


# ---- files ----

def npy(shape, values, kind="<f8"):
    code = {"<f8": "d", "<f4": "f", "<i8": "q"}[kind]
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack(f"<{len(values)}{code}", *values)


def npz(path, **arrays):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in arrays.items():
            z.writestr(zipfile.ZipInfo(name + ".npy"), data)


def png(width, height, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(pixels[y * width:(y + 1) * width]) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """A field of a protocol buffer: a whole number, bytes or text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_tensor(name, shape, values, external=None):
    data = b"".join(field(1, s) for s in shape) + field(2, 1) + field(8, name)
    if external:
        pairs = [("location", external), ("offset", "0"), ("length", str(4 * len(values)))]
        return data + b"".join(field(13, field(1, k) + field(2, v)) for k, v in pairs) + field(14, 1)
    return data + field(9, struct.pack(f"<{len(values)}f", *values))


def onnx_value(name, shape):
    dims = b"".join(field(1, field(1, s)) for s in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def onnx_net(folder):
    """4 inputs, 3 neurons, 2 outputs; the first weights stand in a file of their own."""
    def node(kind, inputs, output):
        return b"".join(field(1, i) for i in inputs) + field(2, output) + field(3, kind + "0") + field(4, kind)
    first = [math.sin(k + 1) for k in range(12)]
    (folder / "first.bin").write_bytes(struct.pack("<12f", *first))
    graph = (field(1, node("MatMul", ["x", "w1"], "a")) + field(1, node("Relu", ["a"], "b")) +
             field(1, node("Gemm", ["b", "w2", "c"], "y")) + field(2, "net") +
             field(5, onnx_tensor("w1", (4, 3), first, "first.bin")) +
             field(5, onnx_tensor("w2", (3, 2), [math.cos(k) for k in range(6)])) +
             field(5, onnx_tensor("c", (2,), [0.1, -0.2])) +
             field(11, onnx_value("x", (1, 4))) + field(12, onnx_value("y", (1, 2))))
    (folder / "net.onnx").write_bytes(field(1, 8) + field(8, field(2, 13)) + field(7, graph))


def digits(folder, n=20):
    """n pictures of nothing in particular, as MNIST's four files; one pair gzipped."""
    folder.mkdir()
    pictures = struct.pack(">IIII", 0x803, n, 28, 28) + bytes(37 * k * k % 251 for k in range(n * 784))
    labels = struct.pack(">II", 0x801, n) + bytes(k % 10 for k in range(n))
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(pictures)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    (folder / "train-images-idx3-ubyte").unlink()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures, mtime=0))


def loop_csv(step_K=2.0):
    def film(t, d):
        g = 1 / (1 + math.exp(-0.3 * (337 + d * 3.5 - t)))
        ri = 4000 * math.exp(2300 * (1 / t - 1 / 300))
        b = (1 / 20 - 1 / ri) * (1 - 2 * g)
        return 2 / (b + math.sqrt(b * b + 4 / 20 / ri))
    lines = ["temperature_K,resistance_ohm"]
    n = int(80 / step_K)
    for k in range(n + 1):
        lines.append(f"{370 - step_K * k:.4f},{film(370 - step_K * k, -1) * (1 + 0.01 * math.sin(7 * k)):.6g}")
    for k in range(1, n + 1):
        lines.append(f"{290 + step_K * k:.4f},{film(290 + step_K * k, 1) * (1 + 0.01 * math.sin(5 * k)):.6g}")
    return "\n".join(lines) + "\n"


def pulses_csv():
    up = [f"{k},{1e-6 + 4e-5 * (1 - math.exp(-k / 12)):.6g}" for k in range(30)]
    down = [f"{30 + k},{1e-6 + 4e-5 * math.exp(-k / 12):.6g}" for k in range(30)]
    return "pulse,conductance_S\n" + "\n".join(up + down) + "\n"


SMALL_CHIP = ("chip:\n  synapse: { model: pcm }\n  neuron: { share: per-column }\n"
              "  array: { wire: 0, source: 0, sense: 0 }\n")
STUDY = """experiment: lenet5-mott
data: digits
chip: chip.yaml
train_images: 50
epochs: 1
images: 10
chips: 1
axes:
  chip.array.wire: [0 ohm, 1 ohm]
"""


def make_inputs(folder):
    folder = pathlib.Path(folder)
    digits(folder / "mnist")
    onnx_net(folder)
    (folder / "chip.yaml").write_text(SMALL_CHIP)
    (folder / "study.yaml").write_text(STUDY)
    (folder / "loop.csv").write_text(loop_csv())
    (folder / "pulses.csv").write_text(pulses_csv())
    (folder / "iv.csv").write_text("V,I\n" + "".join(f"{v / 10},{1e-6 * v ** 3}\n" for v in range(-5, 6)))
    (folder / "maze.txt").write_text("S.#\n..G\n")
    (folder / "photo.png").write_bytes(png(24, 16, [(7 * k * k + 90 * (k % 24 > 12)) % 256 for k in range(24 * 16)]))
    (folder / "photo.pgm").write_bytes(b"P5\n# grey\n9 7\n255\n" + bytes(3 * k % 256 for k in range(63)))
    (folder / "g.npy").write_bytes(npy("(5, 3)", [1e-5 * (1 + k % 4) for k in range(15)]))
    (folder / "v.npy").write_bytes(npy("(2, 5)", [0.02 * k for k in range(10)]))
    npz(folder / "data.npz", x=npy("(40, 4)", [math.sin(k) for k in range(160)]), y=npy("(40,)", [k % 2 for k in range(40)], "<i8"))
    npz(folder / "in.npz", x=npy("(3, 4)", [0.1 * k for k in range(12)]))


# name: arguments; what it writes (files, or a folder); gnuplot wanted
CASES = {
    "run-net": ("run net.onnx --data data.npz --chip chip.yaml --chips 1 --calibrate 10 --verify --threads 1 --json net.json "
                "--report net.html", ["net.json", "net.html"]),
    "array": ("array --conductances g.npy --inputs v.npy --compare ideal --out i.npy --nodes n.npz --netlist a.cir --json a.json "
              "--threads 1", ["i.npy", "n.npz", "a.cir", "a.json"]),
    "array-map": ("array --random 6x5 --random-inputs 3 --solver reference --map drop.png --json -", ["drop.png"]),
    "image": ("image photo.png --chip chip.yaml --compare --out edges.png --json image.json --threads 1", ["edges.png", "image.json"]),
    "image-pgm": ("image photo.pgm --out edges.png --report image.html --threads 1", ["edges.png", "image.html"]),
    "device": ("device pcm --curve iv --points 5 --csv c.csv --npy c.npy --json c.json --plot c.svg", ["c.csv", "c.npy", "c.json", "c.svg"]),
    "device-card": ("device vo2-neuron --card T", []),
    "device-design": ("device vo2-neuron --design relu --json design.json", ["design.json"]),
    "device-table": ("device table --data iv.csv --curve iv --csv -", []),
    "fit": ("fit vo2 loop.csv --card-out card.yaml --json fit.json --plot fit.svg --report fit.html --forc forc.csv --threads 1",
            ["card.yaml", "fit.json", "fit.svg", "fit.html", "forc.csv"]),
    "fit-pulsed": ("fit pulsed pulses.csv --bootstrap 40 --card-out card.yaml --json - --threads 1", ["card.yaml"]),
    "transient": ("transient neuron --card T --z 0.5 --samples 21 --csv t.csv --npy t.npy --plot t.svg --json t.json",
                  ["t.csv", "t.npy", "t.svg", "t.json"]),
    "transient-model": ("transient vo2-filament --drive 1.3V --series 12kohm --cap 100fF --stop 5ns --samples 11 --json", []),
    "export": ("export spice array --random 4x3 --out array.cir", ["array.cir"]),
    "export-run": ("export spice neuron --card T --points 5 --out neuron.cir --run", ["neuron.cir"]),
    "learn-xor": ("learn xor --seeds 1 --neurons 50 --json xor.json --report xor.html", ["xor.json", "xor.html"]),
    "learn-maze": ("learn maze --world maze.txt --seeds 2 --episodes 3 --threads 1 --json maze.json --report maze.html",
                   ["maze.json", "maze.html"]),
    "net": ("net net.onnx --json net.json", ["net.json"]),
    "net-run": ("net net.onnx --run in.npz --out out.npz --all --threads 1", ["out.npz"]),
    # the long ones last
    "sweep": ("sweep study.yaml --out study.sweep --threads 1 --json sweep.json",
              ["sweep.json", "study.sweep/points.csv", "study.sweep/chips.csv", "study.sweep/chips.npz", "study.sweep/manifest.json",
               "study.sweep/report.html"]),
    "run": ("run lenet5-mott --data mnist --chip chip.yaml --chips 1 --budget-chips 1 --epochs 1 --threads 1 --json run.json "
            "--report run.html", ["run.json", "run.html"]),
    "run-ageing": ("run lenet5-mott --data mnist --chip chip.yaml --ageing --chips 2 --epochs 1 --threads 1 --json ageing.json",
                   ["ageing.json"]),
}

if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).mkdir(parents=True)
    make_inputs(sys.argv[1])
    for name, (arguments, _) in CASES.items():
        print(name, arguments)
