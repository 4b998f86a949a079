"""Bulk bodies as clients send them, and those that no client should send."""

import json

import pytest

from tallystick.api.elastic.operation import (
    MAX_OPERATIONS,
    Operation,
    read_operations,
)
from tallystick.api.problems import ProblemError
from tallystick.errors import MalformedError
from tallystick.search.elastic.refusal import ElasticError

DOCUMENT = b'{"a":1}'

BODIES = {
    "elasticsearch-py": (
        b'{"index":{"_id":"0","_index":"audit-logs"}}\n{"a":1}\n',
        ("index", "audit-logs", "0"),
    ),
    "rsyslog, with an empty line at the end": (
        b'{"index":{"_index": "audit-logs"}}\n{"a":1}\n\n',
        ("index", "audit-logs", None),
    ),
    "winston, with its own count": (
        b'{"index":{"_index":"audit-2026.11.24","pipeline":null},"attempts":0}\n{"a":1}\n',
        ("index", "audit-2026.11.24", None),
    ),
    "logstash": (
        b'{"create":{"_id":null,"_index":"logs","routing":null}}\n{"a":1}\n',
        ("create", "logs", None),
    ),
    "no last line end": (b'{"create":{"_index":"i"}}\n{"a":1}', ("create", "i", None)),
    "lines that end as on Windows": (
        b'{"create":{"_index":"i"}}\r\n{"a":1}\r\n',
        ("create", "i", None),
    ),
    "an id that is a number": (b'{"index":{"_index":"i","_id":7}}\n{"a":1}\n', ("index", "i", "7")),
    "the index of the address": (b'{"index":{}}\n{"a":1}\n', ("index", "by-address", None)),
}


@pytest.mark.parametrize(("body", "wanted"), BODIES.values(), ids=BODIES)
def test_bodies_of_real_clients_are_read(body: bytes, wanted: tuple[str, str, str | None]) -> None:
    assert read_operations(body, "by-address") == [Operation(*wanted, {"a": 1})]


def test_the_operations_stand_in_order_whatever_they_are() -> None:
    lines = [
        {"index": {"_id": "1"}},
        {"n": 1},
        {"delete": {"_id": "2"}},
        {"update": {"_id": "3"}},
        {"doc": {}},
        {"create": {"_index": "other"}},
        {"n": 4},
    ]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    assert [(one.name, one.index_name, one.doc_id) for one in read_operations(body, "i")] == [
        ("index", "i", "1"),
        ("delete", "i", "2"),
        ("update", "i", "3"),
        ("create", "other", None),
    ]


MALFORMED = {
    "nothing": (b"", "request body is required"),
    "empty lines": (b"\n\n \n", "request body is required"),
    "no object": (b"[]\n{}\n", "Malformed action/metadata line [1]"),
    "no JSON": (b'{"index":{\n{}\n', "Malformed action/metadata line [1]"),
    "no action": (b'{"put":{"_index":"i"}}\n{}\n', "Malformed action/metadata line [1]"),
    "two actions": (
        b'{"index":{"_index":"i"},"create":{"_index":"i"}}\n{}\n',
        "Malformed action/metadata line [1]",
    ),
    "an action that is no object": (b'{"index":"i"}\n{}\n', "Malformed action/metadata line [1]"),
    "the third line": (
        b'{"index":{"_index":"i"}}\n{}\n{"a":1}\n{}\n',
        "Malformed action/metadata line [3]",
    ),
    "no document": (b'{"index":{"_index":"i"}}\n', "Malformed action/metadata line [1]"),
    "a name twice": (
        b'{"index":{"_index":"i","_index":"j"}}\n{}\n',
        "Malformed action/metadata line [1]",
    ),
    "no index": (b'{"index":{}}\n{}\n', "Validation Failed: 1: index is missing;"),
}


@pytest.mark.parametrize(("body", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_body_whose_lines_cannot_be_told_apart_is_refused_whole(body: bytes, reason: str) -> None:
    with pytest.raises(ElasticError) as caught:
        read_operations(body, None)
    assert caught.value.reason.startswith(reason)


FAULTS = {
    "no JSON": (b"{", ""),
    "an array": (b"[1]", ""),
    "a name twice": (b'{"a":1,"a":2}', "/a"),
    "nested too deep": (b'{"a":' * 70 + b"1" + b"}" * 70, ""),
    "an empty line": (b" ", ""),
}


@pytest.mark.parametrize(("line", "path"), FAULTS.values(), ids=FAULTS)
def test_a_bad_document_does_not_spoil_the_good_ones(line: bytes, path: str) -> None:
    action = b'{"index":{"_index":"i"}}\n'
    bad, good = read_operations(action + line + b"\n" + action + DOCUMENT + b"\n", None)
    assert isinstance(bad.document, MalformedError)
    assert bad.document.path == path
    assert good.document == {"a": 1}


@pytest.mark.parametrize(
    "told",
    [
        {"_index": "Upper"},
        {"_index": "a b"},
        {"_index": "-x"},
        {"_index": "a*"},
        {"_index": "i" * 256},
        {"_index": ".."},
        {"_index": "i", "_id": ""},
        {"_index": "i", "_id": "x" * 513},
        {"_index": "i", "_id": [1]},
        {"_index": "i", "pipeline": "p"},
        {"_index": "i", "pipeline": ["p"]},
        {"_index": "i", "if_seq_no": 1},
        {"_index": "i", "version": 2, "version_type": "external"},
    ],
    ids=json.dumps,
)
def test_what_an_action_line_wishes_in_vain_is_refused_for_its_document(
    told: dict[str, object],
) -> None:
    (one,) = read_operations(json.dumps({"index": told}).encode() + b"\n{}\n", None)
    assert isinstance(one.document, MalformedError)


def test_more_operations_than_one_request_may_have_are_refused() -> None:
    body = (b'{"index":{"_index":"i"}}\n' + DOCUMENT + b"\n") * MAX_OPERATIONS
    assert len(read_operations(body, None)) == MAX_OPERATIONS
    with pytest.raises(ProblemError) as caught:
        read_operations(body + b'{"delete":{"_index":"i"}}\n', None)
    assert caught.value.kind.status == 413
    with pytest.raises(ProblemError):
        read_operations(b"\n" * (4 * MAX_OPERATIONS + 1), None)
