"""Both ends of a login meet: with a right password, a wrong one, a stranger's name, a binding."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.scram import client_keys, mock, verifier_of
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, LoginRefusedError
from sealhold.protect.sql.scram import (
    PLAIN,
    PLUS,
    ClientLogin,
    ServerLogin,
    parse_verifier,
    spelled,
)

PASSWORD = Secret(b"gl\xc3\xbccklich", "password")
VERIFIER = verifier_of(PASSWORD, seeded(b"salt"))
OFFERED = (PLUS, PLAIN)


def client(password: Secret = PASSWORD, endpoint: bytes = b"") -> ClientLogin:
    return ClientLogin(
        lambda salt, rounds: client_keys(password, salt, rounds), seeded(b"c"), endpoint
    )


def server(endpoint: bytes = b"") -> ServerLogin:
    return ServerLogin(VERIFIER, seeded(b"s"), endpoint)


def log_in(one: ClientLogin, other: ServerLogin) -> str:
    mechanism, first = one.first(other.mechanisms())
    one.check(other.final(one.final(other.first(mechanism, first))))
    return mechanism


def test_a_right_password_proves_both_ends() -> None:
    assert log_in(client(), server()) == PLAIN


def test_a_login_is_bound_where_both_see_the_certificate() -> None:
    assert log_in(client(endpoint=b"hash"), server(b"hash")) == PLUS


def test_a_wrong_password_and_a_stranger_end_alike() -> None:
    said = []
    for verifier in (VERIFIER, mock(Secret(bytes(32), "mock"), b"nobody")):
        with pytest.raises(LoginRefusedError) as told:
            log_in(client(Secret(b"wrong", "password")), ServerLogin(verifier, seeded(b"s"), b""))
        said.append(str(told.value))

    assert said[0] == said[1]


def test_a_stranger_gets_the_same_salt_each_time() -> None:
    key = Secret(bytes(32), "mock")

    assert mock(key, b"nobody") == mock(key, b"nobody")
    assert mock(key, b"nobody").salt != mock(key, b"nobody else").salt


def test_a_verifier_goes_to_text_and_back() -> None:
    assert parse_verifier(spelled(VERIFIER)) == VERIFIER


@pytest.mark.parametrize(
    "text", ["", "md5abc", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$x", "$$::"]
)
def test_another_text_is_no_verifier(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_verifier(text)


@pytest.mark.parametrize(
    "message",
    [b"", b"n,,", b"n,,n=,r=", b"p=tls-unique,,n=,r=abc", b"n,a=b,n=,r=abc", b"x,,n=,r=abc"],
)
def test_a_first_message_out_of_form_is_refused(message: bytes) -> None:
    with pytest.raises(LoginRefusedError):
        server().first(PLAIN, message)
