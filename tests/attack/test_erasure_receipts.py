"""Receipts of erasures against whoever edits them, and against apps that would count others."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sealhold.audit.erasure import GoneKey, Told, issue, open_erasure
from sealhold.audit.verdict import ALTERED, HELD, NO_PROOF
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.frontends.http.wire import to_wire
from sealhold.model.encoding import to_json
from sealhold.model.ids import AppId, Id16, ReceiptId, canonical
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Put
from sealhold.vault.epochs import CLOSED
from sealhold.vault.erasures import Erasures
from sealhold.vault.logkeys import known_to
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd

OTHER = SigningKey(Secret(bytes(range(32)), "another vault"))


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def closed(many: Crowd, at: int = NOON + 1) -> None:
    """Put down the note of the epoch as its closing does."""
    core = many.vault.core
    epoch = core.keyring.lies_in.epoch
    note = {
        "at": at, "erased": 0, "keys": 9, "method": "overwritten", "strength": "overwritten-file",
    }  # fmt: skip
    many.commit(Put(CLOSED.name, (epoch, core.papers.seal(CLOSED.name, (epoch,), note))))


def erased(many: Crowd, *, stage: int) -> bytes:
    """Return the owner's copy of a receipt."""
    ada = many.person()
    many.people.erase(many.one, ada)
    if stage == 2:
        closed(many)
    erasures = Erasures(many.vault.core)
    kept = erasures.of_person(many.one, ada)
    assert kept is not None
    return erasures.whole(kept).paper.encode()


def pins(many: Crowd) -> dict[str, list[bytes]]:
    ring = many.vault.core.keyring
    return {
        "receipt": [ring.signer("proof-sign").public],
        "log": [known_to(ring).line[-1].public],
    }


def code(data: bytes, trusted: dict[str, list[bytes]] | None = None) -> int:
    return verify_files([data], trusted, at=NOON).exit_code


