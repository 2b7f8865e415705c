"""Attacks on the use of a query grant: replayed, widened, expired, another's, revoked, too much."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    ExhaustedError,
    InvalidGrantError,
    TakenError,
    TamperedError,
    TooFastError,
)
from sealhold.model.quantities import DAY, MINUTE
from sealhold.protect.peers.paper import Grid, open_grant, sign_grant
from sealhold.protect.peers.receipt import answer_hash, open_receipt
from sealhold.vault import proxyanswering
from sealhold.vault.proxyanswering import Answering, hash_of
from sealhold.vault.proxyasked import Asked
from sealhold.vault.proxygrants import GrantUsers, QueryGrants
from tests.unit.peer_grants import ROWS, SUMS, TEXTS
from tests.unit.peer_vault import REQUESTER, STRANGER, PeerVault, peer_vault


@pytest.fixture
def peer() -> Iterator[PeerVault]:
    with peer_vault() as found:
        yield found


@pytest.mark.threat("T755")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"rows_per_day":100', b'"rows_per_day":999'),
        (b'"columns":["id"', b'"columns":["note","id"'),
        (b"city = 'Bern' AND age > 18", b"true"),
    ],
)
def test_t755_a_grant_that_was_widened_is_none(
    peer: PeerVault, before: bytes, after: bytes
) -> None:
    envelope = json.loads(peer.grant().envelope)
    payload = b64decode(envelope["payload"])
    assert before in payload
    envelope["payload"] = b64encode(payload.replace(before, after)).decode()
    wider = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()

    with pytest.raises(BadSignatureError):
        open_grant(wider)


@pytest.mark.threat("T755")
def test_t755_a_grant_that_its_requester_signed_anew_is_not_the_owner_s(peer: PeerVault) -> None:
    kept = peer.grant()
    forged = sign_grant(replace(kept.grant, terms=SUMS), REQUESTER)

    with pytest.raises(BadSignatureError):
        open_grant(forged)
    with pytest.raises(BadSignatureError):
        open_grant(sign_grant(kept.grant, STRANGER), kept.grant.owner)


@pytest.mark.threat("T755")
def test_t755_who_holds_another_s_grant_is_told_what_one_is_told_who_made_one_up(
    peer: PeerVault,
) -> None:
    kept = peer.grant()
    made_up = replace(peer.ask(kept), grant=bytes(16))

    with pytest.raises(DeniedError) as passed_on:
        peer.answering.permit(peer.ask(kept), STRANGER.public)
    with pytest.raises(DeniedError) as unknown:
        peer.answering.permit(made_up, STRANGER.public)

    assert str(passed_on.value) == str(unknown.value)
    assert peer.told(EventKind.QUERY_PERMIT) == []


@pytest.mark.threat("T760")
def test_t760_a_grant_ends_at_its_time_and_when_it_is_revoked(peer: PeerVault) -> None:
    late, ended = peer.grant(days=1), peer.grant(days=1)
    peer.answering.permit(peer.ask(ended), REQUESTER.public)

    peer.grants.revoke(ended.grant.id)
    with pytest.raises(DeniedError):
        peer.answering.permit(peer.ask(ended, 2), REQUESTER.public)
    peer.now[0] += DAY
    with pytest.raises(DeniedError):
        peer.answering.permit(peer.ask(late), REQUESTER.public)

    users = GrantUsers(peer.vault.core)
    assert [users.find(each.grant.id.hex()) for each in (late, ended)] == [None, None]
    assert peer.grants.requesters() == frozenset()


@pytest.mark.threat("T760")
def test_t760_a_grant_that_is_revoked_meanwhile_gives_no_more_rows(peer: PeerVault) -> None:
    kept = peer.grant()
    permit = peer.answering.permit(peer.ask(kept), REQUESTER.public)
    peer.answering.charge(permit, 10)

    peer.grants.revoke(kept.grant.id)

    with pytest.raises(DeniedError):
        peer.answering.charge(permit, 10)


@pytest.mark.threat("T761")
def test_t761_a_statement_is_answered_once_also_by_a_proxy_that_was_started_anew(
    peer: PeerVault,
) -> None:
    kept = peer.grant()
    ask = peer.ask(kept)
    peer.answering.permit(ask, REQUESTER.public)
    anew = Answering(peer.vault.core, lambda: b"")

    for answering in (peer.answering, anew):
        with pytest.raises(DeniedError):
            answering.permit(ask, REQUESTER.public)


@pytest.mark.threat("T761")
@pytest.mark.parametrize("later", [-6 * MINUTE, 6 * MINUTE])
def test_t761_a_statement_of_another_time_is_refused(peer: PeerVault, later: int) -> None:
    with pytest.raises(DeniedError):
        peer.answering.permit(peer.ask(peer.grant(), later=later), REQUESTER.public)


@pytest.mark.threat("T761")
def test_t761_a_nonce_is_remembered_for_as_long_as_its_statement_could_be_said(
    peer: PeerVault,
) -> None:
    kept = peer.grant()
    ask = peer.ask(kept, later=5 * MINUTE)
    peer.answering.permit(ask, REQUESTER.public)
    peer.now[0] += 10 * MINUTE

    with pytest.raises(DeniedError, match="before"):
        peer.answering.permit(ask, REQUESTER.public)


@pytest.mark.threat("T762")
def test_t762_the_rows_of_a_day_are_charged_before_they_leave(peer: PeerVault) -> None:
    kept = peer.grant()
    permit = peer.answering.permit(peer.ask(kept), REQUESTER.public)
    peer.answering.charge(permit, 60)
    after_a_kill = Answering(peer.vault.core, lambda: b"")

    with pytest.raises(ExhaustedError):
        after_a_kill.charge(permit, 41)
    after_a_kill.charge(permit, 40)
    with pytest.raises(ExhaustedError):
        after_a_kill.permit(peer.ask(kept, 2), REQUESTER.public)
    peer.now[0] += DAY
    after_a_kill.permit(peer.ask(kept, 3), REQUESTER.public)

    left = [each.rows_out for each in peer.told(EventKind.QUERY_ANSWER)]
    assert left == [60, 40]


@pytest.mark.threat("T761")
def test_t761_a_flood_of_statements_is_bounded(
    peer: PeerVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxyanswering, "MOST", 3)
    kept = peer.grant()
    for nonce in range(3):
        peer.answering.permit(peer.ask(kept, nonce), REQUESTER.public)

    with pytest.raises(TooFastError):
        peer.answering.permit(peer.ask(kept, 4), REQUESTER.public)
    peer.now[0] += 11 * MINUTE
    peer.answering.permit(peer.ask(kept, 5), REQUESTER.public)


@pytest.mark.threat("T759")
def test_t759_a_table_is_granted_to_one_proxy_in_one_way_for_good(peer: PeerVault) -> None:
    assert SUMS.grid is not None
    finer = Grid(table=SUMS.grid.table, by=("city", "age"), measures=(), least=5)
    first = peer.grants.make(SUMS, 30, REQUESTER.public)
    peer.grants.revoke(first.grant.id)

    for terms in (ROWS, TEXTS, replace(SUMS, grid=finer)):
        with pytest.raises(TakenError):
            peer.grants.make(terms, 30, REQUESTER.public)
    peer.grants.make(SUMS, 30, REQUESTER.public)
    peer.grants.make(ROWS, 30, STRANGER.public)


@pytest.mark.threat("T764")
def test_t764_a_receipt_fits_its_answer_alone(peer: PeerVault) -> None:
    kept = peer.grant()
    permit = peer.answering.permit(peer.ask(kept), REQUESTER.public)
    frames = [b'{"names":["id"],"types":[23]}', b'[["1"]]']
    envelope = peer.answering.receipt(permit, 1, answer_hash(map(hash_of, frames)))
    asked = Asked(peer.vault.core)
    ask, grant = permit.ask, kept.grant

    for wrong_ask, rows, came in (
        (ask, 2, frames),
        (ask, 1, frames[:1]),
        (ask, 1, [frames[0], b'[["2"]]']),
        (ask, 1, frames[::-1]),
        (replace(ask, sql="SELECT name FROM patient"), 1, frames),
        (replace(ask, values=("1",)), 1, frames),
        (replace(ask, nonce=bytes(16)), 1, frames),
    ):
        with pytest.raises(TamperedError):
            asked.keep(grant, wrong_ask, envelope, rows, came)
    with pytest.raises(BadSignatureError):
        asked.keep(replace(grant, owner=STRANGER.public), ask, envelope, 1, frames)

    receipt = asked.keep(grant, ask, envelope, 1, frames)
    assert receipt == open_receipt(asked.receipts()[0], grant.owner)
    assert [each.rows_read for each in peer.told(EventKind.QUERY_RECEIPT)] == [1]


@pytest.mark.threat("T763")
def test_t763_a_grant_of_a_key_that_nobody_said_is_not_used(peer: PeerVault) -> None:
    asked = Asked(peer.vault.core)
    mine = asked.me().signer.public
    grant = replace(peer.grant().grant, owner=STRANGER.public, requester=mine)
    envelope = sign_grant(grant, STRANGER)

    for said in (None, REQUESTER.public):
        with pytest.raises(DeniedError):
            asked.grant(envelope, said)
    assert asked.grant(envelope, STRANGER.public) == grant
    with pytest.raises(InvalidGrantError):
        asked.grant(
            sign_grant(replace(grant, requester=REQUESTER.public), STRANGER), STRANGER.public
        )


def test_refusals_of_a_minute_have_one_entry_and_no_made_up_name(peer: PeerVault) -> None:
    for grant in (bytes(16), b"x" * 16, None):
        for _ in range(100):
            peer.answering.refused(grant, "SH007")

    peer.answering.end()
    denied = [each for each in peer.told(EventKind.QUERY_PERMIT) if each.outcome is Outcome.DENIED]
    assert [(each.records, each.more) for each in denied] == [(b"", 0), (b"", 298)]


def test_a_grant_is_kept_as_it_was_signed(peer: PeerVault) -> None:
    kept = peer.grant()

    assert open_grant(kept.envelope) == kept.grant == QueryGrants(peer.vault.core).all()[0].grant
    assert [each.reason for each in peer.told(EventKind.QUERY_GRANT)] == ["a query grant was made"]
