"""What a share shows, to whom and for which use, in the hands of recipients and of places."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.node.sharefiles import SharedFiles
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.membercircle import prekey_object
from sealhold.sharing.devices.oplog import epoch_of
from sealhold.sharing.devices.saying import USE, own_key
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import dismiss
from sealhold.sharing.peers.answering import answers_of
from sealhold.sharing.peers.mirror import mirror
from sealhold.sharing.peers.sharepaper import (
    REVOKED,
    SHARE_KIND,
    papers,
    put_paper,
    put_record,
)
from sealhold.sharing.peers.usekeys import opened_for_use, use_key
from sealhold.sharing.peers.usenotes import ANSWER_KIND, open_answer
from sealhold.sharing.peers.usereceipts import papers_of, receipts, sign_beside
from tests.unit.owned_devices import Machine
from tests.unit.people import sync
from tests.unit.replicas import Shelf
from tests.unit.shares import NAME, begun, item, let_in, paper_of, people, shared


@pytest.fixture
def both() -> Iterator[tuple[Machine, Machine]]:
    with people("ada", "bo") as (ada, bo):
        yield ada, bo


# --- T548: a share that shows what it was not to show ---


@pytest.mark.threat("T548")
def test_a_dismissed_guest_opens_nothing_later_with_any_key_it_ever_had() -> None:
    with people("ada", "bo", "cy") as (ada, bo, cy):
        it = shared(ada, bo, Tier.THEIR_NODE)
        let_in(it, cy)
        before = set(it.shelf.kept)
        dismiss(ada.devices, it.there, bo.devices.me.root)
        had = [(kind, name) for kind, name, _ in it.here.members.known()]
        secrets = [secret for _, _, secret in it.here.members.known()]
        secrets += list(it.here.replica.state.keys.values())
        ada.write("later.txt", b"written later", NAME)
        sync(ada, it.shelf)
        sync(cy, it.shelf)
        assert "later.txt" in cy.shown(NAME)
        sync(bo, it.shelf)

        assert "later.txt" not in bo.shown(NAME)
        later = {name: it.shelf.kept[name] for name in it.shelf.kept.keys() - before}
        entries = [data for name, data in later.items() if "/log/" in name]
        assert entries
        told = {name for _, name in had}
        content = [each for each in entries if epoch_of(each) not in told]
        assert content  # under an epoch that Bo never had
        state = ada.devices.collection(NAME).replica.state
        fresh = [key for name, key in state.keys.items() if name not in it.here.replica.state.keys]
        assert fresh
        assert not any(key in secrets for key in fresh)


@pytest.mark.threat("T548")
def test_a_paper_that_the_owner_did_not_sign_or_that_is_older_is_none(
    both: tuple[Machine, Machine],
) -> None:
    it = shared(*both, Tier.THEIR_NODE)
    first = paper_of(it)
    opened, signer = it.there, it.owner.devices.me.keys.signer
    over = replace(first, epoch=REVOKED, said=Instant(first.said + 1))
    put_paper(opened, over, signer)
    put_paper(opened, first, signer)  # an older one, told again by a device that was away
    stranger = SigningKey(Secret(b"s" * 32, "a stranger's key"))
    put_paper(opened, replace(first, said=Instant(first.said + 9)), stranger)
    put_paper(opened, replace(first, owner=it.guest.devices.me.root), signer)
    it.carry()

    for one in (it.owner, it.guest):
        assert all(each.epoch == REVOKED for each in papers(one.devices.collection(NAME)))
    with pytest.raises(SealholdError):
        it.asking().opened(it.wish())


def _tampered(shelf: Shelf, mark: str) -> list[str]:
    """Change a byte in the middle of each object whose name holds `mark`."""
    found = [name for name in shelf.kept if mark in name]
    for name in found:
        data = bytearray(shelf.kept[name])
        data[len(data) // 2] ^= 1
        shelf.kept[name] = bytes(data)
    return found


@pytest.mark.threat("T548")
@pytest.mark.parametrize("mark", ["/pack/", "/log/", "/keys/"])
def test_what_was_changed_on_the_way_is_not_shown(both: tuple[Machine, Machine], mark: str) -> None:
    ada, bo = both
    record = begun(ada, bo, Tier.THEIR_NODE)
    opened, shelf = ada.devices.collection(NAME), Shelf()
    text = bytes(range(256)) * 1_024
    mirror(ada.devices, opened, record, [item(b"1", text, "one.bin")])
    sync(ada, shelf)
    found = _tampered(shelf, mark)
    if not found:
        assert mark == "/keys/"
        found = _tampered(shelf, "/key")
    assert found

    sync(bo, shelf)
    try:
        shown = bo.shown(NAME)
    except (TamperedError, SealholdError):
        shown = {}
    assert shown == {}


@pytest.mark.threat("T548")
def test_contents_versions_and_answers_cannot_be_swapped(both: tuple[Machine, Machine]) -> None:
    ada, bo = both
    record = begun(ada, bo, Tier.KEY_PER_USE, 5)
    opened, shelf = ada.devices.collection(NAME), Shelf()
    texts = {b"1": b"one" * 50_000, b"2": b"two" * 50_000}
    done = mirror(ada.devices, opened, record, [item(s, t, s.decode()) for s, t in texts.items()])
    sync(ada, shelf)
    sync(bo, shelf)
    here = bo.devices.collection(NAME)
    state, sealed = here.replica.state, bo.shown(NAME)
    ids = {}
    for source, thing in done.things.items():
        found = state.versions.standing(thing).shown
        assert found is not None
        ids[source] = (thing, found.id)
    for source, other in ((b"1", b"2"), (b"2", b"1")):
        thing, version = ids[source]
        key = use_key(record.secret, thing, version)
        with pytest.raises(SealBrokenError):  # another object's content
            list(opened_for_use([sealed[other.decode()]], key, thing, version))
        with pytest.raises(SealBrokenError):  # its key for this content
            list(opened_for_use([sealed[source.decode()]], key, *ids[other]))
        for cut in (sealed[source.decode()][:-1], sealed[source.decode()][:70_000], b""):
            with pytest.raises(SealBrokenError):
                list(opened_for_use([cut], key, thing, version))


@pytest.mark.threat("T548")
def test_a_share_holds_nothing_of_the_owners_other_collections(
    both: tuple[Machine, Machine],
) -> None:
    ada, bo = both
    shelf, own = Shelf(), Shelf()
    ada.devices.create(Holds.FILES, "papers")
    papers_ = ada.files()
    shown = bytes(range(256)) * 500 + b"to be shown"
    given = ada.write("given.bin", shown)
    ada.write("kept.txt", b"never to be shown")
    ada.sync(own)
    record = begun(ada, bo, Tier.THEIR_NODE)
    put_record(ada.devices, record)
    opened = ada.devices.collection(NAME)
    offered = list(SharedFiles(ada.devices).every(frozenset({Id16(given)})))
    mirror(ada.devices, opened, record, [each.item for each in offered])
    sync(ada, shelf)
    sync(bo, shelf)
    assert bo.shown(NAME) == {"given.bin": shown}

    got = _all_of(bo, shelf)
    for one in (papers_, ada.devices.home):
        for what, secret in _ids_and_keys(one).items():
            assert secret not in got, what
    assert record.secret.reveal() not in got
    assert b"never to be shown" not in got
    assert b"kept.txt" not in got
    told = {prekey_object(ada.devices.me.keys)}  # stands in her card, for all who know her
    others = [name for name, data in own.kept.items() if data not in told]
    names = [part for name in others for part in name.split("/")]
    assert not any(each.encode() in got for each in names if len(each) > 16)  # boxes, logs, packs
    # the place where it lies sees names and contents of nothing
    seen = b"\0".join([*shelf.kept.values(), *(name.encode() for name in shelf.kept)])
    for secret in (
        b"given.bin",
        shown[:64],
        NAME.encode(),
        record.grant,
        *opened.replica.state.tree.shown(),
    ):
        assert secret not in seen


def _ids_and_keys(opened: Open) -> dict[str, bytes]:
    """Return what nobody else is to learn of a collection."""
    state = opened.replica.state
    found = {"collection": bytes(opened.about.id), "secret": opened.about.secret.reveal()}
    for number, (kind, name, secret) in enumerate(opened.members.known()):
        found[f"{kind} {number}"] = name
        found[f"secret of {kind} {number}"] = secret.reveal()
    for number, (of, key) in enumerate(state.keys.items()):
        found[f"object {number}"] = of.object
        if any(of.version):
            found[f"version {number}"] = of.version
        found[f"key {number}"] = key.reveal()
    for number, content in enumerate(state.contents()):
        found |= {f"chunk {number} {n}": each for n, each in enumerate(_chunk_ids(content))}
        found[f"digest {number}"] = content.digest
    return found


def _chunk_ids(content: Content) -> list[bytes]:
    return [] if content.manifest is None else [each.chunk for each in content.manifest.chunks]


def _all_of(one: Machine, shelf: Shelf) -> bytes:
    """Return all that a recipient ever got: as it came, and opened."""
    opened = one.devices.collection(NAME)
    state, said = opened.replica.state, {each.entry.data for each in opened.replica.entries()}
    box = next(name[:35] for name, data in shelf.kept.items() if data in said)
    came = {name: data for name, data in shelf.kept.items() if name.startswith(box)}
    found = [*came.values(), *(name.encode() for name in came)]
    for each in opened.replica.entries():
        found.append(repr(each.told).encode())
        found += [bytes(part) for op in each.told.ops for part in _bytes_of(op)]
    for kind in (SHARE_KIND, admitting.GUEST_KIND, ANSWER_KIND):
        found += [pack([key, note.told]) for key, note in state.notes(kind)]
    for of, key in state.keys.items():
        found += [of.object, of.version, key.reveal()]
    for content in state.contents():
        found.append(content.digest + repr(content).encode())
        if content.manifest is not None:
            found.append(pack(content.manifest.encoded()))
    found += [secret.reveal() + name for _, name, secret in opened.members.known()]
    found += [pack(opened.about.told())]
    found += list(one.shown(NAME).values())
    return b"\0".join(found)


def _bytes_of(op: object) -> list[bytes]:
    values = [getattr(op, name) for name in op.__slots__]  # type: ignore[attr-defined]
    return [each for each in values if isinstance(each, bytes)]


# --- T549: a key for a use that was not granted ---


@pytest.mark.threat("T549")
def test_an_answer_opens_at_its_own_ask_alone(both: tuple[Machine, Machine]) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=5)
    asking = it.asking()
    one, two = asking.ask(it.wish()), asking.ask(it.wish())
    it.answered()
    answers = answers_of(it.here)
    boxes = {key: kept[0] for key, kept in asking._kept().items()}

    for key, other in ((one, two), (two, one)):
        for box, place, sealed in (
            (boxes[key], key, answers[other].sealed),
            (boxes[key], other, answers[key].sealed),
            (boxes[other], key, answers[key].sealed),
            (boxes[key], key, answers[key].sealed[:-1]),
        ):
            with pytest.raises(SealholdError):
                open_answer(sealed, box, it.here.about.id, place)
    assert sorted(each.number for each in answers.values()) == [1, 2]


@pytest.mark.threat("T549")
def test_asks_that_the_paper_does_not_carry_are_denied(
    both: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=5)
    monkeypatch.setattr("sealhold.sharing.peers.asking.require", lambda _decision: None)
    asking = it.asking()
    monkeypatch.setattr(asking, "_standing", lambda _thing: b"a version of no object")
    asking.ask(it.wish())  # nothing that can be read
    monkeypatch.setattr(asking, "_standing", lambda _thing: b"v" * 16)
    asking.ask(it.wish())
    asking.ask(replace(it.wish(), thing=Id16(b"x" * 16)))

    answers = it.answered()

    assert (answers.released, set(answers.reasons)) == (0, {"other_object"})
    assert it.ledgers.ledger(it.record.grant).spent == 0


@pytest.mark.threat("T549")
def test_a_receipt_of_another_use_or_by_another_is_not_signed(
    both: tuple[Machine, Machine],
) -> None:
    with people("cy") as (cy,):
        it = shared(*both, Tier.KEY_PER_USE, most=5)
        let_in(it, cy)
        asking = it.asking()
        one, two = asking.ask(it.wish()), asking.ask(it.wish())
        it.answered()
        asking.used(one)
        told = it.here.replica.state.note(USE, one)
        assert told is not None
        draft = Draft(it.here.replica)
        draft.note(USE, two, told.told)  # the receipt of the first use, for the second
        draft.commit()
        theirs = Draft(cy.devices.collection(NAME).replica)
        copied = own_key(cy.devices.me.id, one[8:])
        theirs.note(USE, copied, told.told)  # and as if Cy had signed it
        theirs.commit()
        for each in (it.guest, cy, it.owner):
            sync(each, it.shelf)

        assert sign_beside(it.owner.devices, it.there, it.record, it.ledgers) == [two]
        assert {each.key for each in receipts(it.there, it.record.grant)} == {one, two}
        assert len(papers_of(it.there, it.record.grant)) == 2
        kept = it.ledgers.kept(it.record.grant, two)
        assert kept is not None
        assert kept.receipt == b""