def places(tree: object, at: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield the way to each leaf and each container of a JSON tree."""
    if at:
        yield at
    match tree:
        case dict():
            for key, value in tree.items():
                yield from places(value, (*at, key))
        case list():
            for index, value in enumerate(tree):
                yield from places(value, (*at, index))
        case _:
            return


def bent(value: object) -> Any:  # noqa: ANN401  # reason: a JSON tree
    match value:
        case bool() | None:
            return 1
        case int():
            return value + 1
        case str() if value:
            return ("b" if value[0] == "a" else "a") + value[1:]
        case _:
            return [value]


def changed(tree: Any, at: tuple[Any, ...], *, drop: bool) -> Any:  # noqa: ANN401
    tree = json.loads(json.dumps(tree))
    inside = tree
    for step in at[:-1]:
        inside = inside[step]
    if drop:
        del inside[at[-1]]
    else:
        inside[at[-1]] = bent(inside[at[-1]])
    return tree


def with_payload(envelope: bytes, payload: bytes) -> bytes:
    tree = json.loads(envelope)
    tree["payload"] = b64encode(payload).decode()
    return to_json(tree)


@pytest.mark.threat("T260")
@pytest.mark.promise("P8")
@pytest.mark.parametrize("stage", [1, 2])
def test_a_receipt_holds_as_it_is_and_with_no_field_changed_or_left_out(
    many: Crowd, stage: int
) -> None:
    paper = erased(many, stage=stage)
    _, payload, _ = dsse.read_unverified(paper)
    statement = json.loads(payload)
    tried = list(places(statement))

    assert code(paper) == HELD
    assert code(paper, pins(many)) == HELD
    assert open_erasure(paper)[0].stage == stage
    assert len(tried) > 30
    for at in tried:
        for drop in (False, True):
            other = with_payload(paper, to_json(changed(statement, at, drop=drop)))
            assert code(other, pins(many)) == ALTERED, (at, drop)
            assert code(other) == ALTERED, (at, drop)
    for at in places(json.loads(paper)):
        other = to_json(changed(json.loads(paper), at, drop=False))
        assert code(other) in {ALTERED, NO_PROOF}, at


@pytest.mark.threat("T260")
@pytest.mark.parametrize("field", ["app", "at", "keys", "receipt", "recipients", "rows", "person"])
def test_what_a_vault_signs_anew_does_not_fit_the_entry_in_its_log(many: Crowd, field: str) -> None:
    true, _ = open_erasure(erased(many, stage=1))
    lie: dict[str, Any] = {
        "app": AppId(Id16(bytes(16))),
        "at": Instant(NOON - DAY),
        "keys": (GoneKey(name=bytes(32), version=7),),
        "receipt": ReceiptId(Id16(bytes(16))),
        "recipients": (Told(recipient=Id16(bytes(16)), name="Nobody"),),
        "rows": {"ident": 99},
        "person": sha256(b"another"),
    }
    facts = replace(true.facts, **{"told" if field == "recipients" else field: lie[field]})
    forged = replace(true, facts=facts)
    key = many.vault.core.keyring.signer("proof-sign")

    assert code(issue(forged, key), pins(many)) == ALTERED


@pytest.mark.threat("T260")
def test_a_receipt_by_another_vault_is_not_trusted(many: Crowd) -> None:
    true, _ = open_erasure(erased(many, stage=1))
    ring = many.vault.core.keyring

    assert code(issue(true, OTHER), pins(many)) == ALTERED
    other_log: dict[str, list[bytes]] = {**pins(many), "log": [OTHER.public]}
    assert code(issue(true, ring.signer("proof-sign")), other_log) == ALTERED


@pytest.mark.threat("T261")
def test_an_apps_copy_is_the_same_whatever_others_did(many: Crowd) -> None:
    ada = many.person()
    before = many.people.erase(many.one, ada)
    for _ in range(3):
        many.people.erase(many.other, many.person(many.other, "Bob"))
    closed(many)

    after = many.people.erase(many.one, ada)

    assert after == before
    copy, _ = open_erasure(after.paper.encode())
    assert (copy.epoch, copy.entry, copy.destroyed, copy.closes_at) == (
        None, None, None, NOON + DAY,
    )  # fmt: skip
    many.time.now = Instant(NOON + DAY)
    second, _ = open_erasure(many.people.erase(many.one, ada).paper.encode())
    assert second.stage == 2
    assert second.destroyed is not None
    assert second.destroyed.at == NOON + DAY  # not when the epoch was closed
    assert second.facts == copy.facts


@pytest.mark.threat("T261")
def test_a_receipt_names_a_person_only_to_who_has_the_id(many: Crowd) -> None:
    ada = many.person()
    paper = many.people.erase(many.one, ada).paper.encode()
    _, payload, _ = dsse.read_unverified(paper)

    assert canonical(ada).encode() not in payload
    assert ada.hex().encode() not in payload
    assert sha256(canonical(ada).encode()).hex().encode() in payload
    assert sha256(f"{canonical(ada)}/1".encode()).hex().encode() in payload


# --- the answer that a receipt came in ---


def answered(many: Crowd) -> dict[str, Any]:
    """Return the answer to an erasure, as an app gets it."""
    ada = many.person()
    answer: dict[str, Any] = to_wire(many.people.erase(many.one, ada))
    return answer


def test_the_answer_to_an_erasure_is_verified_as_it_came(many: Crowd) -> None:
    answer = answered(many)

    for text in (json.dumps(answer), json.dumps(answer, indent=2) + "\n"):
        assert code(text.encode(), pins(many)) == HELD
    assert code(answer["paper"].encode(), pins(many)) == HELD
    assert code(json.dumps(answer).encode(), {"receipt": [OTHER.public]}) == ALTERED


@pytest.mark.threat("T260")
def test_whatever_stands_around_a_receipt_and_differs_is_altered(many: Crowd) -> None:
    answer = answered(many)
    ways = [at for at in places(answer) if at != ("paper",)]

    assert len(ways) >= 6
    for at in ways:
        for drop in (False, True):
            told = json.dumps(changed(answer, at, drop=drop)).encode()
            assert code(told, pins(many)) == ALTERED, (at, drop)
    assert code(json.dumps({**answer, "more": 1}).encode(), pins(many)) == ALTERED
    paper = answer["paper"]
    assert (
        code(
            json.dumps({**answer, "paper": paper.replace('"sig":"', '"sig":"A', 1)}).encode(),
            pins(many),
        )
        == ALTERED
    )
