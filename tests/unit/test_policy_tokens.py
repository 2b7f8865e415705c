"""Policy tokens: how a decision rests on them, and the form of what stands on the medium."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.config import settings
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError, InvalidSettingsError
from sealhold.model.ids import GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.decide import decide
from sealhold.policy.decision import Reason
from sealhold.policy.policy_token import Effect, PolicyToken, parse_policy_token, to_document
from tests.unit.test_policy_decide import ASK, FACTS, HELD, grant_id, holding

A, B = Id16(b"A" * 16), Id16(b"B" * 16)
TOKEN = PolicyToken(
    id=Id16(bytes.fromhex("00000000000040008000000000000001")),
    vault=b"v" * 32,
    effect=Effect.WIDEN,
    grants=(grant_id(1),),
    not_after=Instant(5000),
    medium="",
    counter=1,
)


@pytest.mark.parametrize(
    ("bound", "muted", "present", "reason"),
    [
        ({A}, set(), set(), Reason.TOKEN_AWAY),
        ({A}, set(), {B}, Reason.TOKEN_AWAY),
        ({A}, set(), {A}, Reason.GRANTED),
        ({A, B}, set(), {B}, Reason.GRANTED),
        (set(), {A}, set(), Reason.GRANTED),
        (set(), {A}, {A}, Reason.TOKEN_NARROWS),
        ({A}, {B}, {A, B}, Reason.TOKEN_NARROWS),
    ],
)
def test_a_bound_grant_needs_one_of_its_tokens_and_none_that_narrows(
    bound: set[Id16], muted: set[Id16], present: set[Id16], reason: Reason
) -> None:
    held = replace(HELD, bound=frozenset(bound), muted=frozenset(muted))

    assert decide(ASK, replace(holding(held), present=frozenset(present))).code is reason


def test_nobody_having_looked_a_token_is_away() -> None:
    assert FACTS.present == frozenset()
    assert not decide(ASK, holding(replace(HELD, bound=frozenset({A})))).permit


def test_a_child_holds_no_longer_than_the_grant_above_it_is_there() -> None:
    above = replace(HELD, bound=frozenset({A}))
    below = replace(HELD, grant=replace(HELD.grant, id=grant_id(2), parent=grant_id(1)))
    facts = holding(below, above)

    assert decide(ASK, replace(facts, present=frozenset({A}))).permit
    assert not decide(ASK, facts).permit
    narrowed = holding(below, replace(HELD, muted=frozenset({B})))
    assert not decide(ASK, replace(narrowed, present=frozenset({B}))).permit


@pytest.mark.parametrize(
    "token", [TOKEN, replace(TOKEN, effect=Effect.NARROW, grants=(), medium="ab" * 16)]
)
def test_a_token_reads_back_as_it_was_written(token: PolicyToken) -> None:
    whole = replace(token, grants=tuple(_v4(each) for each in token.grants))

    assert parse_policy_token(to_document(whole)) == whole


def _v4(grant: bytes) -> GrantId:
    return GrantId(Id16(grant[:6] + b"\x40" + grant[7:8] + b"\x80" + grant[9:]))


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"grants": []}, {"effect": "more"}, {"counter": 0}, {"counter": True}, {"new": 1}],
)
def test_a_document_that_differs_is_refused(change: dict[str, Plain]) -> None:
    document = to_document(replace(TOKEN, grants=(_v4(grant_id(1)),)))

    with pytest.raises(InvalidGrantError):
        parse_policy_token({**document, **change})


@pytest.mark.parametrize(
    "text",
    ['media = "/a"', 'media = ["stick"]', "media = [1]", f"media = {['/a'] * 17}", "more = 1"],
)
def test_folders_of_media_are_whole_paths_and_few(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"[policy]\n{text}\n")

    with pytest.raises(InvalidSettingsError):
        settings(tmp_path)
