"""What is shown in a share space: sealed anew, under ids of its own, and nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sealhold.model.ids import GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.shareterms import Tier
from sealhold.sharing.peers.mirror import mirror
from sealhold.sharing.peers.sharepaper import Paper, papers, put_paper, put_record, records
from sealhold.sharing.peers.usekeys import opened_for_use, use_key
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import sync
from tests.unit.replicas import Shelf
from tests.unit.shares import begun, clauses, item


@pytest.fixture
def people() -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as stack:
        ada, bo = (stack.enter_context(machine(seed)) for seed in (b"ada", b"bo"))
        ada.devices.begin("ada's laptop", None)
        bo.devices.begin("bo's laptop", None)
        yield ada, bo


def test_what_is_shown_comes_and_goes(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    record = begun(ada, bo, Tier.THEIR_NODE)
    opened = ada.devices.collection("for bo")
    one, two = item(b"1", b"one", "one.txt"), item(b"2", b"two" * 9_999, "two.txt", ("a", "b"))

    done = mirror(ada.devices, opened, record, [one, two])
    assert (done.shown, done.written, done.erased) == (2, 2, 0)
    assert mirror(ada.devices, opened, record, [one, two]).written == 0
    sync(ada, shelf)
    sync(bo, shelf)
    assert bo.shown("for bo") == {"one.txt": b"one", "a/b/two.txt": b"two" * 9_999}

    renamed = replace(one, name="first.txt")
    done = mirror(ada.devices, opened, record, [renamed])
    assert (done.renamed, done.written, done.erased) == (1, 0, 3)  # a file and its two folders
    sync(ada, shelf)
    sync(bo, shelf)
    assert bo.shown("for bo") == {"first.txt": b"one"}

    mirror(ada.devices, opened, record, [renamed, two])  # again, under another id
    sync(ada, shelf)
    sync(bo, shelf)
    assert bo.shown("for bo") == {"first.txt": b"one", "a/b/two.txt": b"two" * 9_999}


def test_what_changes_and_changes_back_is_shown(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    record = begun(ada, bo, Tier.THEIR_NODE)
    opened = ada.devices.collection("for bo")
    for text in (b"old", b"new", b"old"):
        assert mirror(ada.devices, opened, record, [item(b"1", text, "one")]).written == 1
        assert mirror(ada.devices, opened, record, [item(b"1", text, "one")]).written == 0
        sync(ada, shelf)
        sync(bo, shelf)
        assert bo.shown("for bo") == {"one": text}


def test_at_t2_nothing_opens_without_a_key_for_it(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf, text = Shelf(), bytes(range(256)) * 1_000
    record = begun(ada, bo, Tier.KEY_PER_USE)
    opened = ada.devices.collection("for bo")
    mirror(ada.devices, opened, record, [item(b"1", text, "one")])
    sync(ada, shelf)
    sync(bo, shelf)

    (sealed,) = bo.shown("for bo").values()
    assert text[:64] not in sealed
    state = bo.devices.collection("for bo").replica.state
    (thing,) = state.tree.shown()
    standing = state.versions.standing(thing).shown
    assert standing is not None
    key = use_key(record.secret, thing, standing.id)
    assert b"".join(opened_for_use([sealed], key, thing, standing.id)) == text


def test_a_paper_counts_if_the_owner_signed_it(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    shelf = Shelf()
    record = begun(ada, bo, Tier.THEIR_NODE)
    opened = ada.devices.collection("for bo")
    paper = Paper(
        grant=record.grant,
        owner=ada.devices.me.root,
        device=ada.devices.me.id,
        parent=None,
        epoch=1,
        said=Instant(5),
        clauses=clauses(bo, Tier.THEIR_NODE),
    )
    put_paper(opened, paper, ada.devices.me.keys.signer)
    put_paper(opened, replace(paper, grant=GrantId(Id16(b"2" * 16))), bo.devices.me.keys.signer)
    sync(ada, shelf)
    sync(bo, shelf)

    assert list(papers(bo.devices.collection("for bo"))) == [paper]


def test_the_owner_keeps_a_record(people: tuple[Machine, Machine]) -> None:
    ada, bo = people
    record = begun(ada, bo, Tier.THEIR_NODE)
    put_record(ada.devices, record)
    ada.again()

    (kept,) = records(ada.devices)
    assert kept == record
