"""Test vectors that other people made, read where they lie: beside the checkout."""

import json
from pathlib import Path
from typing import Any

import pytest

from kit.checkout import ROOT

VECTORS = ROOT.parent / "shared" / "vectors"


def vector(name: str) -> Path:
    """Return a vector's path, or skip the test where the vectors are not at hand."""
    if not (VECTORS / name).exists():
        pytest.skip(f"foreign vectors: no ../shared/vectors/{name}")
    return VECTORS / name


def json_vector(name: str) -> Any:  # noqa: ANN401 - JSON has many forms
    """Read a vector of JSON."""
    return json.loads(vector(name).read_text("utf-8"))


def text_vector(name: str) -> str:
    """Read a vector of text, without translating its newlines."""
    return vector(name).read_bytes().decode()
