"""What the demo says to try, each a line that can be pasted."""

from shlex import quote
from typing import Final, NamedTuple

from tallystick.cli.demo_deployment import Demo
from tallystick.cli.demo_process import here
from tallystick.cli.demo_witness import PINS, STRANGER

_RECEIPT: Final = "proof.receipt"
_COPY: Final = "copy"


class Step(NamedTuple):
    """Something to try.

    Attributes:
        title: What it shows.
        lines: Commands, for one shell after the other.
    """

    title: str
    lines: list[str]


def steps(made: Demo) -> list[Step]:
    """Return what to try, in this order and in one shell."""
    name, event, at = here(), made.event["id"], f"--data {quote(str(made.data))}"
    actor = made.event["actor"]
    person = quote(str(actor["id"])) if isinstance(actor, dict) else ""
    believe = f"--pins {PINS}"
    verify = f"{name} verify {_RECEIPT} {believe}"
    look = f"{name} monitor --log {made.log} {believe} --state demo.state --once"
    copy = f"{name} mirror --log {made.log} {believe} --into {_COPY} --once"
    erase = f"{name} erase {person} --tenant {made.tenant} --reason 'asked for it' --yes {at}"
    return [
        Step(
            "Be a stranger, who has a key of one tenant, and the pins by another way",
            [
                f"cd {quote(str(made.data / STRANGER))}",
                f"export TALLYSTICK_SERVER={made.url} TALLYSTICK_KEY={made.tenant_key}",
            ],
        ),
        Step("Look at what somebody did", [f"{name} show {event}"]),
        Step(
            "Prove it offline: recorded, published, witnessed",
            [f"{name} receipt {event} > {_RECEIPT}", verify],
        ),
        Step(
            "Watch every epoch, keep a copy, recompute it without the server",
            [look, copy, f"{name} fsck --mirror {_COPY} {believe}"],
        ),
        Step(
            "Be the operator, forget the person, and see that every proof still holds",
            [erase, f"{name} fsck --disclosures {at}", verify, look],
        ),
    ]
