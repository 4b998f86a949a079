"""Events for tests and benchmarks."""


def reference_event(i: int) -> dict[str, object]:
    """Return event number ``i``: 565 bytes of JSON or a little less or more."""
    user = i * 7_919 % 200_000
    return {
        "id": f"0199e0aa-{i >> 16 & 0xFFFF:04x}-7{i & 0xFFF:03x}-8def-{i:012x}",
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T02:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1_000_000:06d}Z",
        "outcome": "success",
        "actor": {
            "type": "user",
            "id": f"user_{user:06d}",
            "name": f"Ada Lovelace {user}",
            "email": f"ada.{user}@example.com",
        },
        "targets": [{"type": "document", "id": f"doc_{i:07d}", "name": "Quarterly report"}],
        "context": {
            "ip": f"203.0.{user >> 8 & 0xFF}.{user & 0xFF}",
            "request_id": f"req_{i:016x}",
            "channel": "ui",
            "service": "documents",
            "release": "2026.11.3",
            "session_id": f"s_{user:016x}",
        },
        "metadata": {
            "plan": "business",
            "bytes": 1_234 + i,
            "shared": True,
            "folder": "finance/q3",
        },
    }
