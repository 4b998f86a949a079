"""Documents as applications send them to Elasticsearch, and what is to be found among them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
ACTIONS = ("document.deleted", "document.read", "user.created", "invoice.sent")
OUTCOMES = ("success", "failure", "denied")

Document = dict[str, object]


def documents(count: int) -> list[Document]:
    """Make documents in the Elastic Common Schema, of which several share each moment."""
    return [_document(number) for number in range(count)]


def document_id(number: int) -> str:
    """Return the id under which a document is sent."""
    return str(UUID(int=0x1994_0000_0000_7000_8000_0000_0000_0000 + number))


def action_of(number: int) -> str:
    """Return what was done."""
    return ACTIONS[number % len(ACTIONS)]


def moment_of(number: int) -> datetime:
    """Return when it was done."""
    return START + timedelta(hours=number // 3)


def numbers_with(count: int, action: str) -> Iterable[int]:
    """Return which of the documents tell of an action."""
    return (number for number in range(count) if action_of(number) == action)


def _document(number: int) -> Document:
    return {
        "@timestamp": moment_of(number).isoformat(),
        "event": {"action": action_of(number), "outcome": OUTCOMES[number % 3]},
        "user": {"id": f"u{number % 7}", "name": "Ada Lovelace"},
        "message": f"the report number {number}",
    }
