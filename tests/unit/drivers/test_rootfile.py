"""The root key's file; its form and signatures are compared with plain code of the tests' own."""

import stat
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from kit.plain_receipt import DEPLOYMENT, Signer
from kit.plain_statement import Plain
from tallystick.drivers.rootfile import RootKey
from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.verify.statement import Statement

ROOT = Signer(f"{DEPLOYMENT}/root")
SEED = sha256(ROOT.name.encode()).digest()
KEY = b64encode(b"\x01" + SEED).decode()
COSIGNER, SHORT = (b64encode(key).decode() for key in (b"\x04" + SEED, b"\x01" + SEED[:31]))
START = f"PRIVATE+KEY+{ROOT.name}+{ROOT.key_id.hex()}"
LINE = f"{START}+{KEY}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root.key"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_its_file_is_the_line_that_go_writes_and_its_owners_alone(path: Path) -> None:
    RootKey(DEPLOYMENT, SEED).write(path)

    assert path.read_text() == LINE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert RootKey.read(path) == RootKey(DEPLOYMENT, SEED)


def test_its_vkey_is_named_after_the_deployment() -> None:
    assert RootKey(DEPLOYMENT, SEED).verifier().vkey() == ROOT.vkey


def test_it_signs_a_statement_as_anybody_would() -> None:
    note = RootKey(DEPLOYMENT, SEED).sign(Statement.parse(Plain(2).text()))

    assert note.format() == Plain(2).note(ROOT)


def test_it_signs_for_its_own_deployment_alone() -> None:
    with pytest.raises(VerificationError, match=r"request: of .*want other\.example"):
        RootKey("other.example", SEED).sign(Statement.parse(Plain(2).text()))


def test_it_is_never_written_over_another(path: Path) -> None:
    written(path, "precious")

    with pytest.raises(ConflictError, match="exists, want none"):
        RootKey(DEPLOYMENT, SEED).write(path)
    assert path.read_text() == "precious"


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    with pytest.raises(MalformedError, match="mode 640, want 600"):
        RootKey.read(written(path, LINE, 0o640))


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"root\.key: missing"):
        RootKey.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        LINE.replace("PRIVATE+KEY+", ""),
        LINE.replace(ROOT.key_id.hex(), "00000000"),
        LINE.replace("/root+", "/super+"),
        LINE.replace(KEY, KEY[:9] + ("A" if KEY[9] != "A" else "B") + KEY[10:]),
        f"{START}+{COSIGNER}\n",
        f"{START}+{SHORT}\n",
    ],
)
def test_what_is_no_root_key_is_refused_and_no_secret_told(path: Path, text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        RootKey.read(written(path, text))

    assert b64encode(SEED).decode()[4:20] not in str(caught.value)


def test_its_seed_is_not_shown() -> None:
    assert "seed" not in repr(RootKey(DEPLOYMENT, SEED))
