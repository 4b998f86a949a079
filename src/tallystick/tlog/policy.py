"""Whom to believe: logs, witnesses and how many of them (c2sp.org/tlog-policy).

::

    log example.com/log+…
    witness W1 w1.example+…
    witness W2 w2.example+… https://w2.example/
    witness W3 w3.example+…
    group most 2 W1 W2 W3
    quorum most
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint, parse_foreign
from tallystick.tlog.key import ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, VerifierKey
from tallystick.tlog.note import Note, verify_note
from tallystick.tlog.spelling import parse_decimal

NO_QUORUM: Final = "none"
_MAX_LINES: Final = 10_000
_LOG_ALGORITHMS: Final = (ED25519, MLDSA44_COSIGNATURE)
_WITNESS_ALGORITHMS: Final = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """A key of a policy, with the address where its owner is reached, or ``""``."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which ``threshold`` must have witnessed; a member is a witness or a group."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustedCheckpoint:
    """What a note proves under a policy.

    Attributes:
        checkpoint: Signed by its log, cosigned by the policy's quorum.
        extensions: Extension lines, on which nothing relies.
        cosigned_at_s: Name of each witness that cosigned, also beyond the quorum, and when it
            says it did so last, in seconds since 1970.
    """

    checkpoint: Checkpoint
    extensions: tuple[str, ...]
    cosigned_at_s: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule that makes a checkpoint believable.

    Attributes:
        logs: Keys of the logs; the key's name is the log's origin.
        witnesses: Keys of the witnesses, by their names in the policy.
        groups: Groups, by name; each after its members.
        quorum: Name of the witness or group that must have witnessed, or ``none``.
    """

    logs: tuple[PolicyKey, ...]
    witnesses: Mapping[str, PolicyKey]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a policy file.

        Raises:
            MalformedError: A line is not of the format, a name or key stands twice, a member
                or the quorum is not defined on an earlier line; the message has the line.
        """
        written = text if isinstance(text, str) else text.decode(errors="surrogateescape")
        lines = written.split("\n")
        if len(lines) > _MAX_LINES:
            raise MalformedError(f"policy: {len(lines):,} lines, want at most {_MAX_LINES:,}")
        reader = _Reader()
        for number, line in enumerate(lines, 1):
            try:
                reader.read(line)
            except MalformedError as error:
                raise MalformedError(f"policy line {number}: {error}") from error
        if not reader.quorum:
            raise MalformedError("policy: no quorum line, want one")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def satisfied_by(self, cosigners: Iterable[VerifierKey]) -> bool:
        """Tell whether these cosigners, whose cosignatures were verified, are the quorum.

        A key counts only for the witness that the policy gives it to; other keys count for
        nobody.
        """
        valid = {*cosigners}
        return self._quorum_in({name for name, it in self.witnesses.items() if it.key in valid})

    def verify(self, note: Note) -> TrustedCheckpoint:
        """Check a checkpoint's note.

        Raises:
            MalformedError: The text is no checkpoint.
            VerificationError: The log is unknown, it has not signed, a signature of a known key
                is false, or too few witnesses have cosigned.
        """
        checkpoint, extensions = parse_foreign(note.text)
        # A log's key speaks for its own origin only: else one log could sign for another.
        logs = [it.key for it in self.logs if it.key.name == checkpoint.origin]
        if not logs:
            raise VerificationError(
                f"checkpoint: of {checkpoint.origin!r}, want a log of the policy"
            )
        verify_note(note, logs)
        cosigned_at_s = self._cosigned_at_s(note)
        if not self._quorum_in({*cosigned_at_s}):
            raise VerificationError(
                f"checkpoint of {checkpoint.origin}: cosigned by "
                f"{', '.join(sorted(cosigned_at_s)) or 'nobody'}, want quorum {self.quorum}"
            )
        return TrustedCheckpoint(checkpoint, extensions, cosigned_at_s)

    def _cosigned_at_s(self, note: Note) -> dict[str, int]:
        known = {(it.key.name, it.key.key_id): name for name, it in self.witnesses.items()}
        latest: dict[str, int] = {}
        for signature in note.signatures:
            if witness := known.get((signature.name, signature.key_id)):
                time_s = self.witnesses[witness].key.verify(note.text, signature.payload)
                latest[witness] = max(time_s, latest.get(witness, 0))
        return latest

    def _quorum_in(self, witnessed: Collection[str]) -> bool:
        if self.quorum == NO_QUORUM:
            return True
        names = {*witnessed}
        for name, group in self.groups.items():
            if len(names.intersection(group.members)) >= group.threshold:
                names.add(name)
        return self.quorum in names


@dataclass(slots=True)
class _Reader:
    """What the lines read so far define."""

    logs: list[PolicyKey] = field(default_factory=list)
    witnesses: dict[str, PolicyKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""
    members: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        if any((letter < " " and letter != "\t") or letter == "\x7f" for letter in line):
            raise MalformedError("control character, want only tabs and newlines")
        # Only spaces and tabs divide: a name may hold any other space of Unicode.
        match [word for word in line.replace("\t", " ").split(" ") if word]:
            case []:
                pass
            case [word, *_] if word.startswith("#"):
                pass
            case ["log", key, *url] if len(url) <= 1:
                self._read_log(_policy_key(key, url, _LOG_ALGORITHMS))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._read_witness(name, _policy_key(key, url, _WITNESS_ALGORITHMS))
            case ["group", name, threshold, *members] if members:
                self._read_group(name, threshold, members)
            case ["quorum", name]:
                self._read_quorum(name)
            case [word, *rest]:
                raise MalformedError(
                    f"{word[:40]!r} with {len(rest)} words, want 'log', 'witness', 'group' or "
                    f"'quorum' with theirs"
                )

    def _read_log(self, log: PolicyKey) -> None:
        if any(log.key.public == it.key.public for it in self.logs):
            raise MalformedError(f"key of log {log.key.name}: stands twice, want once")
        self.logs.append(log)

    def _read_witness(self, name: str, witness: PolicyKey) -> None:
        self._require_new(name)
        # One key under two names would let one witness count for two.
        if any(witness.key.public == it.key.public for it in self.witnesses.values()):
            raise MalformedError(f"key of witness {name}: stands twice, want once")
        self.witnesses[name] = witness

    def _read_group(self, name: str, threshold: str, members: list[str]) -> None:
        self._require_new(name)
        for member in members:
            self._require_defined(member)
            if member in self.members:
                raise MalformedError(f"member {member!r}: stands twice, want once in all groups")
            self.members.add(member)
        words = {"any": 1, "all": len(members)}
        count = words.get(threshold) or parse_decimal("threshold", threshold)
        if not 1 <= count <= len(members):
            raise MalformedError(f"threshold: {count}, want 1 to {len(members)} members")
        self.groups[name] = Group(count, tuple(members))

    def _read_quorum(self, name: str) -> None:
        if self.quorum:
            raise MalformedError("quorum: a second one, want one")
        if name != NO_QUORUM:
            self._require_defined(name)
        self.quorum = name

    def _require_new(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise MalformedError(f"name {name!r}: taken, want another")

    def _require_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedError(f"name {name!r}: unknown, want one of an earlier line")


def _policy_key(vkey: str, url: list[str], algorithms: Collection[int]) -> PolicyKey:
    key = VerifierKey.parse(vkey)
    if key.algorithm not in algorithms:
        want = " or ".join(f"0x{algorithm:02x}" for algorithm in algorithms)
        raise MalformedError(f"key {key.name}: algorithm 0x{key.algorithm:02x}, want {want}")
    return PolicyKey(key, *url)
