"""Varied events as applications send them: every field, ties, odd texts, things left out.

They share values, so that questions about these find some of the events and not all.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from random import Random  # noqa: TID251 (a seed makes the same events again)
from typing import Any
from uuid import UUID

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 70
ZONES = (UTC, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5, minutes=-30)))
WORDS = (
    *("Quarterly", "report", "REPORT", "über", "Straße", "naïve", "v2", "x", "2026", "10", "9"),
    *("delete", "Ümlaut", "東京", "invoice", "ΟΔΟΣ", "İstanbul", "a" * 300, "résumé"),
)
JOINTS = (" ", "—", "_", ".", "-", " “", "/", "\n", ", ", "\t")
NAMES = (
    *(
        "Ada Lovelace",
        "ada lovelace",
        "Émile Zola",
        "",
        "O'Brien",
        'the "boss"',
        "a%b",
        "back\\slash",
    ),
    *("*", "?", "100", "(x)", "{p0:String}", "' OR 1=1 --", "Grace Hopper", "Bob"),
)
ACTIONS = (
    *("document.deleted", "document.read", "user.suspended", "session.started", "invoice.paid"),
    *("subscription.created", "seat.added", "made_up.by_nobody", "made_up.twice", "patient.merged"),
)
ADDRESSES = (
    *("10.0.0.9", "10.0.0.10", "10.1.2.3", "192.168.0.0", "2001:DB8::1", "2001:db8:0::7", "::1"),
    *("203.0.113.77", "2001:db8::ff00"),
)
DOORS = (("native", "00000000000000aa"), ("bulk", "00000000000000bb"), ("otlp", "00000000000000cc"))
PERSONS = 40


class Maker:
    """Makes events.

    Args:
        seed: Makes the same events again.

    Attributes:
        count: How many it has made.
    """

    def __init__(self, seed: int) -> None:
        self.count = 0
        self._random = Random(seed)  # noqa: S311 (no secret)

    def event(self) -> dict[str, Any]:
        """Make one."""
        self.count += 1
        event: dict[str, Any] = {
            "action": self._one(*ACTIONS),
            "occurred_at": self._time(),
            "outcome": self._one("success", "success", "failure", "denied"),
            "actor": self._actor(),
            **self._maybe(0.8, targets=lambda: self._some(3, self._target)),
            **self._maybe(0.5, context=self._context),
            **self._maybe(0.4, message=self._phrase),
            **self._maybe(0.4, metadata=self._metadata),
            **self._maybe(0.4, duration_ms=lambda: self._below(30) * 100),
            **self._maybe(0.6, severity=lambda: self._one(*SEVERITIES)),
            **self._maybe(0.3, reason=self._reason),
            **self._maybe(0.3, changes=lambda: self._some(3, self._change)),
            **self._maybe(0.2, delegation=lambda: self._some(2, self._delegation)),
            **self._maybe(0.2, agent=self._agent),
            **self._maybe(0.2, purpose=self._purpose),
            **self._maybe(0.2, operation=self._operation),
            **self._maybe(0.2, links=lambda: self._some(2, self._link)),
            **self._maybe(0.3, source=self._source),
            **self._maybe(0.2, version=lambda: self._below(4) + 1),
            **self._maybe(0.1, targets_total=lambda: self._below(9)),
        }
        if self._below(10):
            event["id"] = str(UUID(int=self._random.getrandbits(122) | 1 << 127, version=4))
        else:
            event["external_id"] = f"ext {self._below(10**9)}"
        return event

    def _actor(self) -> dict[str, Any]:
        person = self._below(PERSONS)
        parts = self._maybe(
            0.8,
            id=lambda: f"u-{person}",
            name=lambda: NAMES[person % len(NAMES)],
            email=lambda: f"{self._one('ada', 'Bob', 'Émile')}{person}@{self._one('a', 'B')}.com",
            authenticated_by=lambda: self._one("password", "passkey", "sso"),
            home_tenant=lambda: self._one("home-1", "home 2"),
            roles=lambda: self._random.sample(("admin", "editor", "viewer"), self._below(3)),
        )
        return {"type": self._one("user", "service", "agent"), **parts}

    def _target(self) -> dict[str, Any]:
        return {
            "type": self._one("document", "user", "big folder"),
            **self._maybe(
                0.6,
                id=lambda: f"t-{self._below(30)}",
                name=lambda: self._one("", self._phrase(), *NAMES[:3]),
                role=lambda: self._one("object", "recipient", "parent"),
                metadata=lambda: {"k": self._one("v", 7, True, "7"), "deep": {"er": [1, "two"]}},
                subject=lambda: {
                    "id": f"u-{self._below(PERSONS)}",
                    **self._maybe(0.5, name=lambda: self._one(*NAMES)),
                },
            ),
        }

    def _context(self) -> dict[str, Any]:
        return self._maybe(
            0.5,
            ip=lambda: self._one(*ADDRESSES, f"10.0.{self._below(3)}.{self._below(256)}"),
            user_agent=lambda: f"Browser/{self._below(9)}.1 (of {self._one('X11', 'iPad')})",
            session_id=lambda: f"s_{self._below(20)}",
            request_id=lambda: f"req-{self._below(50)}",
            trace_id=lambda: f"{self._below(20):032x}",
            span_id=lambda: f"{self._below(20):016x}",
            channel=lambda: self._one("ui", "api", "job"),
            service=lambda: self._one("documents", "sign in"),
            release=lambda: f"2026.{self._below(9)}",
            location=lambda: self._one("Berlin, DE", "東京", "Zürich"),
        )

    def _metadata(self) -> dict[str, Any]:
        return self._maybe(
            0.5,
            plan=lambda: self._one("pro", "Pro plus", "free", ""),
            size=lambda: self._one(5, 5.5, -3, "5", 10**20, 0, "12", True),
            tags=lambda: self._random.sample(("red", "blue", "BLUE", "5"), self._below(4)),
            a=lambda: {"b": self._one(1, "1", "x"), "c": {"d": self._phrase()}},
        )

    def _reason(self) -> dict[str, Any]:
        return self._maybe(0.7, code=lambda: self._one("expired", "no right"), text=self._phrase)

    def _change(self) -> dict[str, Any]:
        value = (1, "1", "old", 2.5, "", None, {"deep": ["er", 1]}, [1, 2], True, "-7")
        sides = self._maybe(0.7, before=lambda: self._one(*value), after=lambda: self._one(*value))
        return {"path": f"/{self._one('a', 'b/c')}", "op": self._one("add", "replace"), **sides}

    def _delegation(self) -> dict[str, Any]:
        principal = self._maybe(
            0.7, id=lambda: f"u-{self._below(PERSONS)}", name=lambda: self._one(*NAMES)
        )
        return {
            "kind": self._one("impersonation", "on_behalf_of"),
            "principal": {"type": self._one("user", "service"), **principal},
            **self._maybe(
                0.7,
                reason=self._phrase,
                grant_id=lambda: f"g-{self._below(5)}",
                approved_by=lambda: f"u-{self._below(9)}",
            ),
        }

    def _agent(self) -> dict[str, Any]:
        names = ("id", "model", "version", "run_id", "tool", "protocol", "approval_id")
        return {name: f"{name} {self._below(4)}" for name in names if self._below(3)}

    def _purpose(self) -> dict[str, Any]:
        return self._maybe(
            0.7,
            code=lambda: self._one("support", "fraud check"),
            text=self._phrase,
            case_id=lambda: f"case {self._below(9)}",
        )

    def _operation(self) -> dict[str, Any]:
        more = self._maybe(0.7, part=lambda: self._below(4) + 1, parts=lambda: 4)
        return {"id": f"op-{self._below(9)}", **more}

    def _link(self) -> dict[str, Any]:
        rel = self._one("corrects", "caused_by")
        return {"rel": rel, "id": str(UUID(int=self._below(9) | 1 << 127, version=4))}

    def _source(self) -> dict[str, Any]:
        more = self._maybe(0.7, sequence=lambda: self._one(self._below(40), 2**53 - 1))
        return {"id": self._one("edge-1", "edge 2"), **more}

    def _time(self) -> str:
        # Few moments for half of the events, and those of one millisecond apart: ties.
        if self._below(2):
            at = START + timedelta(minutes=self._below(40) * 37, microseconds=self._below(3))
        else:
            at = START + timedelta(
                seconds=self._below(DAYS * 86_400), microseconds=self._below(10**6)
            )
        return str(at.astimezone(self._one(*ZONES)).isoformat())

    def _phrase(self) -> str:
        size = self._below(4) + 1
        return "".join(f"{self._one(*WORDS)}{self._one(*JOINTS)}" for _ in range(size))

    def _some(self, most: int, make: Callable[[], Any]) -> list[Any]:
        return [make() for _ in range(self._below(most) + 1)]

    def _maybe(self, chance: float, **makers: Callable[[], Any]) -> Mapping[str, Any]:
        return {name: make() for name, make in makers.items() if self._random.random() < chance}

    def _one(self, *values: Any) -> Any:  # noqa: ANN401 (any JSON)
        return self._random.choice(values)

    def _below(self, end: int) -> int:
        return self._random.randrange(end)


SEVERITIES = ("informational", "low", "medium", "high", "critical")
