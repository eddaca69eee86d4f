"""hook.py - pages that are made, not written: the first page from README.md, the C reference from the public
headers, the Python reference from its docstrings, device models and commands from what mho prints. Called by mkdocs."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

from mkdocs.structure.files import File

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import models  # noqa: E402
import pyref  # noqa: E402

root = pathlib.Path(__file__).resolve().parent.parent
made = root / "build" / "site-pages"


def from_root(name):
    """A page of the root folder, with its links as they are in the site."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", (root / name).read_text())
    return re.sub(r"\]\((CONVENTIONS|CHANGELOG)\.md\)", lambda m: f"]({m[1].lower()}.md)", text)


def home():
    """README.md; its links into docs/ become links between pages; a word on the page to play on, if there is one."""
    text = from_root("README.md")
    if (root / "build" / "play.html").exists():
        text = text.replace("## Two commands", '<p><a href="play.html">A page to play on</a>: neuron, crossbar and maze, live</p>\n\n## Two commands', 1)
    return text


def comment_text(comment):
    """The text of a C comment without its stars; indented parts stay as they are."""
    lines = comment.strip()[2:-2].split("\n")
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in lines]
    return "\n".join(lines).strip("\n ")


def as_markdown(text):
    """Prose stays prose, anything that is laid out by hand becomes a block of code."""
    out, block = [], []
    for part in re.split(r"\n\s*\n", text):
        laid_out = any(re.match(r"\s{2,}\S", line) or re.search(r"\S {3,}\S", line) for line in part.split("\n"))
        if laid_out:
            block.append("\n".join("    " + line for line in part.split("\n")))
            continue
        out += ["\n\n".join(block)] if block else []
        block = []
        out.append(re.sub(r"([*_<>|])", r"\\\1", part))
    out += ["\n\n".join(block)] if block else []
    return "\n\n".join(out)


def header_page(path):
    """One public header: its opening comment as text, then comment and declarations in turns."""
    text = path.read_text()
    name = path.name
    out = [f"# mho/{name}"]
    first = re.match(r"/\*.*?\*/", text, re.S)
    if first:
        opening = re.sub(rf"^mho/{name} - ", "", comment_text(first[0]))
        out.append(as_markdown(opening[:1].upper() + opening[1:]))
        text = text[first.end():]
    text = re.sub(r"#ifdef __cplusplus.*?#endif\n", "", text, flags=re.S)
    text = re.sub(r"^#(ifndef|define) MHO_\w+_H\n|^#endif\s*\Z", "", text, flags=re.M)
    rule = re.compile(r"^/\* -{3,} *(.*?) *-*(?: \*/)?$", re.M)
    pieces = re.split(r"(?m)^(?=/\* ---)", text)
    for piece in pieces:
        title = rule.match(piece)
        if title:
            heading = re.sub(r"[ -]+$", "", title[1].split("*/")[0])
            if heading:
                out.append("## " + heading[0].upper() + heading[1:])
        if piece.strip():
            out.append("\n".join("    " + line for line in piece.strip("\n").split("\n")))
    return "\n\n".join(out) + "\n"


def command_page():
    """Help texts of the program as it is built; without a program, nothing."""
    mho = root / "build" / "mho"
    if not mho.exists():
        return None
    env = dict(os.environ, COLUMNS="100")

    def ask(*args):
        return subprocess.run([mho, *args], capture_output=True, text=True, check=True, env=env).stdout
    listing = ask("--help")
    out = ["# Commands", "\n".join("    " + line for line in listing.rstrip().split("\n"))]
    for command in re.findall(r"^  ([a-z]+) ", listing, re.M):
        out += [f"## mho {command}", "\n".join("    " + line for line in ask(command, "--help").rstrip().split("\n"))]
    return "\n\n".join(out) + "\n"


def add(files, config, name):
    files.append(File(name, made, config["site_dir"], config["use_directory_urls"]))


def on_files(files, config):
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    pages = {"index.md": home(), "conventions.md": from_root("CONVENTIONS.md"), "changelog.md": from_root("CHANGELOG.md"), "commands.md": command_page(),
             "python-reference.md": pyref.page(root / "python" / "src" / "mho")}
    headers = [f"c-{h.stem}.md" for h in sorted((root / "include" / "mho").glob("*.h")) if h.stem != "mho"]
    for name in headers:
        pages[name] = header_page(root / "include" / "mho" / f"{name[2:-3]}.h")
    mho = root / "build" / "mho"
    device_pages = models.pages(mho, made) if mho.exists() else {}
    pages.update(device_pages)
    for name, text in pages.items():
        if text is not None:
            (made / name).write_text(text)
            add(files, config, name)
    for figure in sorted(made.glob("*.png")):
        add(files, config, figure.name)
    config["nav"] = navigation(config["nav"], pages, headers, list(device_pages))
    return files


def navigation(nav, pages, headers, device_pages):
    """What is made takes the places that mkdocs.yml leaves for it: @devices, @commands, @headers."""
    places = {"@devices": device_pages, "@commands": ["commands.md"] if pages["commands.md"] else [], "@headers": headers}
    return [{title: [page for item in items for page in places.get(item, [item])]}
            for section in nav for title, items in section.items()]


def on_page_markdown(markdown, **_):
    """Links to files of the repository that are no pages become plain text; comments for the tests go."""
    markdown = re.sub(r"(?m)^<!-- (run|file): .*-->\n\n?", "", markdown)
    return re.sub(r"\[([^\]]+)\]\(\.\./(?:examples|include|src|tests)/[^)]*\)", r"`\1`", markdown)


def on_post_build(config):
    """The page to play on, if it was built (make play)."""
    page = root / "build" / "play.html"
    if page.exists():
        shutil.copy(page, config["site_dir"])


def on_page_content(html, **_):
    """Wide tables scroll by themselves; a figure leads to itself, so that a phone can show it large."""
    html = re.sub(r'(<img [^>]*src="([^"]+)"[^>]*>)', r'<a href="\2">\1</a>', html)
    return html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
