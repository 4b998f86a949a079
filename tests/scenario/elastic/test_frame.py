"""What is true of every answer that is given in Elasticsearch's shape."""

import gzip
from base64 import b64encode

import pytest

from kit.elastic import error_of
from kit.server import Server

JSON = {"Accept": "application/json"}


def test_a_client_is_told_what_speaks_here(server: Server) -> None:
    answer = server.ask("GET", "/")
    assert answer.status == 200
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    told = answer.json
    assert told["tagline"] == "You Know, for Search"
    assert told["version"]["number"].startswith("8.")
    assert len(told["cluster_uuid"]) == 22
    assert server.ask("GET", "/", key="", headers=JSON).json == told


def test_a_person_is_still_shown_where_to_read_on(server: Server) -> None:
    answer = server.ask("GET", "/", key="", headers={"Accept": "text/html"})
    assert (answer.status, answer.headers["location"]) == (303, "/docs")


def test_a_head_has_no_body(server: Server) -> None:
    answer = server.ask("HEAD", "/")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-elastic-product"] == "Elasticsearch"


@pytest.mark.parametrize("major", [7, 8, 9])
def test_the_media_type_is_the_one_asked_for(server: Server, major: int) -> None:
    wanted = f"application/vnd.elasticsearch+json; compatible-with={major}"
    answer = server.ask("GET", "/", headers={"Accept": wanted})
    told = f"application/vnd.elasticsearch+json;compatible-with={major}"
    assert answer.headers["content-type"] == told


def test_the_media_type_is_plain_json_where_none_is_asked_for(server: Server) -> None:
    assert server.ask("GET", "/").headers["content-type"] == "application/json"


def test_credentials_of_every_kind_are_taken(server: Server) -> None:
    key = server.admin_key
    for told in (
        f"ApiKey {key}",
        f"ApiKey {b64encode(f'id:{key}'.encode()).decode()}",
        f"Basic {b64encode(f'elastic:{key}'.encode()).decode()}",
        f"Bearer {key}",
    ):
        assert server.ask("GET", "/", headers={"Authorization": told}).status == 200


@pytest.mark.parametrize("key", ["", "tly_wrong"])
def test_without_a_credential_nothing_is_answered(server: Server, key: str) -> None:
    answer = server.ask("POST", "/_search", {}, key=key)
    assert error_of(answer) == (401, "security_exception")
    for scheme in ("Basic", "Bearer", "ApiKey"):
        assert scheme in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/_async_search", "/_sql", "/audit-logs/_eql/search", "/_nope"])
def test_what_is_not_answered_is_refused_in_the_same_shape(server: Server, path: str) -> None:
    answer = server.ask("POST", path, {})
    assert error_of(answer) == (400, "illegal_argument_exception")
    assert path in answer.json["error"]["reason"]


def test_other_methods_are_refused_in_the_same_shape(server: Server) -> None:
    answer = server.ask("PATCH", "/_search", {})
    assert error_of(answer)[0] == 405
    assert "POST" in answer.headers["allow"]


def test_an_unknown_parameter_is_refused_by_name(server: Server) -> None:
    answer = server.ask("GET", "/?verbose=1")
    assert error_of(answer) == (400, "illegal_argument_exception")
    assert (
        answer.json["error"]["reason"] == "request [/] contains unrecognized parameter: [verbose]"
    )


def test_parts_of_an_answer_can_be_asked_for(server: Server) -> None:
    told = server.ask("GET", "/?filter_path=version.number,tag*").json
    assert told == {"version": {"number": told["version"]["number"]}, "tagline": told["tagline"]}
    assert "version" not in server.ask("GET", "/?filter_path=-version").json


def test_an_answer_is_indented_on_request(server: Server) -> None:
    assert server.ask("GET", "/?pretty").body.startswith(b'{\n  "name"')
    assert server.ask("GET", "/?pretty=false").body.startswith(b'{"name"')


def test_other_problems_stay_as_they_were(server: Server) -> None:
    assert server.ask("GET", "/v1/nothing").code == "not-found"
    assert server.ask("GET", "/v1/search", key="").code == "unauthenticated"


def test_a_compressed_body_is_read(server: Server) -> None:
    key = server.key("gzip", "read")
    body = gzip.compress(b'{"size": -1}')
    answer = server.ask("POST", "/_search", body, key=key, headers={"Content-Encoding": "gzip"})
    assert error_of(answer) == (400, "illegal_argument_exception")
    assert "[-1]" in answer.json["error"]["reason"]
