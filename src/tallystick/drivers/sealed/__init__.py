"""Sealed files: encrypted for somebody, in pieces, so that no cut and no change goes unseen."""

from tallystick.drivers.sealed.keys import (
    Passphrase,
    Recipient,
    RecipientKey,
    create_key_file,
    read_key_file,
)
from tallystick.drivers.sealed.parts import PartsReader, PartsWriter
from tallystick.drivers.sealed.stream import SealedReader, SealedWriter

__all__ = [
    "PartsReader",
    "PartsWriter",
    "Passphrase",
    "Recipient",
    "RecipientKey",
    "SealedReader",
    "SealedWriter",
    "create_key_file",
    "read_key_file",
]
