"""How a text is cut into words, and by which words an action is found."""

import pytest

from tallystick.search.words import action_names, action_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("Quarterly report", ("quarterly", "report")),
        ("ada@acme.com", ("ada", "acme", "com")),
        ("snake_case-and/path", ("snake", "case", "and", "path")),
        ("Ünïcode Ελλάδα 東京 ٣", ("ünïcode", "ελλάδα", "東京", "٣")),
        ("a" * 300, ("a" * 300,)),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(
    text: str, words: tuple[str, ...]
) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("word", ["delete", "document", "deleted", "deletebucket", "bucket"])
def test_an_action_is_found_by_its_words_its_verb_and_its_synonyms(word: str) -> None:
    assert word in action_words("document.deleted", "delete", ("DeleteBucket",))


def test_an_action_is_found_by_the_name_under_which_it_was_told() -> None:
    words = action_words("s3.bucket_deleted", original="S3:DeleteBucketV2")

    assert {"s3:deletebucketv2", "delete", "bucket", "v2"} <= {*words}


def test_an_action_of_no_kind_is_not_found_by_the_word_none() -> None:
    assert "none" not in action_words("log.received", "none")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("DELETE", ("delete",)),
        ("document.deleted", ("document.deleted",)),
        ("DeleteBucket, user.added user.added", ("deletebucket", "user.added")),
        (" ", ()),
    ],
)
def test_a_name_that_is_asked_for_stays_whole(asked: str, names: tuple[str, ...]) -> None:
    assert action_names(asked) == names
