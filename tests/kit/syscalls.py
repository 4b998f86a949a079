"""What strace saw a door do: when it wrote its ledger, when it synced, when it answered.

Two rules are looked for. *Strict*: no answer leaves while anything written to the ledger is not
yet synced; it holds where one request at a time is under way. *By content*: an answer names
events, and the bytes of each were written to the write-ahead log and synced by the same thread
before the answer began to leave; it holds whatever else goes on.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,unlink,write,writev,pwrite64,pwritev,pwritev2,send,sendto,sendmsg,sendmmsg,sendfile,"
    "splice,ftruncate,fallocate,fsync,fdatasync,sync_file_range,msync,io_uring_setup"
)
_WHOLE_PAGE = 200_000

_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)", re.DOTALL)
_FILE = re.compile(r"(?:AT_FDCWD<[^>]*>, )?(?:\d+<((?:->|[^>])*)>|\"([^\"]*)\")")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SYNCS = {"fsync", "fdatasync"}


def why_not() -> str | None:
    """Say why strace can't be used here, or return None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False
    )
    return "ptrace is not permitted here" if tried.returncode else None


def tracing(trace: Path) -> list[str]:
    """Return the command that runs another one and writes down its system calls."""
    shown = ["-f", "--seccomp-bpf", "-qq", "-yy", "-s", str(_WHOLE_PAGE), "-e", "signal=none"]
    return ["strace", *shown, "-e", f"trace={CALLS}", "-o", str(trace)]


@dataclass(frozen=True, slots=True)
class Call:
    """One system call; it began at line ``start`` and was over at line ``end``."""

    start: int
    end: int
    thread: str
    name: str
    file: str
    text: str = field(repr=False)
    failed: bool = False


def read_calls(trace: Path) -> list[Call]:
    """Read a trace, and join each call that others interrupted; in order of beginning."""
    begun: dict[str, tuple[int, str, str]] = {}
    calls: list[Call] = []
    with trace.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            match = _LINE.match(line)
            if match is None:
                continue  # an exit
            thread, name, rest = match.groups()
            if rest.endswith("<unfinished ...>\n"):
                begun[thread] = number, name, rest
                continue
            start, _, first = begun.pop(thread, (number, name, ""))
            calls.append(_call(start, number, thread, name, first + rest))
    return sorted(calls, key=lambda call: call.start)


def _call(start: int, end: int, thread: str, name: str, text: str) -> Call:
    found = _FILE.match(text)
    file = (found[1] or found[2] or "") if found else ""
    return Call(start, end, thread, name, file, text, " = -1 " in text[-200:])


@dataclass
class Story:
    """The calls of one door that matter.

    Args:
        calls: All calls.
        data: The data folder.
        port: Where the door listens.
    """

    calls: Sequence[Call]
    data: Path
    port: int

    def answers(self) -> list[Call]:
        """Return the beginnings of answers to POST requests that acknowledge something."""
        return [
            call
            for call in self.calls
            if call.file.startswith("TCP:[") and f":{self.port}->" in call.file
            if re.search(r"HTTP/1\.1 20[01] (?:Created|OK)", call.text) and "leaf_hash" in call.text
        ]

    def ledger_writes(self) -> list[Call]:
        """Return what was written into the database and its write-ahead log."""
        return [call for call in self.calls if call.name not in _SYNCS if self._is_dirtying(call)]

    def strict_violations(self) -> list[str]:
        """Name each answer that left while something of the ledger was not synced."""
        return [
            f"answer at line {answer.start}: {write.name} to {write.file} since line {write.start}"
            for answer in self.answers()
            for write in self._unsynced(answer.start)
        ]

    def content_violations(self) -> list[str]:
        """Name each event that was acknowledged before its bytes were synced."""
        return [
            f"answer at line {answer.start}: {event_id} {said}"
            for answer in self.answers()
            for event_id in sorted(set(_UUID.findall(answer.text)))
            if (said := self._said_of(event_id, answer))
        ]

    def _said_of(self, event_id: str, answer: Call) -> str:
        holding = (
            call
            for call in self.ledger_writes()
            if call.file.endswith("-wal")
            if event_id in call.text
        )
        write = next(holding, None)
        if write is None or write.end >= answer.start:
            return "is not written"
        synced = any(
            sync.thread == write.thread and sync.start > write.end and sync.end < answer.start
            for sync in self._syncs(write.file)
        )
        return "" if synced else "is written and not synced"

    def _unsynced(self, line: int) -> Iterator[Call]:
        for write in self.ledger_writes():
            if write.start < line and not any(
                sync.start > write.end and sync.end < line for sync in self._syncs(write.file)
            ):
                yield write

    def _syncs(self, file: str) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.name in _SYNCS and call.file == file and not call.failed
        ]

    def _is_dirtying(self, call: Call) -> bool:
        database = str(self.data / "ledger.db")
        if call.name in {"openat", "unlink"}:
            return False
        return call.file in {database, f"{database}-wal", f"{database}-journal"}

    def folder_synced_before(self, line: int) -> bool:
        """Whether the write-ahead log's name in its folder was made durable.

        It is, if the folder was synced after the log was made anew and before ``line``.
        """
        wal = str(self.data / "ledger.db-wal")
        gone = [c.end for c in self.calls if c.name == "unlink" and c.file == wal and c.end < line]
        made = [
            c.end
            for c in self.calls
            if c.name == "openat" and "O_CREAT" in c.text and f'"{wal}"' in c.text
            if c.end > max(gone, default=-1)
        ]
        return any(made[0] < sync.start and sync.end < line for sync in self._syncs(str(self.data)))
