from base64 import b64encode

import pytest

from tallystick.errors import MalformedError
from tallystick.tlog.checkpoint import Checkpoint, parse_foreign

ROOT = b64encode(bytes(range(32))).decode()


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("a.example/log", 20_852_163, bytes(range(32)))

    assert checkpoint.format() == f"a.example/log\n20852163\n{ROOT}\n"
    assert Checkpoint.parse(checkpoint.format()) == checkpoint


REFUSED = [
    pytest.param("", "0 lines, want 3", id="nothing"),
    pytest.param(f"\n7\n{ROOT}\n", "origin: ''", id="empty origin"),
    pytest.param(f"a\x00\n7\n{ROOT}\n", r"control character '\\x00'", id="NUL in the origin"),
    pytest.param(f"a\r\n7\r\n{ROOT}\r\n", r"size: '7\\r'", id="CRLF"),
    pytest.param(f"a\ud800\n7\n{ROOT}\n", "lone surrogate", id="lone surrogate in the origin"),
    pytest.param(f"a\n007\n{ROOT}\n", "canonical", id="leading zeroes"),
    pytest.param(f"a\n+7\n{ROOT}\n", "canonical", id="plus sign"),
    pytest.param(f"a\n-7\n{ROOT}\n", "canonical", id="minus sign"),
    pytest.param(f"a\n 7\n{ROOT}\n", "canonical", id="space before the size"),
    pytest.param(f"a\n1_000\n{ROOT}\n", "canonical", id="Python's own digit groups"),
    pytest.param(f"a\n٣\n{ROOT}\n", "canonical", id="Arabic-Indic digit"),
    pytest.param(f"a\n7e3\n{ROOT}\n", "canonical", id="exponent"),
    pytest.param(f"a\n\n{ROOT}\n", "size: ''|3 or more, all non-empty", id="no size"),
    pytest.param(f"a\n9223372036854775808\n{ROOT}\n", "below 2", id="size beyond 2^63 - 1"),
    pytest.param(f"a\n{'9' * 5_000}\n{ROOT}\n", "below 2", id="size of 5,000 digits"),
    pytest.param("a\n7\nAAAA\n", "root: hash of 3 bytes, want 32", id="short root"),
    pytest.param(f"a\n7\n{ROOT[:-1]}\n", "base64", id="root without padding"),
    pytest.param(f"a\n7\n{ROOT[:-2]}9=\n", "base64", id="root with stray bits"),
    pytest.param(f"a\n7\n{ROOT.replace('A', '_')}\n", "base64", id="URL alphabet"),
    pytest.param(f"a\n7\n {ROOT}\n", "base64", id="space before the root"),
    pytest.param(f"a\n7\n{ROOT}", "2 lines, want 3", id="no last newline"),
    pytest.param(f"a\n7\n{ROOT}\n\n", "4 lines, want 3", id="empty line at the end"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_a_checkpoint_is_refused_for(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Checkpoint.parse(text)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_another_log_s_checkpoint_is_refused_for_the_same(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        parse_foreign(text)


def test_our_checkpoints_have_no_extension_lines_and_others_may() -> None:
    text = f"a\n7\n{ROOT}\nextension\n"

    with pytest.raises(MalformedError, match="4 lines, want 3"):
        Checkpoint.parse(text)
    assert parse_foreign(text) == (Checkpoint("a", 7, bytes(range(32))), ("extension",))


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        pytest.param("\n", "all non-empty", id="empty line"),
        pytest.param("one\n\ntwo\n", "all non-empty", id="empty line between"),
        pytest.param("one", "all non-empty and ended", id="no last newline"),
        pytest.param("o\tne\n", "control character", id="control character"),
    ],
)
def test_extension_lines_are_refused_for(extensions: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        parse_foreign(f"a\n7\n{ROOT}\n{extensions}")


@pytest.mark.parametrize(
    ("origin", "size", "root", "why"),
    [
        pytest.param("", 7, bytes(32), "want one non-empty line", id="empty origin"),
        pytest.param("a\nb", 7, bytes(32), "want one non-empty line", id="origin of two lines"),
        pytest.param("a", -1, bytes(32), "size -1", id="negative size"),
        pytest.param("a", 2**63, bytes(32), "size 9223372036854775808", id="size beyond 2^63-1"),
        pytest.param("a", 7, b"", "root: hash of 0 bytes", id="empty root"),
    ],
)
def test_there_is_no_checkpoint_with(origin: str, size: int, root: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Checkpoint(origin, size, root)
