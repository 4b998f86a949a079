import pytest

from tallystick.cli.exposures import Exposures

# Made up, or out of the standards' own examples. Written in two parts where a scanner for
# secrets would take the whole for one.
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhZGEifQ." + "c2lnbmF0dXJlLWhlcmU"
SECRETS = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password or secret beside its name": "login password=hunter2hunter2 ok",
    "password in a URL": "postgres://app:" + "s3cret@db.example/books",
    "JWT": f"cookie {JWT} end",
    "bearer token or basic credential": "Authorization: Bearer abcdefghijklmnop0123",
    "token of a well-known form": "key gh" + "p_" + "a1B2" * 9,
}
PERSONAL = {
    "AWS access key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "card number": "paid with 4111 1111 1111 1111 today",
    "IBAN": "to GB82 WEST 1234 5698 7654 32",
    "e-mail address": "by ada.lovelace+x@mail.example.com",
    "IP address": "from 192.0.2.7 and 2001:db8::1",
}


def kinds(text: str) -> set[str]:
    """The kinds that are found in a text."""
    exposures = Exposures()
    exposures.look("a.log:1", text)
    return {one.kind for one in exposures}


@pytest.mark.parametrize(("kind", "text"), [*SECRETS.items(), *PERSONAL.items()])
def test_what_stands_in_clear_is_found(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"masterPassword":"hunter2hunter2"}',
        r'{"body":"{\"client_secret\": \"hunter2hunter2\"}"}',
        "DB_PASSWORD: 'hunter2hunter2'",
        "api-key = 0123456789",
    ],
)
def test_a_secret_is_found_however_its_name_is_written(text: str) -> None:
    assert kinds(text) == {"password or secret beside its name"}


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:books-AbCdEf",
        '{"password":"***","pwd":null,"secret":"[withheld: secret]","api_key":""}',
        '{"passwordResetRequired":true,"secretId":"books"}',
        "Mozilla/5.0 Chrome/123.0.0.0 Safari/537.36",
        "version 1.2.3 at 09:30:00, ::1 and 127.0.0.1",
        "card 4111 1111 1111 1112, order 1738315800123, id 1111-1111-1111-1111",
        "to GB82 WEST 1234 5698 7654 33",
        "https://docs.example/a:b@c user@localhost a@b",
    ],
)
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    assert kinds(text) == set()


def test_an_exposure_counts_lines_and_values_and_tells_the_first_places() -> None:
    exposures = Exposures()
    for number in range(1, 9):
        exposures.look(f"a.log:{number}", "a@example.com, b@example.com")

    (one,) = exposures

    assert (one.lines, one.values) == (8, 16)
    assert one.places == [f"a.log:{number}" for number in range(1, 6)]


def test_secrets_are_told_before_personal_data() -> None:
    exposures = Exposures()
    for number in range(3):
        exposures.look(f"a.log:{number}", PERSONAL["IBAN"])
    exposures.look("a.log:9", SECRETS["JWT"])

    assert [one.is_secret for one in exposures] == [True, False]
