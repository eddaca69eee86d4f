#!/usr/bin/env python3
"""What the functions of the public headers return, and what the headers say that they may return.

coverage_returns.py OUT.c OUT.options LOG   (a build with MHO_COVERAGE calls this)
Writes a wrapper for each function that returns mho_status: it notes a code that the function returns
for the first time as a line "function code" in LOG. OUT.options has the linker's --wrap options."""
import pathlib
import re
import sys

HEADERS = pathlib.Path(__file__).resolve().parent.parent / "include" / "mho"
CODE = re.compile(r"(?:MHO_ERR|MHO_WARN|\b)_(ARG|DIM|NOMEM|IO|FORMAT|SINGULAR|CANCELLED|DEPENDENCY|INTERNAL|NOT_CONVERGED)\b")
VALUE = {"NOT_CONVERGED": 1, "ARG": -1, "DIM": -2, "NOMEM": -3, "IO": -4, "FORMAT": -5, "SINGULAR": -6,
         "CANCELLED": -7, "DEPENDENCY": -8, "INTERNAL": -9}
DECLARATION = re.compile(r"MHO_API\s+([\w\s]*?[\s*]+)(mho_\w+)\(([^;]*)\)\s*(?:MHO_CHECK)?;", re.S)


def functions(text):
    """(place, name, parameters) of the functions that return mho_status."""
    for m in DECLARATION.finditer(text):
        if m.group(1).strip() == "mho_status":
            yield m.start(), m.group(2), " ".join(m.group(3).split())


def documented():
    """(header, names, code): one of the functions that stand under a comment may return the code."""
    for path in sorted(HEADERS.glob("*.h")):
        text = path.read_text()
        places = list(functions(text))
        comments = [m for m in re.finditer(r"/\*.*?\*/", text, re.S) if text[text.rfind("\n", 0, m.start()) + 1:m.start()].strip() == ""]
        for k, m in enumerate(comments):
            end = comments[k + 1].start() if k + 1 < len(comments) else len(text)
            gap = re.search(r"\n\s*\n|typedef|#define", text[m.end():end])
            end = m.end() + gap.start() if gap else end
            names = [name for at, name, _ in places if m.end() <= at < end]
            for code in dict.fromkeys(CODE.findall(m.group())):
                if names:
                    yield path.name, names, code


def wrapper(number, name, parameters):
    names = re.findall(r"(\w+)(?:\[[^\]]*\])*\s*(?:,|$)", parameters)
    return (f"mho_status __real_{name}({parameters});\nmho_status __wrap_{name}({parameters});\n"
            f"mho_status __wrap_{name}({parameters}) {{\n"
            f"    return note({number}, \"{name}\", __real_{name}({', '.join(names)}));\n}}\n")


def main():
    out, options, log = map(pathlib.Path, sys.argv[1:4])
    all_functions = [(path.name, name, parameters) for path in sorted(HEADERS.glob("*.h"))
                     for _, name, parameters in functions(path.read_text())]
    body = "".join(f'#include "mho/{h}"\n' for h in dict.fromkeys(f[0] for f in all_functions))
    body += ('#include <fcntl.h>\n#include <stdio.h>\n#include <unistd.h>\n'
             f"static unsigned seen[{len(all_functions)}];\n"
             "static mho_status note(int k, const char *name, mho_status status) {\n"
             "    unsigned bit = 1u << (unsigned)(status + 15);\n"
             "    if (!(__atomic_fetch_or(&seen[k], bit, __ATOMIC_RELAXED) & bit)) {\n"
             "        char line[160];\n"
             '        int n = snprintf(line, sizeof line, "%s %d\\n", name, (int)status);\n'
             f'        int fd = open("{log}", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);\n'
             "        if (fd >= 0) {\n            n = (int)write(fd, line, (size_t)n);\n"
             "            close(fd);\n        }\n    }\n    return status;\n}\n")
    for k, (_, name, parameters) in enumerate(all_functions):
        body += wrapper(k, name, parameters)
    if not out.exists() or out.read_text() != body:
        out.write_text(body)
    options.write_text("".join(f"-Wl,--wrap={f[1]}\n" for f in all_functions))


if __name__ == "__main__":
    main()
