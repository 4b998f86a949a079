"""Pins: what a verifier believes beforehand, from elsewhere than the thing that it verifies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from tallystick.errors import MalformedError
from tallystick.tlog.key import ED25519
from tallystick.tlog.note import VerifierKey
from tallystick.tlog.policy import Policy
from tallystick.verify import strict_json
from tallystick.verify.statement import require_root

_NAMES: Final = {"super", "origins", "policy", "auditors", "max_age_s", "root"}
_FROZEN: Final = {"vkey", "max_size"}


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
        frozen: Keys that are believed only up to a size of their super-log, with that size: they
            were stolen, or their log was lost.
        root: The deployment's root key, by which pins follow a change of keys; it signs no log.

    Raises:
        MalformedError: There is no key, or one that cannot sign a log's checkpoints, or an
            auditor that is no witness of the policy, or a root that is none.
    """

    keys: tuple[VerifierKey, ...]
    origins: frozenset[str] = frozenset()
    policy: Policy | None = None
    max_age_s: int | None = None
    auditors: frozenset[str] = frozenset()
    frozen: Mapping[VerifierKey, int] = field(default_factory=dict)
    root: VerifierKey | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise MalformedError("pins: no key, want at least one", path="/super")
        for key in (*self.keys, *self.frozen):
            if key.algorithm != ED25519:
                raise MalformedError(
                    f"pins: key {key.name} of algorithm 0x{key.algorithm:02x}, want 0x01",
                    path="/super",
                )
        if both := self.frozen.keys() & set(self.keys):
            name = min(key.name for key in both)
            raise MalformedError(f"pins: key {name} with and without max_size", path="/super")
        if self.root is not None:
            require_root(self.root)
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
        keys, frozen = _super(members.get("super"))
        root = members.get("root")
        if root is not None and not isinstance(root, str):
            raise MalformedError("pins: root, want a vkey", path="/root")
        policy = members.get("policy")
        if policy is not None and not isinstance(policy, str):
            raise MalformedError("pins: policy, want the text of a policy", path="/policy")
        return cls(
            keys,
            frozenset(_texts(members["origins"], "origins") if "origins" in members else ()),
            None if policy is None else Policy.parse(policy),
            _age(members.get("max_age_s")),
            frozenset(_texts(members["auditors"], "auditors") if "auditors" in members else ()),
            frozen,
            None if root is None else VerifierKey.parse(root),
        )

    def keys_of(self, origin: str, size: int | None = None) -> list[VerifierKey]:
        """Return the keys that may sign the super-log of that origin, each once.

        Args:
            origin: Of the super-log.
            size: How many records the checkpoint has; None for one that is not known yet, for
                which no frozen key speaks.
        """
        frozen = [] if size is None else [key for key, most in self.frozen.items() if size <= most]
        return [key for key in dict.fromkeys((*self.keys, *frozen)) if key.name == origin]


def _super(value: object) -> tuple[tuple[VerifierKey, ...], dict[VerifierKey, int]]:
    """Read the keys of super-logs: those that are believed, and those up to a size only."""
    if not isinstance(value, list) or not value:
        raise MalformedError("pins: super, want a list of keys, at least one", path="/super")
    keys: list[VerifierKey] = []
    frozen: dict[VerifierKey, int] = {}
    for given in value:
        if isinstance(given, str):
            keys.append(VerifierKey.parse(given))
            continue
        key, most = _bounded(given)
        if key in frozen:
            raise MalformedError(f"pins: key {key.name} frozen twice", path="/super")
        frozen[key] = most
    return tuple(keys), frozen


def _bounded(given: object) -> tuple[VerifierKey, int]:
    if isinstance(given, dict) and given.keys() == _FROZEN:
        vkey, most = given["vkey"], given["max_size"]
        if isinstance(vkey, str) and type(most) is int and most > 0:
            return VerifierKey.parse(vkey), most
    text = "pins: super, want a list of keys: vkeys, or objects with vkey and max_size"
    raise MalformedError(text, path="/super")


def _texts(value: object, name: str) -> Sequence[str]:
    if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
        return value
    raise MalformedError(f"pins: {name}, want a list of texts, at least one", path=f"/{name}")


def _age(value: object) -> int | None:
    if value is None or (type(value) is int and value > 0):
        return value
    raise MalformedError("pins: max_age_s, want seconds above 0", path="/max_age_s")
