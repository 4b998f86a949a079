"""Where witnesses are: below a path, behind TLS, or nowhere."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit import house as kit
from kit.cosigned import ONE, SUPER, epoch, opened, stand
from kit.fake_witness import FakeWitness, cosigners, now_s, policy_text, witness_at_work
from tallystick.access.tenants import Tenant
from tallystick.wiring import House


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.fromtimestamp(now_s())  # noqa: DTZ006 (x509 takes it as UTC, days suffice)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "tls.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def behind_tls(certificate: Path) -> Iterator[FakeWitness]:
    """A witness that speaks TLS with that certificate."""
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with witness_at_work(ONE, tls) as witness:
        yield witness


def asked(data: Path, tenant: Tenant, *witnesses: FakeWitness) -> tuple[list[str], House]:
    """Make an epoch by a policy of these witnesses."""
    policy = data.with_name("their-policy")
    policy.write_text(policy_text(*witnesses, quorum="all"))
    house = opened(data, policy)
    return cosigners(epoch(house, tenant, 0).note), house


def test_a_witness_may_live_below_a_path(data: Path, tenant: Tenant, one: FakeWitness) -> None:
    one.prefix = "/logs/witness"
    one.url += "/logs/witness/"

    names, house = asked(data, tenant, one)

    assert names == [SUPER, ONE]
    assert house.ask_witnesses() == {}
    house.close()


def test_a_witness_whose_certificate_nobody_trusts_is_not_talked_to(
    data: Path, tenant: Tenant, behind_tls: FakeWitness
) -> None:
    names, house = asked(data, tenant, behind_tls)

    assert names == [SUPER]
    assert stand(house).problems["witness-one"].startswith("unreachable")
    assert behind_tls.asked == []
    house.close()


def test_a_witness_behind_tls_is_asked_if_its_certificate_is_trusted(
    data: Path,
    tenant: Tenant,
    behind_tls: FakeWitness,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    names, house = asked(data, tenant, behind_tls)

    assert names == [SUPER, ONE]
    house.close()


def test_a_witness_without_an_address_is_believed_but_not_asked(
    data: Path, tenant: Tenant, one: FakeWitness, two: FakeWitness
) -> None:
    two.url = ""
    policy = data.with_name("their-policy")
    policy.write_text(policy_text(one, two, quorum="any"))
    house = opened(data, policy)

    assert epoch(house, tenant, 0).quorum
    assert stand(house).problems["witness-two"] == "no URL in the policy"
    assert kit.fsck(house) == []
    house.close()
