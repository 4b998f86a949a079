"""Cosign: witnesses vouch for each super-checkpoint before it is published (ADR 0013).

What a witness answers is believed only as far as its key in the policy proves it. A witness can
withhold its word; it cannot make us publish a note that verifiers refuse.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tallystick.errors import MalformedError, TallystickError, VerificationError
from tallystick.ledger.ports import Clock, Snapshot, Transaction, Value, WitnessAnswer, Witnesses
from tallystick.ledger.published import PUBLISHING, latest
from tallystick.ledger.queries import as_int, as_text
from tallystick.tlog.cosignature import verify_cosignature
from tallystick.tlog.key import MLDSA44_COSIGNATURE, VerifierKey
from tallystick.tlog.note import Note, Signature
from tallystick.tlog.policy import NO_QUORUM, Policy

MAX_WITNESSES: Final = 64
"""More signature lines would not leave a note room for those of others."""

MAX_SKEW_S: Final = 300
"""How far a witness's clock may be from ours for its cosignature to count."""

_SECOND: Final = 1_000_000

Say = Callable[[str], object]
Prove = Callable[[int], Sequence[bytes]]


class Vouched(NamedTuple):
    """What became of showing a checkpoint to the witnesses.

    Attributes:
        note: The note with all cosignatures that hold.
        quorum: Whether they make the policy's quorum.
        problems: For each witness asked, why it did not cosign; empty where it did.
        newer: Answers of witnesses that contradict us, and show the checkpoint that they have.
    """

    note: Note
    quorum: bool
    problems: Mapping[str, str]
    newer: Sequence[WitnessAnswer]


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the witnesses.

    Attributes:
        quorum: Whether the newest super-checkpoint had its quorum when it was published.
        quorum_at: When the newest that had one was signed, in microseconds since
            1970-01-01T00:00:00Z; None if none ever had.
        problems: By witness, why it did not cosign when it was asked last; empty where it did.
    """

    quorum: bool
    quorum_at: int | None
    problems: Mapping[str, str]

    @property
    def answering(self) -> int:
        """Number of witnesses that cosigned when they were asked last."""
        return sum(not problem for problem in self.problems.values())


class Cosigning:
    """Collects cosignatures by a policy.

    Args:
        policy: Which witnesses there are, and how many of them must have cosigned.
        witnesses: Reaches them.
        clock: The time that theirs is compared with.
        say: Told, in a line each, when the quorum is lost and when it is there again.
    """

    def __init__(
        self, policy: Policy, witnesses: Witnesses, clock: Clock, say: Say = lambda _line: None
    ) -> None:
        self.policy = policy
        self.witnesses = witnesses
        self._clock = clock
        self._say = say
        self._met: bool | None = None

    def collect(self, note: Note, size: int, prove: Prove) -> Vouched:
        """Show a signed checkpoint to all witnesses, and keep the cosignatures that hold."""
        answers = self.witnesses.cosign(note.format(), size, prove)
        now_s = self._clock.now() // _SECOND
        held: dict[str, Signature] = {}
        problems = dict.fromkeys(self.policy.witnesses, "no answer within the deadline")
        for answer in answers:
            key = self.policy.witnesses[answer.name].key
            try:
                held[answer.name] = _cosignature(answer, note, key, now_s)
                problems[answer.name] = ""
            except TallystickError as error:
                problems[answer.name] = str(error)
        lines = [held[name] for name in self.policy.witnesses if name in held]
        quorum = self.policy.satisfied_by(self.policy.witnesses[name].key for name in held)
        self._tell(quorum, problems)
        newer = [answer for answer in answers if answer.newest]
        return Vouched(note.with_signatures(*lines), quorum, problems, newer)

    def _tell(self, quorum: bool, problems: Mapping[str, str]) -> None:
        if quorum == self._met or (quorum and self._met is None):
            self._met = quorum
            return
        self._met = quorum
        if quorum:
            self._say("witnesses: quorum again, receipts are cosigned")
            return
        why = "; ".join(f"{name}: {problem}" for name, problem in problems.items() if problem)
        self._say(f"witnesses: no quorum, receipts stay published and are not cosigned ({why})")


def note_answers(tx: Transaction, problems: Mapping[str, str], now: int) -> None:
    """Keep what each witness said, for operators to see; those not asked are forgotten."""
    rows: list[dict[str, Value]] = [
        {
            "name": name,
            "asked_at": now,
            "cosigned_at": None if problem else now,
            "problem": problem,
        }
        for name, problem in problems.items()
    ]
    tx.execute(PUBLISHING["note_witness"], rows)
    tx.execute(PUBLISHING["forget_witnesses"], [{"asked_at": now}])


def standing(snapshot: Snapshot) -> Standing | None:
    """Say how it stands with the witnesses; None where none was ever asked."""
    rows = snapshot.rows(PUBLISHING["witnesses"])
    last = latest(snapshot)
    if not rows or last is None:
        return None
    ((quorum_at,),) = snapshot.rows(PUBLISHING["last_quorum"])
    return Standing(
        last.quorum,
        None if quorum_at is None else as_int(quorum_at),
        {as_text(name): as_text(problem) for name, _, _, problem in rows},
    )


def check_policy(policy: Policy) -> Policy:
    """Refuse a policy by which no cosignatures can be collected.

    Raises:
        MalformedError: It has too many witnesses, or those with an address are no quorum.
    """
    if len(policy.witnesses) > MAX_WITNESSES:
        raise MalformedError(
            f"policy: {len(policy.witnesses)} witnesses, want at most {MAX_WITNESSES}"
        )
    if not policy.satisfied_by(it.key for it in policy.witnesses.values() if it.url):
        raise MalformedError(
            f"policy: witnesses with a URL do not make quorum {policy.quorum}, want enough of them"
        )
    return policy


def format_policy(policy: Policy, log_vkey: str) -> str:
    """Write a policy for strangers: one log, the witnesses, groups and quorum, no comments."""
    lines = [f"log {log_vkey}"]
    lines += [
        f"witness {name} {it.key.vkey()} {it.url}".rstrip() for name, it in policy.witnesses.items()
    ]
    lines += [
        f"group {name} {group.threshold} {' '.join(group.members)}"
        for name, group in policy.groups.items()
    ]
    return "".join(f"{line}\n" for line in [*lines, f"quorum {policy.quorum or NO_QUORUM}"])


def _cosignature(answer: WitnessAnswer, note: Note, key: VerifierKey, now_s: int) -> Signature:
    """Find the cosignature of a witness's own key in its answer; other lines are left out.

    Raises:
        MalformedError: The answer holds something else than signature lines.
        VerificationError: None is by this key, one is false, or its time is not about now.
    """
    if answer.problem or answer.newest:
        raise VerificationError(answer.problem or "knows of a newer checkpoint than ours")
    for signature in _signatures(answer.lines):
        if (signature.name, signature.key_id) != (key.name, key.key_id):
            continue
        time_s = verify_cosignature(note.text, signature, key)
        timeless = key.algorithm == MLDSA44_COSIGNATURE and time_s == 0
        if not timeless and abs(time_s - now_s) > MAX_SKEW_S:
            raise VerificationError(
                f"cosignature: made {time_s - now_s:+,} s from now, want within {MAX_SKEW_S} s"
            )
        return signature
    raise VerificationError(f"answer: no cosignature by {key.name}, want one")


def _signatures(lines: str) -> Iterator[Signature]:
    if not lines.endswith("\n"):
        raise MalformedError("answer: not ended by a newline, want signature lines")
    for line in lines[:-1].split("\n"):
        yield Signature.parse(line)
