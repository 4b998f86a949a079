"""Writes docs/verifier/verify.py: ``PYTHONPATH=tests python -m kit.verifier_file``.

The file is ``python -m tallystick.verify`` with everything that it uses of ours, module after
module, for a Python that has nothing installed. Only definitions that something uses are taken,
as they are written; where two modules have one private name, it gets the module's name before
it. What newer Pythons alone can read is put in words of Python 3.9 by :mod:`kit.old_python`.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from kit.checkout import ROOT, SOURCE
from kit.old_python import REPLACED_IMPORTS, Edit, edited, lowered

TARGET: Final = ROOT / "docs" / "verifier" / "verify.py"
START: Final = "verify.__main__"
OWN: Final = {
    "cryptography.exceptions": "verify.ed25519",
    "cryptography.hazmat.primitives.asymmetric.ed25519": "verify.ed25519",
    "cryptography.hazmat.primitives.asymmetric.mldsa": "verify.mldsa44",
}
"""What stands in for a library that a bare Python has not."""

HEADER: Final = '''\
#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B905, E501, FURB161, N816, N818, PLR2004, RET503, RET505, RUF007, SIM114, TID251
# ruff: noqa: UP017, UP037, UP042
# fmt: off
"""Verifies receipts of Tallystick, offline, with nothing but Python 3.9 or later.

    python3 -I -S verify.py RECEIPT… --pins PINS [--json]

A receipt shows one entry of an audit log, and proves that the log holds it. The pins say whom you
believe: you must have got them by another way than the receipt. Exit codes: 0 every receipt is
intact; 1 one was tampered with; 2 wrong usage; 3 a file can't be read; 4 one can't be decided on.

Made by tests/kit/verifier_file.py from src/tallystick/{tlog,events,verify}: change those.
The format is docs/specs/receipt-v1.md. Every line below is there to be read.
"""

from __future__ import annotations
'''

Place = tuple[str, str]
"""A module, from our package on, and a name that it defines."""


@dataclass
class Definition:
    """A statement of a module that gives names, with the comments and docstring around it."""

    module: str
    names: tuple[str, ...]
    node: ast.stmt
    first: int
    last: int


@dataclass
class Source:
    """A module, read.

    Attributes:
        text: Its source.
        about: Its docstring.
        definitions: In their order.
        ours: Name → the place in our package where it is defined.
        modules: Name → the module of ours that it stands for.
        foreign: Name → the import statement that gives it.
    """

    name: str
    text: str
    about: str = ""
    definitions: list[Definition] = field(default_factory=list)
    ours: dict[str, Place] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)

    def place_of(self, node: ast.AST) -> Place | None:
        """Tell what a name, or an attribute of a module's name, stands for."""
        match node:
            case ast.Name(id=name):
                return self.ours.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in self.modules:
                return self.modules[name], attr
        return None

    def lines(self, definition: Definition) -> list[str]:
        """The lines of a definition."""
        return self.text.split("\n")[definition.first : definition.last]


@cache
def source(name: str) -> Source:
    """Read a module of ours."""
    text = SOURCE.joinpath(*name.split(".")).with_suffix(".py").read_text("utf-8")
    tree = ast.parse(text)
    found = Source(name, text, ast.get_docstring(tree) or "")
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    _take_import(found, module, alias)
            case ast.Import():
                for alias in node.names:
                    found.foreign[alias.asname or alias.name] = f"import {alias.name}"
            case ast.Expr(value=ast.Constant(value=str())) if found.definitions:
                found.definitions[-1].last = node.end_lineno or 0
            case _:
                _take_definition(found, node)
    return found


def _take_import(found: Source, module: str, alias: ast.alias) -> None:
    name = alias.asname or alias.name
    module = OWN.get(module, module.removeprefix("tallystick.") if "tallystick" in module else "")
    if not module:
        found.foreign[name] = ""
    elif SOURCE.joinpath(*module.split("."), f"{alias.name}.py").is_file():
        found.modules[name] = f"{module}.{alias.name}"
    else:
        found.ours[name] = (module, alias.name)


def _take_definition(found: Source, node: ast.stmt) -> None:
    names = tuple(_names(node))
    if names in {(), ("__all__",)}:
        return
    lines = found.text.split("\n")
    first = min([node.lineno, *(it.lineno for it in getattr(node, "decorator_list", []))]) - 1
    while lines[first - 1].startswith("#"):
        first -= 1
    found.definitions.append(
        Definition(found.name, names, node, first, node.end_lineno or node.lineno)
    )
    found.ours.update({name: (found.name, name) for name in names})


def _names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            for part in (it for target in targets for it in ast.walk(target)):
                if isinstance(part, ast.Name):
                    yield part.id
        case ast.If():
            yield "__name__"


def needed() -> list[Definition]:
    """Find every definition that the command reaches, modules in the order of their imports."""
    wanted: dict[int, Definition] = {}
    order: list[str] = []
    open_places: list[Place] = [(START, "__name__")]
    while open_places:
        module, name = open_places.pop()
        for definition in source(module).definitions:
            if name in definition.names and id(definition) not in wanted:
                wanted[id(definition)] = definition
                open_places += uses(definition)
    _visit(START, {definition.module for definition in wanted.values()}, order)
    return sorted(wanted.values(), key=lambda found: (order.index(found.module), found.first))


