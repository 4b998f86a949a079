"""Puts what Python 3.10 and 3.11 brought into words of Python 3.9, leaving all else as it is."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

WIDTH: Final = 100

Edit = tuple[ast.AST, str]
"""A node of a text, and what is to stand there instead."""

_STR_ENUM: Final = '''

class StrEnum(str, Enum):
    """Members that are texts; Python has it since 3.11."""

    __str__ = str.__str__
'''
REPLACED_IMPORTS: Final = {
    ("typing", "Self"): (("typing", ""), ""),
    ("datetime", "UTC"): (("datetime", "timezone"), "UTC = timezone.utc"),
    ("enum", "StrEnum"): (
        ("enum", "Enum"),
        _STR_ENUM,
    ),
}
"""(module, name) → what to import instead, and the text that makes the name of it."""


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Replace nodes that lie apart from each other."""
    data = text.encode()
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    spans = []
    for node, new in edits:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        spans.append((start, starts[node.end_lineno - 1] + node.end_col_offset, new.encode()))
    for start, end, new in sorted(spans, reverse=True):
        data = data[:start] + new + data[end:]
    return data.decode()


def lowered(text: str) -> str:
    """Rewrite top-level statements for Python 3.9.

    Raises:
        NotImplementedError: They use something for which there is no rule.
    """
    while edit := next(_edits(text), None):
        text = edited(text, [edit])
    while found := [it for it in ast.walk(ast.parse(text)) if isinstance(it, ast.Match)]:
        text = _without_match(text, max(found, key=lambda node: node.lineno))
    ast.parse(text, feature_version=(3, 9))
    return text


def _edits(text: str) -> Iterator[Edit]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            for call in node.decorator_list:
                if "slots=True" in ast.unparse(call):
                    yield call, re.sub(r"\(\)$", "", _without(call, "slots"))
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and part.id == "Self":
                    yield part, node.name
        if isinstance(node, ast.Call) and (new := _call(node)):
            yield node, new


def _call(node: ast.Call) -> str:
    bare = len(node.args) == 1 and not node.keywords
    match node.func:
        case ast.Name(id="isinstance") if isinstance(node.args[1], ast.BinOp):
            kinds = ast.unparse(node.args[1]).split(" | ")
            return f"isinstance({ast.unparse(node.args[0])}, ({', '.join(kinds)}))"
        case ast.Name(id="zip") if node.keywords:
            if "strict=True" in ast.unparse(node):
                raise NotImplementedError("zip(…, strict=True): a check that Python 3.9 has not")
            return _without(node, "strict")
        case ast.Attribute(attr="bit_count", value=value):
            return f'bin({ast.unparse(value)}).count("1")'
        case ast.Attribute(attr="to_bytes" | "from_bytes") if bare:
            return f'{ast.unparse(node.func)}({ast.unparse(node.args[0])}, "big")'
    return ""


def _without(call: ast.expr, keyword: str) -> str:
    assert isinstance(call, ast.Call)
    call.keywords = [it for it in call.keywords if it.arg != keyword]
    return ast.unparse(call)


def _without_match(text: str, node: ast.Match) -> str:
    """Write a match statement as a chain of ifs; names are bound where they are tested."""
    lines = text.split("\n")
    pad = " " * node.col_offset
    out = [f"{pad}matched = {_spelled(node.subject)}"]
    for at, case in enumerate(node.cases):
        tests = [*_tests("matched", case.pattern)]
        names = [*_bound("matched", case.pattern)]
        tests += [f"[{', '.join(f'{name} := {place}' for name, place in names)}]"] if names else []
        if case.guard is not None:
            guard = _spelled(case.guard)
            tests.append(f"({guard})" if " or " in guard else guard)
        out += _condition(pad, "elif" if at else "if", tests)
        # The body moves out by one level, with the comments before it.
        first = case.body[0].lineno - 1
        while lines[first - 1].lstrip().startswith("#"):
            first -= 1
        out += [line.removeprefix("    ") for line in lines[first : case.body[-1].end_lineno]]
    return "\n".join([*lines[: node.lineno - 1], *out, *lines[node.end_lineno :]])


def _condition(pad: str, word: str, tests: Sequence[str]) -> list[str]:
    line = f"{pad}{word} {' and '.join(tests)}:" if tests else f"{pad}else:"
    if len(line) <= WIDTH:
        return [line]
    return [
        f"{pad}{word} (",
        f"{pad}    {tests[0]}",
        *(f"{pad}    and {it}" for it in tests[1:]),
        f"{pad}):",
    ]


def _spelled(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def _tests(subject: str, pattern: ast.pattern) -> Iterator[str]:
    """What must hold of a subject for it to match, but for the guard."""
    match pattern:
        case ast.MatchAs(pattern=None):
            pass
        case ast.MatchAs(pattern=ast.pattern() as inner):
            yield from _tests(subject, inner)
        case ast.MatchValue(value=value):
            yield f"{subject} == {_spelled(value)}"
        case ast.MatchClass(cls=kind, patterns=[], kwd_patterns=[]):
            yield f"isinstance({subject}, {ast.unparse(kind)})"
        case ast.MatchSequence(patterns=parts):
            starred = any(isinstance(part, ast.MatchStar) for part in parts)
            yield f"isinstance({subject}, list)"
            yield f"len({subject}) {'>=' if starred else '=='} {len(parts) - starred}"
            for place, part in _parts(subject, parts):
                yield from () if isinstance(part, ast.MatchStar) else _tests(place, part)
        case _:
            raise NotImplementedError(f"match: {ast.unparse(pattern)}")


def _bound(subject: str, pattern: ast.pattern) -> Iterator[tuple[str, str]]:
    """The names that a pattern binds, each with what it is bound to."""
    match pattern:
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, subject
        case ast.MatchSequence(patterns=parts):
            for place, part in _parts(subject, parts):
                yield from _bound(place, part)


def _parts(subject: str, parts: Sequence[ast.pattern]) -> Iterator[tuple[str, ast.pattern]]:
    """Each part of a sequence with its place; those behind a star are counted from the end."""
    starred = False
    for at, part in enumerate(parts):
        behind = len(parts) - at - 1
        if isinstance(part, ast.MatchStar):
            starred = True
            yield f"{subject}[{at}:{f'-{behind}' if behind else ''}]", part
        else:
            yield f"{subject}[{at - len(parts) if starred else at}]", part
