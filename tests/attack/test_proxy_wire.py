"""Attacks on the proxy's wire: at the login, between messages, by a lying provider."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.scram import client_keys, verifier_of
from sealhold.crypto.secret import Secret
from sealhold.model.errors import DatabaseAwayError, LoginRefusedError, WireError
from sealhold.model.pgsteps import Call, Cancel, End, Secure
from sealhold.net.dial import Server
from sealhold.net.memtls import TlsPipe
from sealhold.net.pgclient import connect
from sealhold.node import pgserving
from sealhold.node.pgserving import PgDoor
from sealhold.protect.policy import Limits
from sealhold.protect.sql.errors import Renaming, error, renamed
from sealhold.protect.sql.plan import Relay
from sealhold.protect.sql.scram import PLAIN, ClientLogin, ServerLogin
from sealhold.protect.sql.session import Site
from sealhold.protect.sql.startup import Startup
from sealhold.protect.sql.upstream import Account, Keyring, Upstream
from sealhold.protect.sql.wire import (
    build_bind,
    build_execute,
    build_parse,
    build_query,
    build_startup,
    frame,
)
from tests.loops import in_a_loop
from tests.unit.pg_patients import PHYSICAL, stored
from tests.unit.pg_talk import Admitting, Conversation, Counting, Planned, refusal
from tests.unit.test_proxy_session import Scripted, asked, kinds

SYNC = frame(b"S")
SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
PASSWORD = Secret(b"pencil", "password")
VERIFIER = verifier_of(PASSWORD, seeded(b"v"))


def startup(*, demands_tls: bool = True) -> Startup:
    return Startup(
        lambda _: VERIFIER,
        seeded(b"s"),
        offers_tls=True,
        demands_tls=demands_tls,
        to_client=[],
        steps=[],
    )


def site(**changed: Any) -> Site:  # noqa: ANN401  reason: any part of a site
    parts: dict[str, Any] = {
        "planner": Planned(),
        "gate": Admitting(),
        "rids": Counting(),
        "clock": lambda: 0,
        "entropy": seeded(b"e"),
        "limits": Limits(),
        "verifier": lambda _: VERIFIER,
        "account": lambda _: Account("app", "db", None),
        "demands_tls": False,
    }
    return Site(**parts | changed)


@pytest.mark.threat("T640")
def test_what_stands_in_the_clear_behind_a_request_for_tls_ends_the_connection() -> None:
    met = startup()

    met.receive(SSL_REQUEST + build_startup({"user": "ada"}))

    assert [type(step) for step in met.steps] == [End]
    assert b"S" not in met.to_client


@pytest.mark.threat("T640")
def test_nobody_comes_in_without_tls_where_it_is_demanded() -> None:
    met = startup()

    met.receive(build_startup({"user": "ada"}))

    assert b"28000" in met.to_client[0]
    assert not any(isinstance(step, (Call, Secure)) for step in met.steps)


@pytest.mark.threat("T640")
@pytest.mark.parametrize("said", [b"N", b"SE" + bytes(9), b"E"])
def test_a_provider_that_has_no_tls_or_says_more_is_not_spoken_to(said: bytes) -> None:
    with pytest.raises(DatabaseAwayError):
        in_a_loop(_connect_to(said))


async def _connect_to(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(said)
        with suppress(ConnectionError):
            rest.append(await reader.read())
        writer.close()
        done.set()

    rest: list[bytes] = []
    done = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    to = Server(host="127.0.0.1", port=port, tls="starttls", private=True)
    try:
        await connect(to, _Silent())
    finally:
        async with asyncio.timeout(5):
            await done.wait()
        server.close()
        await asyncio.sleep(0)
        assert rest in ([], [b""])  # nothing is said to it


class _Silent:
    def received(self, data: bytes) -> None:
        raise AssertionError(data)

    def lost(self) -> None: ...

    def hold(self) -> None: ...

    def go_on(self) -> None: ...


@pytest.mark.threat("T641")
@pytest.mark.parametrize("flag", [b"y,,", b"p=tls-server-end-point,,", b"p=tls-unique,,"])
def test_a_login_from_which_the_binding_was_stripped_is_refused(flag: bytes) -> None:
    bound = ServerLogin(VERIFIER, seeded(b"s"), b"hash of the certificate")

    with pytest.raises(LoginRefusedError):
        bound.first(PLAIN, flag + b"n=,r=nonce")


@pytest.mark.threat("T641")
def test_a_login_that_was_passed_on_from_another_certificate_is_refused() -> None:
    client = ClientLogin(lambda s, i: client_keys(PASSWORD, s, i), seeded(b"c"), b"theirs")
    server = ServerLogin(VERIFIER, seeded(b"s"), b"ours")

    with pytest.raises(LoginRefusedError):
        server.final(client.final(server.first(*client.first(server.mechanisms()))))


def upstream() -> Upstream:
    return Upstream(Account("app", "db", Keyring(PASSWORD)), seeded(b"u"), b"hash", {})


@pytest.mark.threat("T642")
@pytest.mark.parametrize(
    "wants",
    [
        pytest.param(b"\0\0\0\3", id="the password itself"),
        pytest.param(b"\0\0\0\5salt", id="MD5"),
        pytest.param(b"\0\0\0\0", id="nothing"),
        pytest.param(b"\0\0\0\x0aOTHER\0\0", id="another mechanism"),
    ],
)
def test_a_provider_that_wants_another_login_gets_none(wants: bytes) -> None:
    met = upstream()

    with pytest.raises(LoginRefusedError):
        met.receive(frame(b"R", wants))

    assert b"pencil" not in b"".join(met.to_provider)


@pytest.mark.threat("T642")
def test_a_provider_that_does_not_know_us_is_found_out() -> None:
    met = upstream()
    met.receive(frame(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0"))
    nonce = met.to_provider[-1].rpartition(b"r=")[2]
    met.receive(frame(b"R", b"\0\0\0\x0br=" + nonce + b"x,s=AAAA,i=1"))

    with pytest.raises(LoginRefusedError):
        met.receive(frame(b"R", b"\0\0\0\x0cv=" + b"A" * 44))
    with pytest.raises(LoginRefusedError):
        upstream().receive(frame(b"R", b"\0\0\0\0") + frame(b"Z", b"I"))


@pytest.mark.threat("T643")
def test_values_for_a_refused_statement_are_not_sent() -> None:
    session = Conversation(Planned({"secret": refusal()}))
    session.say(build_parse(b"x", b"secret", ()) + SYNC)

    got = session.say(build_bind(b"", b"x", (), (b"anna",), ()) + build_execute(b"") + SYNC)

    assert b"26000" in got
    assert not any(b"anna" in each for each in session.provider.seen)


@pytest.mark.threat("T644")
def test_values_for_a_statement_that_a_newer_policy_protects_are_not_sent() -> None:
    planner = Planned({"insert": Relay("insert")})
    session = Conversation(planner)
    session.say(build_parse(b"x", b"insert", ()) + SYNC)
    planner.plans, planner.version = {"insert": refusal()}, 2

    session.say(build_bind(b"", b"x", (), (b"anna",), ()) + build_execute(b"") + SYNC)

    assert not any(b"anna" in each for each in session.provider.seen)


@pytest.mark.threat("T646")
def test_a_strangers_cancel_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []

    async def tell(_server: Server, message: bytes) -> None:
        told.append(message)

    monkeypatch.setattr(pgserving, "tell", tell)
    door = PgDoor(site(), lambda _: Server(host="127.0.0.1", port=1), None)
    session = door.session()
    session.provider_key = b"\0\0\0\7keys"
    door._sessions[session.key] = (session, Server(host="127.0.0.1", port=1))

    in_a_loop(door.cancel(bytes(8)))
    in_a_loop(door.cancel(session.key[:4] + bytes(4)))
    in_a_loop(door.cancel(session.provider_key))
    before = list(told)
    in_a_loop(door.cancel(session.key))

    assert before == []
    assert [each[8:] for each in told] == [b"\0\0\0\7keys"]


@pytest.mark.threat("T646")
def test_a_cancel_is_passed_on_by_its_key_alone_and_ends_its_connection() -> None:
    met = startup()

    met.receive(b"\0\0\0\x10\x04\xd2\x16\x2e" + b"8 bytes.")

    assert met.steps == [Cancel(b"8 bytes."), End()]
    assert met.to_client == []


@pytest.mark.threat("T647")
def test_of_rows_among_which_one_was_changed_none_leaves() -> None:
    session = Scripted()
    session.say(asked())
    session.answer(frame(b"1") + frame(b"t", b"\0\0") + PHYSICAL + frame(b"2"))
    moved = stored(5, b"anna", 33)[:-8] + (6).to_bytes(8)

    got = session.answer(
        stored(1, b"x", 1) + moved + frame(b"C", b"SELECT 2\0") + frame(b"Z", b"I")
    )

    assert kinds(got) == b"EZ"
    assert b"SH003" in got


@pytest.mark.threat("T648")
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(build_query(b"secret; do it"), id="one query"),
        pytest.param(build_query(b"do it; secret"), id="the first of one query"),
        pytest.param(
            build_parse(b"", b"secret", ())
            + build_parse(b"", b"do it", ())
            + build_bind(b"", b"", (), (), ())
            + build_execute(b"")
            + SYNC,
            id="pipelined",
        ),
    ],
)
def test_beside_a_refused_statement_none_is_sent(sent: bytes) -> None:
    session = Conversation(Planned({"secret": refusal()}))

    session.say(sent)

    assert session.provider.seen == []


@pytest.mark.threat("T648")
def test_what_was_done_before_a_refusal_is_undone_with_it() -> None:
    session = Conversation(Planned({"secret": refusal()}))
    session.say(build_query(b"begin"))

    session.say(build_query(b"secret"))
    got = session.say(build_query(b"do it"))

    assert session.provider.status == b"E"
    assert b"25P02" in got


@pytest.mark.threat("T649")
def test_a_frame_of_two_gibibytes_ends_the_session_before_it_comes() -> None:
    with pytest.raises(WireError):
        Conversation().say(b"Q\x7f\xff\xff\xff")


@pytest.mark.threat("T649")
@pytest.mark.parametrize("said", [b"\0\1\0\1\0\3\0\0", b"\0\0\0\7\0\3\0\0", b"\xff" * 8])
def test_a_first_packet_of_more_than_64_kib_ends_the_connection(said: bytes) -> None:
    met = startup()

    met.receive(said)

    assert isinstance(met.steps[-1], End)


@pytest.mark.threat("T650")
@pytest.mark.parametrize("before", [b"", build_query(b"secret"), build_query(b"fail")])
def test_lines_that_nobody_asked_for_go_nowhere(before: bytes) -> None:
    session = Conversation(Planned({"secret": refusal()}))

    session.say(before + frame(b"d", b"anna\t33\n") + frame(b"c"))
    session.say(build_query(b"rows 1"))

    assert session.provider.lines == []


@pytest.mark.threat("T651")
def test_a_providers_error_brings_no_stored_value_and_no_physical_name() -> None:
    renaming = Renaming({"name_m": "name"})
    said = error("23514", "new row violates", "see name_m")
    said = frame(b"E", said[5:-1] + b"DFailing row contains (1, \\x0123456789abcdef01, 3).\0\0")

    told = renamed(said, renaming)

    assert b"0123456789" not in told
    assert b"name_m" not in told
    assert b"(protected)" in told


@pytest.mark.threat("T652")
def test_a_client_that_sends_and_waits_for_nothing_is_not_read_for_ever() -> None:
    session = Conversation(Planned(loading=("select names",)))
    session.serving.client_said(build_query(b"rows 1"))

    session.serving.client_said(build_query(b"x" * 2_000_000))

    assert session.serving.is_full


@pytest.mark.threat("T652")
def test_before_the_login_no_more_is_kept_than_two_packets() -> None:
    met = startup(demands_tls=False)
    met.receive(build_startup({"user": "ada"}))

    met.receive(bytes(200_000))

    assert isinstance(met.steps[-1], End)


@pytest.mark.threat("T642")
def test_tls_towards_a_provider_whose_certificate_nobody_knows_does_not_begin() -> None:
    from sealhold.net.dial import context_of  # noqa: PLC0415

    met = TlsPipe(context_of(Server(host="localhost", port=1)), name="localhost")

    assert met.to_peer
    with pytest.raises(WireError):
        met.receive(b"\x15\3\3\0\2\2\x28")  # an alert in place of a certificate
