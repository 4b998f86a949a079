"""Pins: what a verifier believes beforehand, from elsewhere than the thing that it verifies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from tallystick.errors import MalformedError
from tallystick.tlog.key import ED25519
from tallystick.tlog.note import VerifierKey
from tallystick.tlog.policy import Policy
from tallystick.verify import strict_json

_NAMES: Final = {"super", "origins", "policy", "auditors", "max_age_s"}


@dataclass(frozen=True, slots=True)
class Pins:
    """What must hold for a receipt to be believed.

    Attributes:
        keys: Keys of super-logs; a key's name is the origin of the log that it may sign.
        origins: The logs that receipts may come from; empty for every log of the deployment.
        policy: Which witnesses must have cosigned, or None where none is needed.
        max_age_s: Greatest age of the epoch that a receipt proves, or None for any.
        auditors: Names of those of the policy's witnesses that audit epochs before they cosign;
            if there are any, one of them must have cosigned.

    Raises:
        MalformedError: There is no key, or one that cannot sign a log's checkpoints, or an
            auditor that is no witness of the policy.
    """

    keys: tuple[VerifierKey, ...]
    origins: frozenset[str] = frozenset()
    policy: Policy | None = None
    max_age_s: int | None = None
    auditors: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.keys:
            raise MalformedError("pins: no key, want at least one", path="/super")
        for key in self.keys:
            if key.algorithm != ED25519:
                raise MalformedError(
                    f"pins: key {key.name} of algorithm 0x{key.algorithm:02x}, want 0x01",
                    path="/super",
                )
        witnesses = () if self.policy is None else self.policy.witnesses
        for name in sorted(self.auditors):
            if name not in witnesses:
                raise MalformedError(
                    f"pins: auditor {name[:80]!r}, want a witness of the policy",
                    path="/auditors",
                )

    @classmethod
    def of_key(cls, vkey: str) -> Self:
        """Pin one super-log's key, and nothing else.

        Raises:
            MalformedError: The text is no vkey of a log.
        """
        return cls((VerifierKey.parse(vkey),))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file of pins; docs/specs/receipt-v1.md has its form.

        Raises:
            MalformedError: It is of another form; ``path`` points to what is wrong. A member
                that is not known is refused: a rule that is misspelled must not be passed over.
        """
        members = strict_json.read(data, "pins")
        if not isinstance(members, dict):
            raise MalformedError("pins: want an object")
        for name in members:
            if name not in _NAMES:
                raise MalformedError(f"pins: unknown member {name[:80]!r}", path=f"/{name}")
        keys = _texts(members.get("super"), "super")
        policy = members.get("policy")
        if policy is not None and not isinstance(policy, str):
            raise MalformedError("pins: policy, want the text of a policy", path="/policy")
        return cls(
            tuple(VerifierKey.parse(key) for key in keys),
            frozenset(_texts(members["origins"], "origins") if "origins" in members else ()),
            None if policy is None else Policy.parse(policy),
            _age(members.get("max_age_s")),
            frozenset(_texts(members["auditors"], "auditors") if "auditors" in members else ()),
        )

    def keys_of(self, origin: str) -> list[VerifierKey]:
        """Return the keys that may sign the super-log of that origin, each once."""
        return [key for key in dict.fromkeys(self.keys) if key.name == origin]


def _texts(value: object, name: str) -> Sequence[str]:
    if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
        return value
    raise MalformedError(f"pins: {name}, want a list of texts, at least one", path=f"/{name}")


def _age(value: object) -> int | None:
    if value is None or (type(value) is int and value > 0):
        return value
    raise MalformedError("pins: max_age_s, want seconds above 0", path="/max_age_s")
