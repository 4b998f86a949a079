"""The words of a text: how free text is cut, when it is stored and when it is asked for."""

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+").findall
_CASE_CHANGE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_END: Final = re.compile(r"[\s,;]+")


def words_of(text: str) -> tuple[str, ...]:
    """Cut a text into its words: runs of letters and digits of any script, in lower case.

    >>> words_of("Quarterly report_v2 (ADA@acme.com)")
    ('quarterly', 'report', 'v2', 'ada', 'acme', 'com')
    """
    return tuple(_WORD(text.lower()))


def action_words(
    action: str, crud: str = "none", synonyms: Iterable[str] = (), original: str = ""
) -> tuple[str, ...]:
    """Return every word by which an action is found, each once and in lower case.

    Names stand whole and in parts, so that ``delete``, ``document.deleted``, ``bucket`` and
    ``deletebucket`` each find an action with the synonym ``DeleteBucket``.

    Args:
        action: Such as ``document.deleted``.
        crud: What the catalogue says that it does, such as ``delete``; ``none`` is no word.
        synonyms: Names that other systems have for it.
        original: The name under which the sender told it, if that was another one.
    """
    verbs = (crud,) if crud != "none" else ()
    found = [word for name in (action, *synonyms, original) for word in _name_words(name)]
    return tuple(dict.fromkeys((*found, *verbs)))


def action_names(asked: str) -> tuple[str, ...]:
    """Cut what was asked of an action into names, in the form of :func:`action_words`.

    A name stays whole: who asks for ``document.deleted`` does not want every ``document``.

    >>> action_names("DELETE, DeleteBucket document.deleted")
    ('delete', 'deletebucket', 'document.deleted')
    """
    return tuple(dict.fromkeys(name.lower() for name in _NAME_END.split(asked) if name))


def _name_words(name: str) -> tuple[str, ...]:
    whole = name.strip().lower()
    return (whole, *words_of(_CASE_CHANGE.sub(" ", name))) if whole else ()
