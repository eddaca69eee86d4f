#!/bin/sh
# The documentation site builds without a warning, and every link, anchor and image inside it leads somewhere.
set -u
command -v mkdocs >/dev/null || { echo "skipped: no mkdocs"; exit 77; }
root=$(cd "$(dirname "$0")/.." && pwd)
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
mkdocs build -q -s -f "$root/site/mkdocs.yml" -d "$site" || { echo "FAILED: mkdocs build -s"; exit 1; }
# every device model has its page with all of its parameters and a figure; the table that stands in a page is the program's
mho=${MHO_BIN:-$root/build/mho}
if [ -x "$mho" ] && [ -x "$root/build/mho" ]; then
    for model in $("$mho" device --list | sed -n 's/^\([a-z][a-z0-9-]*\)  .*/\1/p'); do
        page=$site/model-$model.html
        [ -f "$page" ] && [ -s "$site/model-$model.png" ] || { echo "FAILED: $model has no page or no figure"; exit 1; }
        for word in Equations 'Where it holds' Parameters "Source: "; do
            grep -q "$word" "$page" || { echo "FAILED: the page of $model lacks: $word"; exit 1; }
        done
        [ "$model" = table ] && continue
        for key in $("$mho" device "$model" --card | sed -n 's/^  \([a-z0-9_]*\): .*/\1/p'); do
            grep -q "<code>$key</code>" "$page" || { echo "FAILED: the page of $model lacks parameter $key"; exit 1; }
        done
    done
    python3 "$root/site/models.py" "$mho" optomemristor >"$site/table"
    sed -n '/^| key | value | allowed/,/^$/{/^|/p}' "$root/docs/optomemristor.md" | diff - "$site/table" || { echo "FAILED: docs/optomemristor.md: the table is old"; exit 1; }
fi
PYTHONDONTWRITEBYTECODE=1 python3 - "$site" <<'END'
import pathlib, re, sys
from html.parser import HTMLParser
from urllib.parse import unquote

site = pathlib.Path(sys.argv[1])


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links += [values[key] for key in ("href", "src") if values.get(key)]
        self.names |= {values[key] for key in ("id", "name") if values.get(key)}


paths = [path for path in site.rglob("*.html") if path.name != "play.html"]
pages = {path: Page(path) for path in paths}
bad = count = 0
for path, page in pages.items():
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        count += 1
        file, _, name = link.partition("#")
        target = (path.parent / unquote(file)).resolve() if file else path
        if not target.is_file() or (name and target in pages and unquote(name) not in pages[target].names):
            print(f"{path.name}: {link} leads nowhere")
            bad += 1
    if "`" in re.sub(r"(?s)<pre.*?</pre>|<code.*?</code>", "", path.read_text()).split("<main")[0]:
        print(f"{path.name}: a backtick in the navigation")
        bad += 1
print(f"site: {len(pages)} pages, {count} links, {bad} bad")
sys.exit(bad > 0 or len(pages) < 30)
END
