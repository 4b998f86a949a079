"""Whatever comes in, the embedded engine's readers answer or refuse, and never anything else."""

import re
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.drivers.chdb.request import parse_request
from tallystick.drivers.chdb.statement import Guard, Kind
from tallystick.errors import ForbiddenError, MalformedError

GUARD = Guard(frozenset({"url"}), frozenset({"file"}))
PIECES = st.sampled_from(
    [
        "SELECT ",
        "file",
        "`file`",
        "url",
        "(",
        ")",
        "'",
        "''",
        "\\",
        "`",
        '"',
        "--",
        "/*",
        "*/",
        "\n",
        " ",
        ";",
        ".",
        ",",
        "1",
        "{x:String}",
        "$$",
        "#",
        "FORMAT Native",
        "SETTINGS",
        "é",
        "=",
        "-",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_a_statement_is_of_a_kind_or_refused(text: str) -> None:
    try:
        statement = GUARD.read(text)
    except ForbiddenError:
        return
    assert isinstance(statement.kind, Kind)


@given(st.text(), st.text(), st.binary())
def test_a_request_is_read_or_refused(query: str, kind: str, body: bytes) -> None:
    for content in (kind, "multipart/form-data; boundary=x"):
        with suppress(MalformedError):
            parse_request(query, content, body)


def outside_of_quotes(text: str) -> str:
    """Drop quoted texts and comments, by hand and a character at a time."""
    kept, place = "", 0
    while place < len(text):
        if text[place] in '`"':
            end = text.find(text[place], place + 1)
            kept += text[place : end + 1]
            place = end + 1 if end > 0 else len(text)
        elif text.startswith("--", place):
            end = text.find("\n", place)
            place = len(text) if end < 0 else end
        elif text[place] == "'":
            place += 1
            while place < len(text):
                if text[place] == "\\" or text.startswith("''", place):
                    place += 2
                elif text[place] == "'":
                    break
                else:
                    place += 1
            place += 1
            kept += " "
        else:
            kept += text[place]
            place += 1
    return kept


@settings(max_examples=1_000)
@given(st.lists(PIECES, max_size=12).map("".join).map("SELECT ".__add__))
def test_no_call_to_the_outside_stands_outside_of_quotes_in_what_is_taken(text: str) -> None:
    try:
        statement = GUARD.read(text)
    except ForbiddenError:
        return
    bare = re.sub(r"[`\"](file|url)[`\"]", r"\1", outside_of_quotes(statement.sql))
    bare = re.sub(r"`[^`]*`|\"[^\"]*\"", "name", bare)
    assert not re.search(r"(?<![\w.])file(?!\w)", re.sub(r"\.\s+", ".", bare))
    assert not re.search(r"(?<!\w)url\s*\(", bare)
