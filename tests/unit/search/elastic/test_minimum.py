"""How many optional clauses must fit; the examples are those of Elasticsearch's reference."""

import pytest

from tallystick.search.elastic import ElasticError
from tallystick.search.elastic.minimum import required


@pytest.mark.parametrize(
    ("spec", "count", "want"),
    [
        (3, 5, 3),
        ("3", 2, 3),
        (-2, 5, 3),
        ("-2", 1, 0),
        ("75%", 4, 3),
        ("75%", 5, 3),
        ("-25%", 4, 3),
        ("-25%", 5, 4),
        ("3<90%", 3, 3),
        ("3<90%", 4, 3),
        ("2<-25% 9<-3", 2, 2),
        ("2<-25% 9<-3", 9, 7),
        ("2<-25% 9<-3", 10, 7),
    ],
)
def test_so_many_clauses_must_fit(spec: object, count: int, want: int) -> None:
    assert required(spec, count, "") == want


@pytest.mark.parametrize("spec", ["", "x", "50 %", "2<", "2<x", "1<2<3", 1.5, True, [], "1" * 9])
def test_what_says_no_number_is_refused(spec: object) -> None:
    with pytest.raises(ElasticError, match="minimum_should_match") as caught:
        required(spec, 3, "/there")

    assert caught.value.path == "/there"