def uses(definition: Definition) -> list[Place]:
    """The places of ours that a definition names."""
    found = source(definition.module)
    return [
        (resolved[0], resolved[1])
        for node in ast.walk(definition.node)
        if (place := found.place_of(node)) and (resolved := resolve(place))
    ]


def resolve(place: Place) -> Place:
    """Follow a name that a module merely hands on to the module that defines it."""
    module, name = place
    found = source(module)
    if any(name in definition.names for definition in found.definitions):
        return place
    return resolve(found.ours[name])


def _visit(module: str, taken: set[str], order: list[str]) -> None:
    found = source(module)
    places = {resolve(place)[0] for place in found.ours.values()} | {*found.modules.values()}
    for below in sorted(places - {module}):
        if below in taken and below not in order:
            _visit(below, taken, order)
    if module not in order:
        order.append(module)


def renamed(definitions: Sequence[Definition]) -> dict[Place, str]:
    """Give each name that two modules have the name of its module before it."""
    places = [(it.module, name) for it in definitions for name in it.names]
    spoken = {
        (module, node.attr)
        for it in definitions
        for node in ast.walk(it.node)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        for module in [source(it.module).modules.get(node.value.id)]
        if module
    }
    count = Counter(name for _, name in places)
    return {
        (module, name): f"{'_' * name.startswith('_')}{_last(module)}_{name.lstrip('_')}"
        for module, name in places
        if count[name] > 1 or (module, name) in spoken
    }


def _last(module: str) -> str:
    return module.rpartition(".")[2].strip("_")


def written(definition: Definition, names: dict[Place, str]) -> str:
    """Write a definition with its names as they are in the file."""
    found = source(definition.module)
    text = "\n".join(found.lines(definition))
    edits: list[Edit] = []
    strings: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(text)):
        place = found.place_of(node)
        name = names.get(resolve(place)) if place else None
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in definition.names:
            _require_unchanged_within(node, names, found)
        if name and isinstance(node, ast.Name | ast.Attribute):
            edits.append((node, name))
            strings.append((ast.unparse(node), name))
    text = edited(text, [edit for edit in edits if not _in_text(text, edit[0])])
    for (module, old), name in names.items():
        if module == definition.module and old in definition.names:
            text = re.sub(rf"(?m)^(def|class) {old}\b", rf"\1 {name}", text)
    for old, name in strings:
        text = re.sub(rf"(?<=\{{){re.escape(old)}\b", name, text)
    return lowered(re.sub(r"  # (noqa|type: ignore|fmt).*", "", text))


def _in_text(text: str, node: ast.AST) -> bool:
    """Tell whether a node stands in an f-string, where Python 3.11 gives no true position."""
    return any(
        node in ast.walk(outer)
        for outer in ast.walk(ast.parse(text))
        if isinstance(outer, ast.JoinedStr)
    ) or not _stands_there(text, node)


def _stands_there(text: str, node: ast.AST) -> bool:
    return ast.get_source_segment(text, node) == ast.unparse(node)


def _require_unchanged_within(node: ast.AST, names: dict[Place, str], found: Source) -> None:
    """Refuse an argument that has the name of something that is renamed."""
    for part in ast.walk(node):
        if isinstance(part, ast.arg) and names.get(found.ours.get(part.arg, ("", ""))):
            raise ValueError(f"{found.name}: argument {part.arg}, want another name")


def imports(definitions: Sequence[Definition]) -> list[str]:
    """The statements that import what the definitions use of the standard library."""
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for definition in definitions:
        used = {node.id for node in ast.walk(definition.node) if isinstance(node, ast.Name)}
        for node in ast.parse(source(definition.module).text).body:
            if isinstance(node, ast.Import):
                whole |= {f"import {it.name}" for it in node.names if it.name in used}
            if isinstance(node, ast.ImportFrom) and _is_foreign(node.module or ""):
                names = {_clause(it) for it in node.names if (it.asname or it.name) in used}
                parts.setdefault(node.module or "", set()).update(names)
    for module, name in REPLACED_IMPORTS:
        if name in parts.get(module, set()):
            parts[module].remove(name)
            other, instead = REPLACED_IMPORTS[module, name][0]
            parts.setdefault(other, set()).update({instead} - {""})
    clauses = [
        f"from {module} import {', '.join(sorted(parts[module]))}" for module in sorted(parts)
    ]
    return [*sorted(whole), *(line for line in clauses if not line.endswith("import "))]


def _clause(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _is_foreign(module: str) -> bool:
    return not module.startswith("tallystick") and module not in OWN


def verifier_file() -> str:
    """Write the file."""
    definitions = needed()
    names = renamed(definitions)
    parts = [HEADER, "\n".join(imports(definitions)), ""]
    parts += [text for (_, text) in REPLACED_IMPORTS.values() if text]
    module = ""
    for definition in definitions:
        if definition.module != module:
            module = definition.module
            parts.append(_banner(module))
        text = written(definition, names)
        space = "\n\n" if isinstance(definition.node, ast.FunctionDef | ast.ClassDef) else ""
        parts.append(f"{space}{text}{space}")
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(parts)).rstrip() + "\n"


def _banner(module: str) -> str:
    path = f"tallystick/{module.replace('.', '/')}.py"
    about = [f"# {line}".rstrip() for line in source(module).about.split("\n")]
    return "\n".join([f"\n\n# ---- {path} {'-' * (90 - len(path))}", "#", *about, ""])


def main() -> None:
    """Write the file to its place."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(verifier_file(), "utf-8")
    TARGET.chmod(0o755)


if __name__ == "__main__":
    main()
