"""What a tenant's people, jobs and agents do on an ordinary day."""

from collections.abc import Callable, Sequence
from random import Random  # noqa: TID251 (deterministic demo data: the same day for everybody)
from typing import Final

from tallystick.cli.generated_people import Person

Event = dict[str, object]

_TITLES: Final = (
    "Quarterly report", "Onboarding guide", "Price list", "Board minutes", "Release plan",
    "Supplier contract", "Travel policy", "Incident review", "Hiring plan", "Roadmap",
)  # fmt: skip
_FOLDERS: Final = ("finance/q3", "people", "product/specs", "legal", "sales/2026")
_NIGHT_S: Final = 5 * 3_600
_JOBS: Final = ("nightly-backup", "search-indexer", "invoice-runner")
_SUPPORT: Final = {
    "type": "user", "id": "usr_northwind_03", "name": "Signe Aalto",
    "email": "signe.aalto@northwind.example", "roles": ["support"], "authenticated_by": "mfa",
    "home_tenant": "northwind",
}  # fmt: skip


class Work:
    """Makes a tenant's events.

    Args:
        tenant: Its name.
        people: Who works there.
        chance: Where everything is drawn from.
    """

    def __init__(self, tenant: str, people: Sequence[Person], chance: Random) -> None:
        self._tenant = tenant
        self._people = people
        self._chance = chance
        self._requests = 0
        self._impersonated = False
        self._kinds: dict[Callable[[], Event], float] = {
            self._read: 38, self._updated: 18, self._created: 8, self._shared: 5,
            self._downloaded: 6, self._deleted: 1.5, self._signed_in: 6, self._signed_out: 3,
            self._refused: 1.2, self._agent: 4, self._job: 5, self._invoice: 2,
            self._paid: 1, self._exported: 0.3, self._role: 0.3, self._setting: 0.2,
            self._key: 0.15, self._invited: 0.3, self._support: 0.5,
        }  # fmt: skip

    def event(self, second: float) -> Event:
        """Make one event, without id and time.

        Args:
            second: Of the day; at night jobs work alone.
        """
        if second < _NIGHT_S and self._tenant == "acme":
            return self._job()
        (kind,) = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        return kind()

    def _read(self) -> Event:
        return self._upon("document.read", self._document(), bytes=self._bytes())

    def _updated(self) -> Event:
        event = self._upon("document.updated", self._document(), bytes=self._bytes())
        revision = self._chance.randrange(2, 60)
        event["changes"] = [
            {"path": "/revision", "op": "replace", "before": revision - 1, "after": revision,
             "target": 0},
        ]  # fmt: skip
        return event

    def _created(self) -> Event:
        return self._upon("document.created", self._document(), bytes=self._bytes())

    def _downloaded(self) -> Event:
        return self._upon("document.downloaded", self._document(), format="pdf")

    def _deleted(self) -> Event:
        return self._upon("document.deleted", self._document())

    def _shared(self) -> Event:
        person, event = self._someone(), self._upon("document.shared", self._document())
        event["targets"] = [
            self._document(),
            {"type": "user", "id": person.id, "name": person.name, "role": "recipient",
             "subject": {"id": person.id, "name": person.name}},
        ]  # fmt: skip
        return event

    def _signed_in(self) -> Event:
        return self._upon("session.started", None, method="password")

    def _signed_out(self) -> Event:
        return self._upon("session.ended", None)

    def _refused(self) -> Event:
        """Somebody mistypes a name or a password: nobody knows yet who it is."""
        person = self._someone()
        event = self._upon("session.refused", None, person, outcome="failure", method="password")
        event["actor"] = {"type": "anonymous", "email": person.email}
        event["reason"] = {"code": self._chance.choice(["wrong_password", "unknown_user"])}
        return event

    def _agent(self) -> Event:
        """An agent writes or reads in somebody's name."""
        person = self._someone()
        action = self._chance.choice(["document.read", "document.read", "document.updated"])
        event = self._upon(action, self._document(), person)
        run = f"run_{self._chance.randrange(16**8):08x}"
        event["actor"] = {"type": "agent", "id": "agt_scribe", "name": "Scribe"}
        event["delegation"] = [
            {"kind": "agent", "principal": {"type": "user", "id": person.id, "name": person.name}}
        ]
        event["agent"] = {"id": "agt_scribe", "model": "scribe-2", "run_id": run, "protocol": "mcp"}
        event["context"] = {"channel": "mcp", "service": "documents", "request_id": self._request()}
        return event

    def _job(self) -> Event:
        job = self._chance.choice(_JOBS)
        action = "invoice.issued" if job == "invoice-runner" else "document.read"
        target = self._bill() if job == "invoice-runner" else self._document()
        return {
            "action": action,
            "outcome": "success",
            "actor": {"type": "service", "id": f"svc_{job}", "name": job},
            "targets": [target],
            "context": {"channel": "job", "service": job, "request_id": self._request()},
        }

    def _invoice(self) -> Event:
        return self._upon("invoice.issued", self._bill(), self._admin())

    def _paid(self) -> Event:
        return self._upon("invoice.paid", self._bill(), self._admin())

    def _exported(self) -> Event:
        target: Event = {"type": "folder", "id": self._chance.choice(_FOLDERS), "role": "object"}
        return self._upon("data.exported", target, rows=self._chance.randrange(5, 80), format="csv")

    def _role(self) -> Event:
        person = self._someone()
        target = self._person(person)
        role = self._chance.choice(["editor", "viewer", "billing"])
        return self._upon("role.assigned", target, self._admin(), role=role)

    def _setting(self) -> Event:
        target: Event = {"type": "setting", "id": "session.lifetime", "role": "object"}
        return self._upon("setting.updated", target, self._admin())

    def _key(self) -> Event:
        key = f"key_{self._chance.randrange(16**8):08x}"
        target: Event = {"type": "api_key", "id": key, "role": "object"}
        return self._upon("api_key.created", target, self._admin())

    def _invited(self) -> Event:
        return self._upon("user.invited", self._person(self._someone()), self._admin())

    def _support(self) -> Event:
        """Northwind's support looks at the product as a customer's user sees it."""
        self._impersonated = not self._impersonated
        action = "impersonation.started" if self._impersonated else "impersonation.ended"
        person = self._people[-1]
        event = self._upon(action, self._person(person), person)
        event["actor"] = dict(_SUPPORT)
        event["context"] = {
            "ip": "198.51.100.250", "request_id": self._request(), "channel": "ui",
            "service": "support",
        }  # fmt: skip
        event["delegation"] = [
            {"kind": "impersonation", "reason": "customer asked for help",
             "principal": {"type": "user", "id": person.id, "name": person.name}}
        ]  # fmt: skip
        event["purpose"] = {"code": "support", "case_id": f"case-{4_000 + self._requests}"}
        return event

    def _upon(
        self,
        action: str,
        target: Event | None,
        person: Person | None = None,
        outcome: str = "success",
        **more: object,
    ) -> Event:
        who = person or self._someone()
        event: Event = {
            "action": action,
            "outcome": outcome,
            "actor": who.actor(),
            "context": {
                "ip": who.ip,
                "user_agent": who.user_agent,
                "session_id": f"ses_{who.id}",
                "request_id": self._request(),
                "channel": "ui",
                "service": action.partition(".")[0],
            },
        }
        if target is not None:
            event["targets"] = [target]
        return {**event, "metadata": dict(more)} if more else event

    def _someone(self) -> Person:
        return self._chance.choice(self._people)

    def _admin(self) -> Person:
        return self._chance.choice([person for person in self._people if person.is_admin])

    def _document(self) -> Event:
        number = min(int(self._chance.paretovariate(0.7)), 900)  # few are read again and again
        title = _TITLES[number % len(_TITLES)]
        return {"type": "document", "id": f"doc_{number:04d}", "name": title, "role": "object"}

    def _bill(self) -> Event:
        return {"type": "invoice", "id": f"inv_{self._chance.randrange(10_000):05d}"}

    def _person(self, person: Person) -> Event:
        subject = {"id": person.id, "name": person.name}
        return {"type": "user", "id": person.id, "name": person.name, "subject": subject}

    def _request(self) -> str:
        self._requests += 1
        return f"req_{self._tenant}_{self._requests:06d}"

    def _bytes(self) -> int:
        return self._chance.randrange(2_000, 900_000)
