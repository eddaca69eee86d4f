"""seeds.py FOLDER [MHO] - the first inputs of each fuzz target, made here: small good files of every kind, and
dictionaries of the words that a reader knows (from the program's own chip file)."""
import gzip
import io
import pathlib
import struct
import sys
import zipfile
import zlib

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
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    z = io.BytesIO()
    with zipfile.ZipFile(z, "w", method) as archive:
        archive.writestr("y.npy", arrays["f4"])
        archive.writestr("x.npy", arrays["f8"])
    put("npz", f"method{method}", z.getvalue())


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

put("chip", "default", (root / "examples" / "chip-default.yaml").read_text())
put("chip", "short", "chip:\n  array: { rows: 64, wire: 5 ohm }\n  neuron: { card: T, mixing: gem, share: per-column }\n")
for path in (root / "examples").glob("*.yaml"):
    if "chip" not in path.name:
        put("study", path.stem, path.read_text())
put("study", "small", "study:\n  experiment: lenet5-mott\n  chips: 2\n  axes:\n    chip.array.wire: [1 ohm, 5 ohm]\n")
put("card", "neuron", "\0model: vo2-neuron\ncard: T\nmark: C\nsource: a fit\nparameters:\n  rth: 2.5 MK/W\n  mixing: gem\n")
put("card", "other", "\2model: cbram\nparameters: { g_min: 1 uS }\n")

put("idx", "labels", struct.pack(">II", 0x801, 3) + b"\1\2\3")
put("idx", "pictures", struct.pack(">IIII", 0x803, 2, 2, 3) + bytes(range(12)))
put("idx", "gzip", gzip.compress(struct.pack(">II", 0x801, 5) + bytes(5), mtime=0))

put("maze", "small", "S.#\n..G\n")
put("maze", "ends", "S..X\n.#..\n...G\n")
put("maze", "issue", "S.#...\n.#...#\n...#..\n##.#.#\n...#..\n.#...G\n")

for name, text in {"q1": "2.5 kohm", "q2": "60 uS", "q3": "50 ns", "q4": "3 %", "q5": "0.5 mV", "q6": "-1e-3 K", "q7": "2 1/K",
                   "wave": "0 s: 0 V, 10 ns: 0 V, 10 ns: 0.4 V"}.items():
    put("text", name, text)
put("array", "zeros", bytes(64))
put("array", "all", bytes(range(256)))
put("weights", "nothing", b"mho")
put("onnx", "nothing", b"\x08\x07")

words = set()
for line in (root / "examples" / "chip-default.yaml").read_text().split("\n"):
    words.update(w for w in line.split("#")[0].replace(":", " ").split() if w.isascii())
words.update(["study", "experiment", "lenet5-mott", "axes", "from", "to", "steps", "scale", "log", "sample", "random", "sobol", "halton",
              "metrics", "threshold", "retrain", "yes", "no", "model", "card", "mark", "source", "parameters", "<<", "*a", "&a", "!!int"])
(folder / "words.dict").write_text("".join(f'"{w}"\n' for w in sorted(words) if '"' not in w and "\\" not in w))
