"""seeds.py FOLDER [MHO] - the first inputs of each fuzz target, made here: small good files of every kind, and
dictionaries of the words that a reader knows (from the program's own chip file)."""
import gzip
import io
import pathlib
import struct
import sys
import zipfile
import zlib

import seeds_onnx

folder = pathlib.Path(sys.argv[1])
root = pathlib.Path(__file__).resolve().parent.parent


def put(target, name, data):
    (folder / target).mkdir(parents=True, exist_ok=True)
    (folder / target / name).write_bytes(data.encode() if isinstance(data, str) else data)


def npy(shape, kind, data, fortran=False):
    head = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


arrays = {"f8": npy("(2, 3)", "<f8", struct.pack("<6d", 1, 2, 3, 4, 5, 6)), "f4": npy("(2,)", "<f4", struct.pack("<2f", 1, 2)),
          "i4": npy("(2, 1, 2)", "<i4", struct.pack("<4i", 1, 2, 3, 4)), "u1": npy("(3,)", "|u1", b"\1\2\3", True),
          "scalar": npy("()", "<f8", struct.pack("<d", 7)), "big": npy("(2,)", ">f8", struct.pack(">2d", 1, 2))}
for name, data in arrays.items():
    put("npy", name, data)


def npz(method, **members):
    z = io.BytesIO()
    with zipfile.ZipFile(z, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name + ".npy", data)
    return z.getvalue()


for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    put("npz", f"method{method}", npz(method, y=arrays["f4"], x=arrays["f8"]))
    put("samples", f"labels{method}", npz(method, x=arrays["f8"], y=npy("(2,)", "|u1", b"\0\1")))
    put("samples", f"pixels{method}", npz(method, x=npy("(1, 2, 2)", "|u1", b"\0\1\2\xff")))
    put("samples", f"colour{method}", npz(method, x=npy("(1, 3, 1, 2)", "<f4", struct.pack("<6f", *range(6))),
                                          y=npy("(1, 1)", "<i4", struct.pack("<i", 7))))


def png(width, height, depth, colour, rows, interlace=0, extra=()):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    for kind, data in extra:
        out += chunk(kind, data)
    return out + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


put("picture", "grey8", png(3, 2, 8, 0, b"\0\1\2\3\0\4\5\6"))
put("picture", "grey16", png(2, 1, 16, 0, b"\0\1\2\3\4"))
put("picture", "rgb", png(2, 2, 8, 2, b"\1" + bytes(6) + b"\2" + bytes(range(6))))
put("picture", "rgba", png(1, 1, 8, 6, b"\0\1\2\3\4"))
put("picture", "palette", png(4, 1, 2, 3, b"\0\x1b", 0, [(b"PLTE", bytes(range(12))), (b"tRNS", b"\0\x80")]))
put("picture", "interlaced", png(2, 2, 8, 0, b"\0\1\0\2\0\3\4", 1))
put("picture", "p5", b"P5 3 2 255\n" + bytes(range(6)))
put("picture", "p5-16", b"P5\n# two\n2 1\n65535\n\0\1\2\3")
put("picture", "p2", "P2\n2 2\n9\n1 2\n3 4\n")

put("csv", "loop", "Temperature (K),R (ohm)\n300,1e4\n320.5,9.1e3\n340,200\n")
put("csv", "semicolon", "# taken at noon\nT [degC];R [kohm]\r\n20;3,1\r\n60;0.2\r\n")
put("csv", "tabs", "pulse\tG_uS\n1\t2.5\n2\t\n3\tnan\n")
put("csv", "bare", "300 1e4\n301 9e3\n\n302 8e3\n")
put("csv", "quoted", "\"a, b\",\"c \"\"d\"\"\"\n1,2\n")

curve = "voltage (V),current (uA)\n-0.2,-3\n-0.1,-1\n0,0\n0.1,1\n0.2,3\n"
pulses = "pulse,conductance_uS\n" + "".join(f"{k},{2 + k * (k < 6) + (12 - 1.5 * k) * (k > 5)}\n" for k in range(9))
for name, text in {"iv": curve, "bare": "-1 -2e-6\n0 0\n1 2e-6\n", "pulses": pulses}.items():
    put("table", name, text)
loop = "T (K),R (ohm),branch\n" + "".join(
    f"{t},{1e5 / (1 + 2.7 ** ((t - at) / 2)) + 100:.1f},{way}\n"
    for way, at, ts in (("heating", 342, range(320, 361, 4)), ("cooling", 334, range(360, 319, -4))) for t in ts)
put("fit", "loop", "\0" + loop)
put("fit", "pulses", "\1" + pulses)
put("fit", "linear", "\x04pulse;G [uS];direction\n" + "".join(f"{k};{1 + 0.4 * k};up\n" for k in range(7))
    + "".join(f"{k};{3.8 - 0.4 * k};down\n" for k in range(1, 7)))
put("fit", "targets", "\2target_uS,measured_uS\n" + "".join(f"{1 + k % 4},{1 + k % 4 + (k * 7 % 5 - 2) / 10}\n" for k in range(24)))
put("fit", "drift", "\5target_uS,measured_uS,time_s,device\n" + "".join(
    f"{1 + d},{(1 + d) * t ** -0.05:.4f},{t * 20},{d}\n" for d in range(4) for t in (1, 4, 20, 100)))

