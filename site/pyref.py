"""pyref.py - the reference of the Python package from its sources, which are read and not run."""
import ast
import inspect
import re


def exported(source):
    """Public names in the order of __init__.py's imports: [(file, name)]."""
    for node in ast.parse((source / "__init__.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def signature(node, own=None):
    """def name(a, b=1) as one line or, if that is long, a line an argument."""
    arguments = node.args
    if own and (arguments.posonlyargs + arguments.args) and (arguments.posonlyargs + arguments.args)[0].arg in ("self", "cls"):
        (arguments.posonlyargs or arguments.args).pop(0)
    back = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    name = own if own and node.name == "__init__" else (f".{node.name}" if own else node.name)
    text = f"{name}({ast.unparse(arguments)}){back}"
    if len(text) > 90:
        parts = re.split(r", (?![^\[(]*[\])])", ast.unparse(arguments))
        text = f"{name}(\n    " + ",\n    ".join(parts) + f"\n){back}"
    return text


def block(text):
    return "\n".join(("    " + line).rstrip() for line in text.split("\n"))


def members(node):
    """Fields of a dataclass, then methods and properties that have a docstring."""
    fields = [ast.unparse(item) for item in node.body if isinstance(item, ast.AnnAssign) and not ast.unparse(item.target).startswith("_")]
    out = [block("\n".join(fields))] if fields else []
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and ast.get_docstring(item):
            is_property = any(ast.unparse(d) == "property" for d in item.decorator_list)
            text = f".{item.name}" + (f": {ast.unparse(item.returns)}" if item.returns else "") if is_property else signature(item, node.name)
            out.append(block(text + "\n\n" + ast.get_docstring(item)))
    return out


def page(source):
    trees = {}
    out = ["# Python reference", "`import mho`; everything is SI. Examples are on the page [Python](python.md)."]
    for module, name in exported(source):
        if module not in trees:
            trees[module] = {node.name: node for node in ast.parse((source / f"{module}.py").read_text()).body
                             if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        node = trees[module].get(name)
        if node is None:
            continue
        out.append(f"## {name}")
        text = inspect.cleandoc(ast.get_docstring(node) or "")
        if isinstance(node, ast.FunctionDef):
            out.append(block(signature(node) + ("\n\n" + text if text else "")))
            continue
        start = next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
        head = signature(start, name) if start else f"class {name}" + (f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else "")
        out.append(block(head + ("\n\n" + text if text else "")))
        out += members(node)
    return "\n\n".join(out) + "\n"
