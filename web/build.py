"""build.py MODULE VALUES OUT - puts the compiled module, the working point that the library
designed (START of the JSON that web/values.c prints), the style and the script into one page that needs
nothing else."""
import base64
import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
page = (here / "play.html").read_text()
for mark, name in (("/*STYLE*/", "play.css"), ("/*SCRIPT*/", "play.js")):
    page = page.replace(mark, (here / name).read_text())
module = base64.b64encode(pathlib.Path(sys.argv[1]).read_bytes()).decode()
start = json.dumps(json.loads(pathlib.Path(sys.argv[2]).read_text())["start"])
out = pathlib.Path(sys.argv[3])
part = out.with_suffix(".part")
part.write_text(page.replace("/*WASM*/", module).replace("/*START*/", start))
part.replace(out)