put("chip", "default", (root / "examples" / "chip-default.yaml").read_text())
put("chip", "short", "chip:\n  array: { rows: 64, wire: 5 ohm }\n  neuron: { card: T, mixing: gem, share: per-column }\n")
for path in (root / "examples").glob("*.yaml"):
    if "chip" not in path.name:
        put("study", path.stem, path.read_text())
put("study", "small", "study:\n  experiment: lenet5-mott\n  chips: 2\n  axes:\n    chip.array.wire: [1 ohm, 5 ohm]\n")
put("card", "neuron", "\0model: vo2-neuron\ncard: T\nmark: C\nsource: a fit\nparameters:\n  rth: 2.5 MK/W\n  mixing: gem\n")
put("card", "other", "\2model: cbram\nparameters: { g_min: 1 uS }\n")

for name, text in {"wire": "\0chip.array.wire=5 ohm", "word": "\0chip.neuron.share=per-column", "two":
                   "\0chip.array.rows=64\nchip.synapse.read_noise=2 %", "card": "\1rth=2.5 MK/W", "mixing": "\1mixing=gem"}.items():
    put("set", name, text)

put("idx", "labels", struct.pack(">II", 0x801, 3) + b"\1\2\3")
put("idx", "pictures", struct.pack(">IIII", 0x803, 2, 2, 3) + bytes(range(12)))
put("idx", "gzip", gzip.compress(struct.pack(">II", 0x801, 5) + bytes(5), mtime=0))

pictures, labels = struct.pack(">IIII", 0x803, 3, 2, 2) + bytes(range(12)), struct.pack(">II", 0x801, 3) + b"\1\2\3"
for name, a, b in (("plain", pictures, labels), ("gzip", gzip.compress(pictures, mtime=0), gzip.compress(labels, mtime=0))):
    put("dataset", name, struct.pack(">H", len(a)) + a + b)

put("maze", "small", "S.#\n..G\n")
put("maze", "ends", "S..X\n.#..\n...G\n")
put("maze", "issue", "S.#...\n.#...#\n...#..\n##.#.#\n...#..\n.#...G\n")

for name, text in {"q1": "2.5 kohm", "q2": "60 uS", "q3": "50 ns", "q4": "3 %", "q5": "0.5 mV", "q6": "-1e-3 K", "q7": "2 1/K",
                   "wave": "0 s: 0 V, 10 ns: 0 V, 10 ns: 0.4 V"}.items():
    put("text", name, text)
put("array", "zeros", bytes(64))
put("array", "all", bytes(range(256)))


def weights(n_part, number=(1, 0.5, 0, 0)):
    """Of the network of fuzz_weights.c and fuzz_cache.c, hash left open: conv 2@3x3, pool 2, dense 3."""
    layers = ((0, 2, 3, 1, 1, 1), (1, 2, 2, 2, 0, 0), (2, 3, 0, 1, 0, 0))
    out = b"MHONET1\n" + bytes(32) + struct.pack("<4d6I", *number, n_part, len(layers), 1, 4, 4, 0)
    out += b"".join(struct.pack("<6Id", *layer, 1) for layer in layers)
    return out + struct.pack("<47f", *[k / 50 for k in range(47)]) * n_part + bytes(16)


put("weights", "good", weights(1))
put("weights", "nothing", b"mho")
put("cache", "weights", b"\0" + weights(1))
put("cache", "checkpoint", b"\1" + weights(4))

record = struct.pack("<II3d", 1, 2, 0.9, 1, 2) + bytes(4 * 256) + bytes(8)
put("journal", "records", b"\1" + record * 2)
put("journal", "torn", b"\1" + record + record[:50])
line = "0" * 16 + " " + "0123456789abcdef" * 2 + " 7" + " 0x1.8p-1" * 8 + " ok\n"
put("journal", "lines", "\0" + line + line.replace("ok", "why not"))

for name, data, _ in seeds_onnx.cases():
    put("onnx", name, data)

words = set()
for line in (root / "examples" / "chip-default.yaml").read_text().split("\n"):
    words.update(w for w in line.split("#")[0].replace(":", " ").split() if w.isascii())
words.update(["study", "experiment", "lenet5-mott", "axes", "from", "to", "steps", "scale", "log", "sample", "random", "sobol", "halton",
              "metrics", "threshold", "retrain", "yes", "no", "model", "card", "mark", "source", "parameters", "<<", "*a", "&a", "!!int"])


def dictionary(name, words):
    (folder / f"{name}.dict").write_text("".join(f'"{w}"\n' for w in sorted(words) if '"' not in w and "\\" not in w))


sections = {"array", "neuron", "periphery", "conditions", "cost", "synapse"}
dictionary("words", words)
dictionary("set", words | {f"chip.{s}." for s in sections} | {"=", "\\x0a"})
dictionary("csv", ["voltage", "current", "conductance", "pulse", "temperature", "resistance", "target", "measured", "time",
                   "device", "branch", "direction", "heating", "cooling", "up", "down", "uS", "kohm", "degC", "(K)", "nan", ","])
(folder / "onnx.dict").write_text("".join(f'"{w}"\n' for w in sorted(seeds_onnx.words)))
