"""What is tried against an app by way of its client: tokens, double effects, addresses, logs."""

import copy
import logging
import pickle
import ssl
from collections.abc import Callable

import httpx
import pytest

from sealhold.client import (
    AsyncVault,
    InvalidError,
    Token,
    UsageError,
    Vault,
    VaultError,
    people,
    records,
)
from sealhold.client.answers import Person, Profile, Record
from sealhold.client.call import Answer
from tests.unit.client_samples import CALLS, ONE, TWO, head
from tests.web.client_script import (
    BOUND,
    BUSY,
    HEAD,
    KEYED,
    MAKES,
    READS,
    SECRET,
    TOKEN,
    URL,
    Script,
    Send,
    both,
    good,
    lost,
    never_sent,
    outcome,
    said,
)


@both
@pytest.mark.threat("T302")
def test_what_makes_something_is_not_sent_again_once_it_may_have_been_done(send: Send) -> None:
    assert outcome(send, MAKES, lost()) == ("UnsureError", 1)
    assert outcome(send, MAKES, said(503, *BUSY)) == ("UnavailableError", 1)
    assert outcome(send, MAKES, never_sent(), good(TOKEN)) == ("NewToken", 2)
    assert outcome(send, MAKES, said(429, "exhausted", after="0"), good(TOKEN)) == ("NewToken", 2)
    assert outcome(send, MAKES, never_sent(), lost()) == ("UnsureError", 2)


@both
@pytest.mark.threat("T302")
def test_what_the_vault_knows_by_its_key_is_sent_again_under_the_same_one(send: Send) -> None:
    running = said(409, "conflict", "STILL_RUNNING")
    script = Script(iter([lost(), running, said(503, *BUSY), good()]))

    send(script, KEYED)
    send(Script(iter([good()])), KEYED)

    (key,) = {request.headers["idempotency-key"] for request in script.asked}
    assert len(script.asked) == 4
    assert key == KEYED.headers["idempotency-key"]
    assert key != people.make().headers["idempotency-key"]
    assert outcome(send, MAKES, said(409, "conflict", "STILL_RUNNING")) == ("ConflictError", 1)
    assert outcome(send, KEYED, *(lost() for _ in range(9))) == ("UnavailableError", 4)


@both
@pytest.mark.threat("T302")
def test_a_change_whose_answer_was_lost_is_told_as_such_and_never_as_somebody_elses(
    send: Send,
) -> None:
    assert outcome(send, BOUND, lost(), good(HEAD)) == ("RecordHead", 2)
    assert outcome(send, BOUND, lost(), said(412, "conflict")) == ("UnsureError", 2)
    assert outcome(send, BOUND, said(503, *BUSY), said(403)) == ("UnsureError", 2)
    assert outcome(send, BOUND, said(412, "conflict")) == ("StaleError", 1)
    assert outcome(send, BOUND, *(lost() for _ in range(9))) == ("UnsureError", 4)


# --- where a token goes ---


@pytest.mark.threat("T300")
@pytest.mark.parametrize(
    "url",
    [
        "http://vault.example", "http://10.0.0.1:8722", "http://localhost.example", "ftp://localhost",
        "https://", "https://user@vault.example", "https://vault.example/path", "localhost:8722",
        "https://vault.example?x=1", "//localhost", "",
    ],
)  # fmt: skip
def test_a_token_goes_in_the_clear_to_this_machine_only(url: str) -> None:
    with pytest.raises(UsageError):
        Vault(url, SECRET)
    with pytest.raises(UsageError):
        AsyncVault(url, SECRET)


@both
@pytest.mark.threat("T300")
def test_a_token_follows_no_answer_to_another_address(send: Send) -> None:
    elsewhere = httpx.Response(307, headers={"location": "http://localhost:9/v1/subjects"})

    assert outcome(send, READS, elsewhere, good()) == ("UntrustedError", 1)


@pytest.mark.threat("T300")
def test_no_proxy_of_the_environment_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://localhost:9")
    with Vault("https://vault.example", SECRET) as vault:
        assert vault._wire.trust_env is False
        assert not vault._wire._mounts


@pytest.mark.threat("T300")
def test_certificates_are_verified_with_the_name() -> None:
    with Vault("https://vault.example", SECRET) as vault:
        pool = vault._wire._transport._pool  # type: ignore[attr-defined]  # reason: of httpx
        context = pool._ssl_context

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@both
def test_a_certificate_that_is_not_trusted_is_told_at_once(send: Send) -> None:
    wrong = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")

    assert outcome(send, READS, wrong, good()) == ("UntrustedError", 1)


# --- what nobody is shown ---

PLANTED = "Quillfeather"


@both
@pytest.mark.threat("T301")
def test_no_log_line_of_any_level_holds_a_token_or_a_word_of_a_person(
    send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    content = {"fields": {"name": PLANTED}, "version": 1}
    at = Person(subject=ONE, made_at=1, version=0)
    change = people.replace(at, {"name": PLANTED}, "ServiceProvision")
    send(Script(iter([httpx.Response(200, json=content)])), change)
    outcome(send, people.find("name", PLANTED, "ServiceProvision"), said(403), lost())

    assert caplog.records
    assert SECRET not in caplog.text
    assert PLANTED not in caplog.text


@pytest.mark.threat("T301")
def test_nothing_that_is_printed_shows_a_token_or_a_word_of_a_person() -> None:
    token = Token(SECRET)
    shown = [
        token, Vault(URL, token), AsyncVault(URL, token), *CALLS, BOUND,
        Profile(subject=ONE, version=1, fields={"name": PLANTED}),
        Record(head=head, content={"name": PLANTED}),
        people.link(ONE), records.make(ONE, "notes", {"name": PLANTED}),
        people.token(ONE).read(token_answer()), people.link(ONE).read(token_answer()),
    ]  # fmt: skip

    for value in shown:
        for text in (repr(value), str(value), f"{value}", f"{value!r:>9}", repr([value])):
            assert SECRET not in text
            assert PLANTED not in text


def token_answer() -> Answer:
    body = b'{"id":"1","token":"%b","path":"/me/enter?link=%b","until":1}' % (
        (SECRET.encode(),) * 2
    )
    return Answer(status=201, headers={}, body=body)


@pytest.mark.threat("T301")
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_token_goes_into_no_copy_or_pickle(way: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        way(Token(SECRET))


@both
@pytest.mark.threat("T301")
def test_an_error_says_nothing_that_was_sent(send: Send) -> None:
    call = people.find("mail", PLANTED, "ServiceProvision")
    for came in (said(403), said(422, "invalid"), lost(), never_sent(), good(b"<html>")):
        with pytest.raises(VaultError) as caught:
            send(Script(iter([came] * 9 if isinstance(came, Exception) else [came])), call)
        text = f"{caught.value!r} {caught.value.code} {caught.value.remedy}"
        assert SECRET not in text
        assert PLANTED not in text


@pytest.mark.threat("T303")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a/b",
        "a%2Fb",
        "a\\b",
        "a b",
        "a?b",
        "a#b",
        "ä",
        "a\r\nx: y",
        "a" * 129,
        "{id}",
    ],
)
def test_a_text_that_would_lead_elsewhere_is_sent_nowhere(text: str) -> None:
    with pytest.raises(InvalidError):
        _ = people.show(text).path
    with pytest.raises(InvalidError):
        _ = records.read(ONE, text, TWO).path
    if text:
        with pytest.raises(InvalidError):
            people.read(ONE, text)
        with pytest.raises(InvalidError):
            people.read(ONE, "ServiceProvision", [text])
