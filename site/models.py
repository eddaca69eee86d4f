"""models.py - a page for every device model, from what mho says about it: equations, parameters with range, mark and
source, and a curve that it draws."""
import re
import subprocess

# the curve that shows what a device is, and the page that says more
CURVES = {"vo2-neuron": "rt", "vo2-filament": "iv", "cbram": "levels", "pcm": "drift", "rram": "iv", "pulsed": "pulse",
          "optomemristor": "gate", "ideal": "iv"}
MORE = {"vo2-neuron": "neuron.md", "optomemristor": "optomemristor.md", "vo2-filament": "transient.md"}


def ask(mho, *args):
    done = subprocess.run([mho, *args], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def parameter_rows(card):
    """The lines "key: value  # text" of a card as rows of a table."""
    for line in card.split("\n"):
        row = re.match(r"  (\w+): +(.*?) *# *(.*?)(?:; ([^;]*?))?(?: \[([PCAF]): (.*)\])?$", line)
        if row:
            yield [(part or "").replace("|", "/").replace("*", "\\*") for part in row.groups()]


def block(text):
    return "\n".join(("    " + line).rstrip() for line in text.strip("\n").split("\n"))


def pages(mho, folder):
    """{file name: text}; figures go to the folder. Nothing if the program is not there."""
    out = {}
    names = re.findall(r"^([a-z][\w-]*)  ", ask(mho, "device", "--list"), re.M)
    for name in names:
        what = ask(mho, "device", name)
        if not what:
            continue # the model table is its data
        title = what.split("\n")[0].split(": ", 1)[-1]
        text = [f"# {name}", title[:1].upper() + title[1:] + ".", block(what.split("\n", 1)[1])]
        curve, figure = CURVES.get(name), f"model-{name}.png"
        if curve and ask(mho, "device", name, "--curve", curve, "--plot", str(folder / figure)):
            text.append(f"![{name}: {curve}]({figure})")
            text.append(f"Drawn by `mho device {name} --curve {curve} --plot {figure}`.")
        if name in MORE:
            text.append(f"More: [{MORE[name][:-3]}]({MORE[name]}).")
        rows = list(parameter_rows(ask(mho, "device", name, "--card")))
        if rows:
            text.append("## Parameters\n\nOf the default card, as `mho device " + name + " --card` prints it; marks: P published, "
                        "C computed, A assumed, F set in a file.")
            text.append("| key | value | allowed | meaning | mark | source |\n| --- | --- | --- | --- | --- | --- |\n"
                        + "\n".join(f"| `{key}` | {value} | {allowed} | {meaning} | {mark} | {source} |"
                                    for key, value, meaning, allowed, mark, source in rows))
        out[f"model-{name}.md"] = "\n\n".join(text) + "\n"
    return out
