"""What an assessment leads to, the weightiest first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tallystick.api.ingest.tutorial_hash import HashVerdict
from tallystick.cli.assessment_result import Assessment
from tallystick.cli.told_fields import Question

_ENOUGH: Final = 0.99
_LONG_SILENCE_S: Final = 24 * 3_600
_WHY: Final = {
    Question.WHO: "without it no deed can be laid to anybody",
    Question.WHAT: "without it a line is not evidence of anything",
    Question.WHEN: "without it nothing can be put in order",
    Question.ZONE: "a local time is an hour wrong twice a year, and ambiguous once",
    Question.WHICH: "nobody can answer who touched a given record",
    Question.OUTCOME: "attempts and deeds look the same",
    Question.WHERE: "a stolen session looks like its owner",
    Question.REQUEST: "lines of several systems cannot be joined",
}


def advise(found: Assessment) -> Iterator[str]:
    """Say what to do about what was found."""
    if not found.lines:
        yield "nothing was read: give files of JSON lines, CloudTrail, or text"
        return
    yield from _about_secrets(found)
    yield from _about_integrity(found)
    yield from _about_questions(found)
    yield from _about_personal_data(found)
    yield from _about_order(found)


def _about_secrets(found: Assessment) -> Iterator[str]:
    secrets = [one for one in found.exposures if one.is_secret]
    if secrets:
        kinds = ", ".join(f"{one.kind} ({one.lines:,} lines)" for one in secrets)
        yield f"secrets stand in clear: {kinds}. Replace them now, then keep them out of the log"


def _about_integrity(found: Assessment) -> Iterator[str]:
    integrity = found.integrity
    nothing = integrity.verdicts.get(HashVerdict.OF_NOTHING, 0)
    if nothing:
        yield (
            f"{nothing:,} hashes are the SHA-256 of nothing (e3b0c442…): the line was never hashed,"
            " so they protect nothing"
        )
    if wrong := integrity.verdicts.get(HashVerdict.WRONG, 0):
        yield (
            f"{wrong:,} hashes match no known form of their line, first at"
            f" {', '.join(integrity.wrong)}: changed lines, or another way of hashing"
        )
    yield {
        "none": "nothing would show that a line was changed, added or left out: record into a log"
        " whose proofs others keep",
        "hash per line": "a hash per line shows accidents only: who changes a line computes the"
        " hash anew, and a line that is missing leaves no mark",
        "chain": "a chain shows changes in its middle; its tail can be cut off, and who can write"
        " the file can compute all of it anew, unless somebody else keeps its head",
    }[integrity.kind]


def _about_questions(found: Assessment) -> Iterator[str]:
    for question, why in _WHY.items():
        share = found.share(question)
        if question is Question.ZONE and not found.answered[Question.WHEN]:
            continue
        if share < _ENOUGH:
            missing = found.lines - found.answered[question]
            yield f"{missing:,} lines ({1 - share:.0%}) do not say {question}: {why}"


def _about_personal_data(found: Assessment) -> Iterator[str]:
    personal = [one for one in found.exposures if not one.is_secret]
    if personal:
        kinds = ", ".join(f"{one.kind} ({one.lines:,} lines)" for one in personal)
        yield (
            f"personal data stand in clear: {kinds}. To erase one person, the log would have to"
            " be edited"
        )


def _about_order(found: Assessment) -> Iterator[str]:
    if found.unreadable:
        yield f"{found.unreadable:,} lines or files cannot be read: an auditor counts them as gaps"
    if found.duplicates:
        places = ", ".join(found.duplicate_places)
        yield f"{found.duplicates:,} lines repeat an id, first at {places}: count deeds with care"
    elif not found.identified:
        yield "no line has an id: a line that is sent twice cannot be told from two deeds"
    if found.order.out_of_order:
        yield f"{found.order.out_of_order:,} lines are out of order: number them at their source"
    if found.order.silence_s > _LONG_SILENCE_S:
        silence = timedelta(seconds=round(found.order.silence_s))
        yield (
            f"the longest silence is {silence}, until {found.order.silence_at}: find out whether"
            " nothing happened or lines are missing"
        )
