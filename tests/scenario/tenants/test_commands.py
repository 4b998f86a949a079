"""Commands that are told one tenant, or its key, show nothing of another."""

from pathlib import Path

import pytest

from kit.command import Command, Transcript
from kit.events import reference_event
from kit.server import Server
from kit.strangers import Owner, Stranger, Things
from tallystick.ledger.logs import STREAMS

Arguments = list[str]


@pytest.fixture
def tally(house: Path) -> Command:
    """The command, beside the server's data."""
    return Command(house.parent)


def own(stranger: Stranger) -> list[Arguments]:
    """Return commands that show what a tenant has."""
    event = str(reference_event(0)["id"])
    person = str(reference_event(0)["actor"]["id"])  # type: ignore[index]
    of = ["--tenant", stranger.tenant]
    return [
        ["show", event, *of],
        *(["tail", *of, "--stream", stream, "-n", "500"] for stream in STREAMS),
        ["receipt", event, *of, "--wait"],
        ["catalogue", "show", "document.deleted", *of],
        ["erase", person, *of, "--reason", "asked for it", "--dry-run"],
    ]


def asked(things: Things, stranger: Stranger) -> list[Arguments]:
    """Return commands that ask, within a tenant, for what is not its own."""
    of = ["--tenant", stranger.tenant]
    return [
        ["show", things.event, *of],
        ["receipt", things.event, *of],
        ["catalogue", "show", things.action, *of],
        ["erase", things.person, *of, "--reason", "asked for it", "--dry-run"],
        ["erase", things.erased, *of, "--reason", "asked for it", "--dry-run"],
    ]


def distant(server: Server, stranger: Stranger, things: Things) -> list[Arguments]:
    """Return commands that ask a server with a key of one tenant."""
    way = ["--server", server.url, "--key", stranger.keys["reader"]]
    event = str(reference_event(0)["id"])
    return [
        *([*words, *way] for words in (["show", event], ["tail"], ["receipt", event, "--wait"])),
        ["tail", "--stream", "access", *way],
        ["show", things.event, *way],
        ["show", event, "--tenant", things.tenant, *way],
        ["tail", "--tenant", things.tenant, *way],
        ["tail", "--tenant", things.tenant, "--stream", "access", *way],
        ["receipt", things.event, *way],
    ]


def written(told: Transcript) -> bytes:
    return f"{told.code}\n{told.out}\n{told.err}".encode()


def essence(told: Transcript, things: Things) -> str:
    """Reduce what a command wrote to what it says of the things, whatever they are called."""
    text = written(told).decode()
    for kind, name in things.names().items():
        text = text.replace(name, f"<{kind}>")
    return text


def test_what_a_tenant_has_is_shown_without_a_canary_of_another(
    tally: Command, owner: Owner, stranger: Stranger
) -> None:
    for words in own(stranger):
        told = tally(*words, "--json")
        assert told.out, words
        assert owner.mint.seen_in(written(told)) == [], words


@pytest.mark.slow
def test_what_belongs_to_another_is_shown_like_what_does_not_exist(
    tally: Command, owner: Owner, nobodys: Things, stranger: Stranger
) -> None:
    pairs = zip(asked(owner.things, stranger), asked(nobodys, stranger), strict=True)
    for words, other in pairs:
        told = tally(*words, "--json", code=None)
        assert told.code != 0, words
        assert owner.mint.seen_in(written(told), but=" ".join(words).encode()) == [], words
        assert essence(told, owner.things) == essence(tally(*other, "--json", code=None), nobodys)


@pytest.mark.slow
def test_a_key_of_a_tenant_shows_nothing_of_another(
    tally: Command, server: Server, owner: Owner, nobodys: Things, stranger: Stranger
) -> None:
    both = (distant(server, stranger, it) for it in (owner.things, nobodys))
    for words, other in zip(*both, strict=True):
        told = tally.plain(*words, "--json", code=None)
        assert owner.mint.seen_in(written(told), but=" ".join(words).encode()) == [], words
        if words != other:
            again = tally.plain(*other, "--json", code=None)
            assert essence(told, owner.things) == essence(again, nobodys), words


def test_the_owner_is_shown_its_own(tally: Command, owner: Owner) -> None:
    """The same commands do show canaries where they belong."""
    of = ["--tenant", owner.things.tenant]
    for words in (
        ["show", owner.things.event, *of],
        ["tail", *of],
        ["catalogue", "show", owner.things.action, *of],
    ):
        told = tally(*words, "--json")
        assert len(owner.mint.seen_in(told.out.encode(), but=" ".join(words).encode())) > 5, words


def test_a_declaration_of_another_is_not_compared_with(
    tally: Command, owner: Owner, nobodys: Things, stranger: Stranger
) -> None:
    told: list[str] = []
    for things in (owner.things, nobodys):
        file = tally.folder / f"{stranger.tenant}.toml"
        file.write_text(f'[[entries]]\naction = "{things.action}"\ntitle = "mine"\n', "utf-8")
        shown = tally("catalogue", "diff", file, "--tenant", stranger.tenant, "--json", code=1)
        assert owner.mint.seen_in(written(shown), but=file.read_bytes()) == []
        told.append(essence(shown, things))
    assert told[0] == told[1]
