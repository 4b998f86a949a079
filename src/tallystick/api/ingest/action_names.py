"""Names of actions, made of the names that other systems give to what was done."""

import re
from collections.abc import Sequence
from typing import Final

from tallystick.events.event import ACTION_PATTERN

MAX_ACTION: Final = 128

# Past tenses that no rule makes. "Get" is what interfaces call reading.
_IRREGULAR: Final = {
    "begin": "begun", "bind": "bound", "build": "built", "cancel": "cancelled",
    "find": "found", "get": "read",
    "give": "given", "hold": "held", "leave": "left", "login": "signed_in",
    "logon": "signed_in", "logout": "signed_out", "lookup": "looked_up", "make": "made",
    "opt": "opted", "put": "put", "read": "read", "reset": "reset", "run": "run",
    "seal": "sealed", "send": "sent", "set": "set", "setup": "set_up", "signin": "signed_in",
    "signout": "signed_out", "split": "split", "submit": "submitted", "take": "taken",
    "transfer": "transferred", "withdraw": "withdrawn", "write": "written",
}  # fmt: skip

_DOUBLING: Final = frozenset({"commit", "drop", "map", "plan", "ship", "stop", "tag", "untag"})

_REGULAR: Final = frozenset({
    "abort", "accept", "access", "acknowledge", "activate", "add", "administer", "allocate",
    "allow", "apply", "approve", "archive", "assign", "associate", "assume", "attach",
    "authenticate", "authorize", "backup", "ban", "block", "book", "calculate", "change",
    "check", "clear", "clone", "close", "complete", "compose", "configure", "confirm",
    "connect", "consume", "contact", "copy", "count", "create", "deactivate", "decline",
    "decode", "decrypt", "define", "delete", "deny", "deploy", "deprecate", "deprovision",
    "deregister", "derive", "describe", "destroy", "detach", "detect", "disable",
    "disassociate", "discard", "disconnect", "discover", "dismiss", "download", "edit",
    "enable", "encrypt", "end", "enroll", "enter", "evaluate", "execute", "exit", "expire",
    "export", "fail", "filter", "finish", "flag", "flush", "forget", "generate", "grant",
    "impersonate", "import", "increase", "initiate", "insert", "install", "invite",
    "invalidate", "invoke", "issue", "join", "kill", "launch", "link", "list", "load", "lock",
    "lookup", "merge", "migrate", "modify", "monitor", "mount", "move", "notify", "open",
    "pause", "perform", "poll", "post", "predict", "prepare", "preview", "print", "process",
    "promote", "provision", "publish", "purchase", "purge", "query", "reactivate", "reboot",
    "rebuild", "receive", "record", "recover", "redeem", "refresh", "refund", "register",
    "reject", "release", "reload", "remove", "rename", "renew", "reorder", "repair",
    "replace", "replicate", "report", "request", "resend", "resolve", "restart", "restore",
    "resume", "retire", "retrieve", "retry", "return", "review", "revoke", "rotate", "save",
    "scale", "scan", "schedule", "search", "select", "share", "sign", "simulate", "start",
    "subscribe", "suspend", "swap", "switch", "sync", "synchronize", "terminate", "test",
    "track", "transform", "unarchive", "unassign", "unassociate", "uninstall", "unlink",
    "unlock", "unmount", "unpublish", "unsubscribe", "update", "upgrade", "upload", "use",
    "validate", "verify", "view", "void",
})  # fmt: skip

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+").findall
_API_VERSION: Final = re.compile(r"(?:\d{8}(?:v\d+)?|V\d+)\Z")
_is_action: Final = re.compile(ACTION_PATTERN).match


def past_tense(verb: str) -> str | None:
    """Write a verb in the past tense, as actions do.

    Args:
        verb: In lower case.

    Returns:
        The past tense, several words joined by ``_``; None for what is not known as a verb.
    """
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _DOUBLING:
        return f"{verb}{verb[-1]}ed"
    if verb not in _REGULAR:
        return None
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if re.search(r"[^aeiou]y\Z", verb) else f"{verb}ed"


def action_name(name: str, noun: str) -> str:
    """Make an action of a foreign name.

    The verb is sought at the front (``DeleteBucket``, ``delete_bucket``), then at the end
    (``BUCKET_DELETE``, ``BucketDeleted``); what is left is the noun. ``Batch`` before a verb goes
    before the past tense. A name in which no verb is known has ``occurred``. A name that is an
    action already, such as ``bucket.deleted``, stays.

    Args:
        name: The foreign name.
        noun: What was acted upon, for a name that is a verb alone.

    Returns:
        ``noun.verb_in_past_tense``, at most 128 characters; characters other than ASCII letters
        and digits separate words.
    """
    if len(name) <= MAX_ACTION and _is_action(name):
        return name
    words = _words(_API_VERSION.sub("", name))
    batch = words[:1] == ["batch"] and len(words) > 1
    things, verb = _verb_apart(words[1:] if batch else words)
    spelled = "_".join(things) or "_".join(_words(noun)) or "thing"
    verb = f"batch_{verb}" if batch else verb
    return f"{spelled[: MAX_ACTION - 1 - len(verb)]}.{verb}"


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD(name)]


def _verb_apart(words: Sequence[str]) -> tuple[Sequence[str], str]:
    if not words:
        return [], "occurred"
    if first := past_tense(words[0]):
        return words[1:], first
    if last := past_tense(words[-1]):
        return words[:-1], last
    if words[-1].endswith("ed") and len(words[-1]) <= MAX_ACTION // 2:
        return words[:-1], words[-1]
    return words, "occurred"
