"""models.py - a page for every device model, from what mho says about it: equations, where they hold, parameters with range,
mark and source, what the cards change, and a curve that it draws.

    models.py MHO MODEL        prints the table of parameters of a model, as docs/optomemristor.md has it"""
import re
import subprocess
import sys
import textwrap

# the curve that shows what a device is, and the page that says more
CURVES = {"vo2-neuron": "rt", "vo2-filament": "iv", "cbram": "levels", "pcm": "drift", "rram": "iv", "pulsed": "pulse",
          "optomemristor": "gate", "ideal": "iv", "table": "iv"}
MORE = {"vo2-neuron": "neuron.md", "optomemristor": "optomemristor.md", "vo2-filament": "transient.md", "pulsed": "fit.md", "pcm": "ageing.md",
        "cbram": "chip.md", "table": "device.md"}
# where the equations hold; the ranges of single parameters are in the tables
HOLDS = {
    "vo2-neuron": "One temperature under the wire with a fixed profile across the gap: right for static curves and for drives slower than heat spreads in the film, less so "
                  "where the film heats itself. Minor loops remember one reversal and are not made for counting small cycles. The base must lie below the loop, or the "
                  "film keeps its last state.",
    "vo2-filament": "A metallic core on the axis of a cylinder, in radial steady state at every moment; 0 < u < 1, so neither a cold channel nor one that is metal all over. "
                    "The parameters are of the order of published sets and assumed as such.",
    "cbram": "Cells that are read far below their switching voltage: ohmic, the state moves in write pulses only. Conductances below the quantum of 77.5 uS. "
             "Spreads are assumed; put in your own.",
    "pcm": "The statistics of one kind of cell, from 20 s after writing on; years are extrapolated by the power law. Ohmic at read voltages. Near g = 0 the written "
           "conductance is cut at 0.",
    "rram": "Read-out below the switching voltages; writing is a distribution, no filament moves. On and off are those of a published default, spreads are assumed.",
    "pulsed": "Identical pulses; one step depends on the state alone, not on the time between pulses, so nothing relaxes. The presets' capacitor does not leak here.",
    "optomemristor": "Write kinetics of one published cell without light; that light lowers the threshold is assumed, and so is every conductance. Voltages to 10 V; no heating; "
                     "the state does not relax, carriers do. No measured optomemristor stands behind the whole.",
    "ideal": "A number. What a network loses here it does not lose to devices.",
    "table": "Between the measured points; beyond them it goes on straight. No memory: one current for a voltage.",
}
MEASURED = "voltage_V,current_A\n-1,-1.8e-6\n-0.5,-6e-7\n0,0\n0.25,2.1e-7\n0.5,6e-7\n0.75,1.1e-6\n1,1.8e-6\n"


def ask(mho, *args):
    done = subprocess.run([mho, *args], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def parameter_rows(card):
    """The lines "key: value  # text" of a card as rows of a table."""
    for line in card.split("\n"):
        row = re.match(r"  (\w+): +(.*?) *# *(.*?)(?:; ([^;]*?))?(?: \[([PCAF]): (.*)\])?$", line)
        if row:
            yield [(part or "").replace("|", "/").replace("*", "\\*") for part in row.groups()]


def table(rows):
    return ("| key | value | allowed | meaning | mark | source |\n| --- | --- | --- | --- | --- | --- |\n"
            + "\n".join(f"| `{key}` | {value} | {allowed} | {meaning} | {mark} | {source} |" for key, value, meaning, allowed, mark, source in rows))


def block(text):
    text = textwrap.dedent(text.strip("\n"))
    return "\n".join(("    " + line).rstrip() for line in text.strip("\n").split("\n"))


def parts(what):
    """Equations, source, ports, cards [(name, text)], curves of what "mho device MODEL" prints."""
    body = what.split("\n", 1)[1]
    equations, rest = body.split("\nSource: ", 1)
    source, rest = rest.split("\n", 1)
    ports, rest = re.split(r"\nCards:", rest, maxsplit=1)
    cards, rest = rest.split("\nCurves:\n", 1)
    return equations, source, ports, re.findall(r"^  (\S+) +(.*)$", cards.split("\n", 1)[1], re.M), re.findall(r"^  (\S+) +(.*)$", rest, re.M)


def cards_table(mho, name, cards):
    """The parameters in which built-in cards differ, a column for each card."""
    all_rows = {card: {row[0]: row[1] for row in parameter_rows(ask(mho, "device", name, "--card", card))} for card, _ in cards}
    keys = list(dict.fromkeys(key for rows in all_rows.values() for key in rows))
    differ = [key for key in keys if len({rows.get(key) for rows in all_rows.values()}) > 1]
    head = "| key | " + " | ".join(f"`{card}`" for card, _ in cards) + " |\n" + "| --- " * (len(cards) + 1) + "|\n"
    return head + "\n".join(f"| `{key}` | " + " | ".join(rows.get(key) or "" for rows in all_rows.values()) + " |" for key in differ)


def page(mho, folder, name, more):
    """more: arguments that the model wants."""
    what = ask(mho, "device", name, *more)
    if not what:
        return None
    title = what.split("\n")[0].split(": ", 1)[-1]
    equations, source, ports, cards, curves = parts(what)
    text = [f"# {name}", title[:1].upper() + title[1:] + ".", "## Equations", block(equations), f"Source: {source}."]
    curve, figure = CURVES.get(name), f"model-{name}.png"
    if curve and ask(mho, "device", name, *more, "--curve", curve, "--plot", str(folder / figure)):
        text.append(f"![{name}: {curve}]({figure})")
        text.append(f"Drawn by `mho device {name}{' --data iv.csv' if more else ''} --curve {curve} --plot {figure}`.")
    text += ["## Where it holds", HOLDS.get(name, "")]
    if name in MORE:
        text[-1] += f" More: [{MORE[name][:-3]}]({MORE[name]})."
    text += ["## Ports, state, outputs", block(ports)]
    rows = list(parameter_rows(ask(mho, "device", name, *more, "--card")))
    if rows:
        text.append("## Parameters\n\nOf the default card, as `mho device " + name + " --card` prints it; marks: P published, "
                    "C computed, A assumed, F set in a file. What is not allowed is refused with the range.")
        text.append(table(rows))
    if len(cards) > 1:
        text.append("## Cards\n\n" + "\n".join(f"* `{card}`: {says}" for card, says in cards))
        text.append("What differs between them (`mho device " + name + " --card NAME` alone prints one with its sources):")
        text.append(cards_table(mho, name, cards))
    text.append("## Curves\n\nBy `mho device " + name + " --curve NAME`:\n\n" + "\n".join(f"* `{key}`: {says}" for key, says in curves))
    return "\n\n".join(text) + "\n"


def pages(mho, folder):
    """{file name: text}; figures go to the folder. Nothing if the program is not there."""
    (folder / "iv.csv").write_text(MEASURED)
    out = {}
    for name in re.findall(r"^([a-z][\w-]*)  ", ask(mho, "device", "--list"), re.M):
        text = page(mho, folder, name, ["--data", str(folder / "iv.csv")] if name == "table" else [])
        if text:
            out[f"model-{name}.md"] = text
    return out


if __name__ == "__main__":
    print(table(parameter_rows(ask(sys.argv[1], "device", sys.argv[2], "--card"))))
