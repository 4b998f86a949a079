"""Looks for values in files as somebody would who is not supposed to find them."""

import json
import os
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_MAX_OUTPUT = 1 << 24


def spellings(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield the ways in which a value may be written, with a name for each."""
    plain = value.encode()
    yield "utf-8", plain
    yield "utf-16-le", value.encode("utf-16-le")
    yield "utf-16-be", value.encode("utf-16-be")
    yield "json", json.dumps(value)[1:-1].encode()
    yield "hex", plain.hex().encode()
    yield "HEX", plain.hex().upper().encode()
    for alignment in range(3):
        # Only the letters that do not depend on what stands around the value.
        encoded = b64encode(bytes(alignment) + plain)
        start = (alignment * 8 + 5) // 6
        end = (alignment + len(plain)) * 8 // 6
        yield f"base64 at {alignment}", encoded[start:end]


def traces(folder: Path, values: Iterable[str]) -> list[tuple[str, str, str]]:
    """Find values below a folder: (file, value, spelling), also inside gzip and zstd."""
    needles = [(value, name, text) for value in values for name, text in spellings(value)]
    found: list[tuple[str, str, str]] = []
    for path in _files(folder):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # a running engine has just removed it
            continue
        for layer, data in _layers(content):
            found += [
                (path.name, value, f"{name} {layer}".strip())
                for value, name, text in needles
                if text in data
            ]
    return found


def _files(folder: Path) -> list[Path]:
    """List all files; a folder that goes while it is walked through has none."""
    walked = os.walk(folder)
    paths = (Path(place, name) for place, _, names in walked for name in names)
    return sorted(path for path in paths if path.is_file())


def _layers(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "", data
    for name, magic, unpack in (("in gzip", _GZIP, _gunzip), ("in zstd", _ZSTD, _unzstd)):
        at = data.find(magic)
        while at >= 0:
            unpacked = unpack(data[at:])
            if unpacked:
                yield name, unpacked
            at = data.find(magic, at + 1)


def _gunzip(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _MAX_OUTPUT)
    except zlib.error:
        return b""


def _unzstd(data: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)[:_MAX_OUTPUT]
    except zstandard.ZstdError:
        return b""
