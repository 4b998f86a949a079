"""Statements of a root key, written by plain code of the tests' own."""

from dataclasses import dataclass

from kit.plain_receipt import DEPLOYMENT, SUPER, Signer

ROOT_KEY = Signer(f"{DEPLOYMENT}/root")


def online(serial: int) -> Signer:
    """The key of a super-log."""
    return Signer(SUPER if serial == 1 else f"{SUPER}/{serial}")


@dataclass(frozen=True)
class Plain:
    """A statement, right or wrong; what is empty is made from the number."""

    number: int
    reason: str = "rotation"
    frozen: str = "-"
    lost: str = "-"
    kind: str = "tallystick/key/v1"
    deployment: str = DEPLOYMENT
    serial: str = ""
    new: Signer | None = None
    old: Signer | None = None
    more: str = ""

    def text(self) -> str:
        """Write it."""
        new, old = self.new or online(self.number), self.old or online(self.number - 1)
        return (
            f"{self.kind}\n{self.deployment}\n{self.serial or self.number}\n{new.vkey}\n"
            f"{old.vkey}\n{self.reason}\n{self.frozen}\n{self.lost}\n{self.more}"
        )

    def note(self, root: Signer = ROOT_KEY) -> str:
        """Sign it."""
        return f"{self.text()}\n{root.line(self.text())}"
