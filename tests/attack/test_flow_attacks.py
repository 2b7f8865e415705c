"""Attacks through real requests: papers that do not belong together, and who hands them in."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sealhold.compute.leaving import box_info
from sealhold.compute.slots import unpad
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    InvalidManifestError,
    LookalikeError,
    TamperedError,
)
from sealhold.model.ids import Id16, RequestId, canonical
from sealhold.model.quantities import DAY, MINUTE, Instant
from sealhold.model.shown import RequestState
from sealhold.node import Node
from sealhold.stores.spec import Put
from sealhold.vault.requests import REQUESTS
from tests.scenarios.vaults import (
    BIT,
    DENIED,
    NOON,
    Asker,
    Hands,
    Job,
    Ready,
    allow,
    card_of,
    charged,
    named,
    opened,
    refusal,
)


@pytest.mark.threat("T11")
def test_a_request_for_another_purpose_than_its_task_is_refused(node: Node) -> None:
    asker = Asker(node)

    with pytest.raises(InvalidManifestError, match="do not name each other"):
        asker.ask(node, Job(), purpose="Marketing")


@pytest.mark.petrus("P2")
@pytest.mark.threat("T53")
def test_a_request_that_another_key_signed_is_denied(node: Node) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")
    papers, forged = asker.papers(Job()), other.papers(Job(), app=asker.id)

    assert refusal(lambda: asker.hand_in(node, replace(papers, request=forged.request))) == DENIED


@pytest.mark.threat("T53")
def test_a_request_in_the_name_of_another_app_is_refused(node: Node) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")

    with pytest.raises(InvalidManifestError, match="another app than the one that sent it"):
        asker.ask(node, Job(), app=other.id)


@pytest.mark.threat("T41")
def test_a_task_that_the_request_does_not_name_is_refused(node: Node) -> None:
    asker = Asker(node)
    papers, swapped = asker.papers(Job()), asker.papers(Job(version="6.6.6"))

    with pytest.raises(InvalidManifestError, match="do not name each other"):
        asker.hand_in(node, replace(papers, task=swapped.task))


@pytest.mark.petrus("P4")
@pytest.mark.threat("T41")
@pytest.mark.parametrize("at", [0, len(BIT) // 2, len(BIT) - 1])
def test_a_changed_byte_of_the_program_is_refused(node: Node, at: int) -> None:
    asker = Asker(node)
    papers = asker.papers(Job())
    code = BIT[:at] + bytes([BIT[at] ^ 1]) + BIT[at + 1 :]

    with pytest.raises(InvalidManifestError, match="not the one whose digest the task names"):
        asker.hand_in(node, replace(papers, code=code))


@pytest.mark.threat("T71")
def test_papers_that_were_exchanged_in_the_store_end_the_next_opening(
    home: Path, clock: Hands
) -> None:
    """Somebody with the file key puts the papers of one request under the id of another."""
    with opened(home, clock) as node:
        asker = Asker(node)
        asker.ask(node, Job())
        asker.ask(node, Job(version="2.0.0"))
        core = node.parts.core
        one, two = core.store.scan(REQUESTS.name, "key", (), ()).rows
        fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
        swapped = Put(REQUESTS.name, (*one.row[:-1], two.row[-1]))
        core.store.commit((), lambda _: (swapped,), fence)

    with pytest.raises(TamperedError, match="rows that decide"), opened(home, clock):
        pass


@pytest.mark.threat("T12")
@pytest.mark.parametrize("name", ["pay\u202eroll", "gr\u200been", "a\u0000b", "x\ue000"])
def test_a_name_that_reads_otherwise_than_it_stands_is_refused(node: Node, name: str) -> None:
    asker = Asker(node)

    with pytest.raises(InvalidError):
        asker.ask(node, Job(), name=name)


@pytest.mark.threat("T12")
def test_an_app_with_hidden_letters_in_its_name_is_shown_with_them(node: Node) -> None:
    asker = Asker(node, "Bank\u202ecod.exe")

    card = card_of(node, asker.ask(node, Job()))

    assert "\u202e" not in card.asker.name
    assert "\\u202e" in card.asker.name.lower()


@pytest.mark.threat("T02")
@pytest.mark.parametrize("forge", ["flip", "cut", "empty", "other letters"])
def test_a_forged_token_is_told_nothing_at_any_door(vault: Node, ready: Ready, forge: str) -> None:
    asker, request = ready.asker, ready.request
    token = {
        "flip": asker.token[:-1] + ("A" if asker.token[-1] != "A" else "B"),
        "cut": asker.token[:-4],
        "empty": "",
        "other letters": "shv1_\u00e9\u00e9",
    }[forge]
    papers = asker.papers(Job())

    doors: list[Callable[[], object]] = [
        lambda: vault.outside.request_status(token, request),
        lambda: vault.outside.invoke(token, request),
        lambda: vault.outside.fetch(token, request),
        lambda: vault.outside.submit(token, papers.request, papers.task, papers.code),
    ]

    assert [refusal(door) for door in doors] == [DENIED] * 4


@pytest.mark.threat("T13")
def test_absent_foreign_and_forbidden_look_alike(vault: Node, ready: Ready) -> None:
    asker = Asker(vault, "Two")
    waits = asker.ask(vault, Job(name="Waits"))
    grant = named(ready.grant)

    foreign = [ready.request, "q-000000000000", grant, "nonsense", ready.grant.id.hex()]
    doors: list[Callable[[], object]] = [
        partial(door, asker.token, text)
        for text in foreign
        for door in (vault.outside.request_status, vault.outside.invoke, vault.outside.fetch)
    ]
    doors += [
        partial(vault.outside.invoke, asker.token, waits),
        partial(vault.outside.fetch, asker.token, waits),
    ]

    assert [refusal(door) for door in doors] == [DENIED] * 17


@pytest.mark.threat("T13")
def test_a_refused_request_that_is_asked_again_learns_nothing(node: Node, clock: Hands) -> None:
    asker, undecided = Asker(node, "One"), Asker(node, "Two")
    refused, waits = asker.ask(node, Job()), undecided.ask(node, Job())
    node.requests.refuse(refused)
    asked = len(node.requests.list())

    again = asker.ask(node, Job(), reason=(("en", "Please, please"),))

    status = [
        node.outside.request_status(asker.token, refused),
        node.outside.request_status(undecided.token, waits),
    ]
    assert again == refused
    assert status == ["pending", "pending"]
    assert len(node.requests.list()) == asked
    clock.move(8 * DAY)
    assert node.outside.request_status(asker.token, refused) == "refused"
    assert node.outside.request_status(undecided.token, waits) == "refused"


@pytest.mark.threat("T13")
def test_a_flood_of_blocked_repeats_is_one_row_that_the_owner_never_sees(
    node: Node, clock: Hands
) -> None:
    asker = Asker(node)
    node.requests.refuse(asker.ask(node, Job()))
    clock.move(8 * DAY)

    repeats = {asker.ask(node, Job()) for _ in range(20)}

    assert len(repeats) == 1
    assert node.outside.request_status(asker.token, repeats.pop()) == "pending"
    assert [line.state for line in node.requests.list()] == [RequestState.REFUSED]


@pytest.mark.threat("T13")
def test_an_app_that_asks_too_much_is_denied(node: Node) -> None:
    asker = Asker(node)
    for number in range(3):
        asker.ask(node, Job(version=f"1.0.{number}"))

    assert refusal(lambda: asker.ask(node, Job(version="1.0.9"))) == DENIED


@pytest.mark.parametrize("state", ["suspended", "removed"])
def test_a_stopped_app_is_denied_everything_and_so_is_a_run_for_it(
    vault: Node, ready: Ready, state: str
) -> None:
    asker, request = ready.asker, ready.request
    vault.runs.run(named(ready.grant))

    (vault.apps.suspend if state == "suspended" else vault.apps.remove)(asker.shown)

    assert refusal(lambda: vault.outside.request_status(asker.token, request)) == DENIED
    assert refusal(lambda: vault.outside.fetch(asker.token, request)) == DENIED
    assert refusal(lambda: asker.ask(vault, Job(version="2.0.0"))) == DENIED
    with pytest.raises(DeniedError, match="app"):
        vault.runs.run(named(ready.grant))


def test_a_suspended_app_goes_on_where_it_was_once_it_is_resumed(vault: Node, ready: Ready) -> None:
    vault.apps.suspend(ready.asker.shown)

    vault.apps.resume(ready.asker.shown)

    assert vault.runs.run(named(ready.grant)).value == 10


@pytest.mark.parametrize("why", ["suspended", "over", "task over"])
def test_what_can_no_longer_be_used_is_not_allowed_either(
    node: Node, clock: Hands, why: str
) -> None:
    asker = Asker(node)
    job = Job(expires="2026-11-24T00:00:00Z") if why == "task over" else Job()
    request = asker.ask(node, job, until=Instant(NOON + 4 * DAY))
    if why == "suspended":
        node.apps.suspend(asker.shown)
    else:
        clock.move(5 * DAY)

    with pytest.raises(ConflictError):
        allow(node, request)

    assert node.grants.list() == ()
    assert charged(node) == 0


@pytest.mark.petrus("P2")
@pytest.mark.threat("T43")
def test_a_reply_has_one_size_and_opens_for_its_app_alone(node: Node, clock: Hands) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")
    papers = asker.papers(Job())
    request = asker.hand_in(node, papers)
    full = next(line.id for line in node.requests.list())
    grant = allow(node, request)
    assert node.outside.fetch(asker.token, request) is None
    node.runs.begin(grant.id)()

    assert node.outside.fetch(asker.token, request) is None  # its slot is not over
    clock.move(MINUTE)
    reply = node.outside.fetch(asker.token, request)

    assert reply is not None
    sealed, info = unpad(reply), box_info(RequestId(full), papers.digest)
    assert json.loads(asker.keys.box.open(sealed, info))
    with pytest.raises(TamperedError):
        other.keys.box.open(sealed, info)
    assert len(reply) == 24_576


@pytest.mark.threat("T12")
@pytest.mark.parametrize(
    "name", ["GreenC\N{CYRILLIC SMALL LETTER O}rp", "Green Corp", "GreenCorp "]
)
def test_an_app_whose_name_looks_like_a_known_one_is_kept_only_with_a_yes_to_it(
    node: Node, name: str
) -> None:
    node.apps.register_app("GreenCorp", bytes(32))
    size = node.audit.state().size

    with pytest.raises(LookalikeError, match="looks like `GreenCorp`"):
        node.apps.register_app(name, b"\x01" * 32)
    kept = (len(node.apps.list()), node.audit.state().size)
    node.apps.register_app(name, b"\x01" * 32, confirmed=True)

    assert kept == (1, size)
    assert len(node.apps.list()) == 2


@pytest.mark.threat("T12")
def test_the_name_of_an_app_that_was_removed_is_free_again(node: Node) -> None:
    view, _ = node.apps.register_app("GreenCorp", bytes(32))
    node.apps.remove(canonical(view.id))

    again, _ = node.apps.register_app("GreenCorp", b"\x01" * 32)

    assert again.state == "active"
