"""hook.py - pages that are made, not written: the first page from README.md, the C reference from the public
headers, the commands from their help texts. Called by mkdocs."""
import os
import pathlib
import re
import subprocess

from mkdocs.structure.files import File

root = pathlib.Path(__file__).resolve().parent.parent
made = root / "build" / "site-pages"


def home():
    """README.md; its links into docs/ become links between pages."""
    text = (root / "README.md").read_text()
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    text = re.sub(r"\]\((CONVENTIONS|CHANGELOG)\.md\)", lambda m: f"]({m[1].lower()}.md)", text)
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
        out.append(as_markdown(re.sub(rf"^mho/{name} - ", "", comment_text(first[0]))))
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


def on_files(files, config):
    made.mkdir(parents=True, exist_ok=True)
    pages = {"index.md": home(), "conventions.md": (root / "CONVENTIONS.md").read_text(),
             "changelog.md": (root / "CHANGELOG.md").read_text(), "commands.md": command_page()}
    headers = sorted((root / "include" / "mho").glob("*.h"))
    for header in headers:
        if header.stem != "mho":
            pages[f"c-{header.stem}.md"] = header_page(header)
    for name, text in pages.items():
        if text is not None:
            (made / name).write_text(text)
            files.append(File(name, made, config["site_dir"], config["use_directory_urls"]))
    reference = ["commands.md"] if pages["commands.md"] else []
    reference += [f"c-{h.stem}.md" for h in headers if h.stem != "mho"]
    config["nav"] = [*config["nav"], {"Reference": reference}, {"Project": ["conventions.md", "changelog.md"]}]
    return files


def on_page_content(html, **_):
    """Wide tables scroll by themselves."""
    return html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
