"""Share spaces in the hands of guests, of strangers, and of the place where they lie."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    DeniedError,
    InvalidEncodingError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.node.sharefiles import SharedFiles
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.certs import Certificate, Role, issue
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.membercircle import prekey_object
from sealhold.sharing.devices.oplog import epoch_of
from sealhold.sharing.devices.ops import EraseOp, PlaceOp
from sealhold.sharing.devices.saying import ASK, USE, own_key
from sealhold.sharing.devices.treeops import OpKind
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import Person, dismiss
from sealhold.sharing.peers.answering import Answering, answers_of
from sealhold.sharing.peers.mirror import mirror
from sealhold.sharing.peers.sharepaper import (
    REVOKED,
    SHARE_KIND,
    Paper,
    papers,
    put_paper,
    put_record,
    write_paper,
)
from sealhold.sharing.peers.usekeys import opened_for_use, use_key
from sealhold.sharing.peers.usenotes import ANSWER_KIND, RECEIPT_KIND, open_answer
from sealhold.sharing.peers.usereceipts import papers_of, receipts, sign_beside
from tests.unit.owned_devices import PLACE, Machine, machine
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf
from tests.unit.shares import NAME, Shared, begun, item, shared


@contextmanager
def people(*names: str) -> Iterator[list[Machine]]:
    """Return people with a vault of one device each."""
    with ExitStack() as stack:
        found = [stack.enter_context(machine(name.encode())) for name in names]
        for name, each in zip(names, found, strict=True):
            each.devices.begin(f"{name}'s laptop", None)
        yield found


@pytest.fixture
def both() -> Iterator[tuple[Machine, Machine]]:
    with people("ada", "bo") as (ada, bo):
        yield ada, bo


def let_in(it: Shared, other: Machine) -> None:
    """Let another person into a space."""
    admitting.follow(it.owner.devices, it.there, card(other), Role.GUEST)
    meet(it.owner, other, it.there)
    sync(it.owner, it.shelf)
    sync(other, it.shelf)


def standing(it: Shared, one: Machine) -> bytes:
    """Return the version of the shared object that stands at somebody."""
    found = one.devices.collection(NAME).replica.state.versions.standing(it.thing).shown
    assert found is not None
    return found.id


def paper_of(it: Shared) -> Paper:
    (found,) = papers(it.there)
    return found


# --- T546: a guest who writes, or speaks for another ---


@pytest.mark.threat("T546")
def test_nothing_that_a_guest_says_of_the_owners_things_counts_anywhere(
    both: tuple[Machine, Machine],
) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=2)
    cy = it.guest
    version, before = standing(it, it.owner), paper_of(it)
    more = replace(before, clauses=replace(before.clauses, count=None), said=Instant(1 << 42))
    replica = it.here.replica
    key = it.asking().ask(it.wish())
    answer = [1, it.record.grant, 1, b"sealed"]
    draft = Draft(replica)
    draft.put(it.thing, replace(replica.state.content(version), size=1), [version])
    draft.note(SHARE_KIND, before.grant, write_paper(more, cy.devices.me.keys.signer))
    draft.note(admitting.GUEST_KIND, cy.devices.me.id, it.owner.devices.me.root)
    draft.note(ANSWER_KIND, key, answer)
    draft.note(RECEIPT_KIND, key, b"signed by nobody")
    draft.commit()
    replica.write([EraseOp(it.thing)], {})
    replica.write([PlaceOp(OpKind.DELETE, it.thing, None, None)], {})
    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)

    for one in (it.owner, it.guest):
        one.again()
        opened = one.devices.collection(NAME)
        state = opened.replica.state
        assert it.thing in state.tree.shown()
        assert standing(it, one) == version
        assert list(papers(opened)) == [before]
        assert admitting.guests(opened) == {cy.devices.me.id: cy.devices.me.root}
        assert answers_of(opened) == {}
        assert list(state.notes(RECEIPT_KIND)) == []
        # put and its keys, four notes, an erasure, a deletion
        assert len(state.refused) == 8
    assert Answering(it.owner.devices, it.ledgers).answer(it.there, it.record).released == 1


@pytest.mark.threat("T546")
@pytest.mark.parametrize("role", [Role.GUEST, Role.EDITOR])
def test_a_key_that_somebody_tells_anew_replaces_none(role: Role) -> None:
    with people("ada", "bo", "cy") as (ada, bo, cy):
        opened = admitting.space(ada.devices, NAME)
        shelf = Shelf()
        for one in (bo, cy):
            admitting.follow(ada.devices, opened, card(one), role)
            meet(ada, one, opened)
        things = [ada.write(f"{n}.txt", b"text %d" % n, NAME) for n in range(6)]
        sync(ada, shelf)
        sync(bo, shelf)
        replica = bo.devices.collection(NAME).replica
        for thing in things:
            for _ in range(2):  # segments come in the order of random ids
                names = [name for name in replica.state.keys if name.object == thing]
                replica.write([], {name: new_key(replica.entropy, "key") for name in names})
        sync(bo, shelf)
        sync(ada, shelf)
        sync(cy, shelf)  # hears of all of it at once

        expected = {f"{n}.txt": b"text %d" % n for n in range(6)}
        for one in (ada, cy, bo):
            assert one.shown(NAME) == expected
            one.again()
            assert one.shown(NAME) == expected
            assert one.devices.collection(NAME).replica.state.waiting() == 0


@pytest.mark.threat("T546")
def test_nobody_asks_or_tells_of_uses_in_anothers_name(both: tuple[Machine, Machine]) -> None:
    with people("cy") as (cy,):
        it = shared(*both, Tier.KEY_PER_USE, most=5)
        let_in(it, cy)
        asked = it.asking().ask(it.wish())
        it.answered()
        sync(cy, it.shelf)
        theirs = cy.devices.collection(NAME)
        ask, answer = (theirs.replica.state.note(kind, asked) for kind in (ASK, ANSWER_KIND))
        assert ask is not None
        assert answer is not None

        in_their_name = own_key(it.guest.devices.me.id, b"cy wrote")
        again = own_key(cy.devices.me.id, asked[8:])
        draft = Draft(theirs.replica)
        draft.note(ASK, in_their_name, ask.told)  # as Bo
        draft.note(USE, in_their_name, b"as Bo")
        draft.note(ASK, again, ask.told)  # Bo's ask once more, as Cy
        draft.note(ANSWER_KIND, again, answer.told)
        draft.commit()
        sync(cy, it.shelf)
        it.answered()
        sync(cy, it.shelf)

        assert {key for key, _ in it.there.replica.state.notes(ASK)} == {asked, again}
        assert it.ledgers.kept(it.record.grant, again).number == 0  # the paper is for Bo alone
        assert it.ledgers.ledger(it.record.grant).spent == 1
        content = it.asking().used(asked)
        assert content is not None
        assert b"".join(content) == b"the text"


@pytest.mark.threat("T546")
def test_a_replayed_ask_is_the_same_use(both: tuple[Machine, Machine]) -> None:
    it = shared(*both, Tier.KEY_PER_USE, most=5)
    key = it.asking().ask(it.wish())
    it.answered()
    (first,) = answers_of(it.there).values()
    told = it.here.replica.state.note(ASK, key)
    assert told is not None
    for _ in range(3):
        draft = Draft(it.here.replica)
        draft.note(ASK, key, told.told)
        draft.commit()
        it.answered()

    assert answers_of(it.there) == {key: first}
    assert it.ledgers.ledger(it.record.grant).spent == 1


# --- T547: a place in a space for somebody else ---


@pytest.mark.threat("T547")
def test_an_invitation_by_another_opens_nothing(both: tuple[Machine, Machine]) -> None:
    with people("eve") as (eve,):
        it = shared(*both, Tier.THEIR_NODE)
        meet(it.owner, eve, it.there)  # she got the paper; nobody let her in
        paper = admitting.invitation(it.there, [PLACE], lambda _opened, _way: "")
        sync(eve, it.shelf)

        assert eve.shown(NAME) == {}
        with pytest.raises(DeniedError):  # passed on in her name, to whoever knows her
            admitting.accept(it.guest.devices, paper, eve.devices.me.root)
        about = replace(it.there.about, root=eve.devices.me.root, ways=())
        with pytest.raises(DeniedError):  # and as a space of hers, under an id that is known
            admitting.accept(it.guest.devices, pack([1, about.told()]), eve.devices.me.root)
        home = replace(about, holds=Holds.HOME)
        with pytest.raises(InvalidEncodingError):
            admitting.accept(it.guest.devices, pack([1, home.told()]), eve.devices.me.root)


@pytest.mark.threat("T547")
def test_a_card_lets_in_no_device_of_others(both: tuple[Machine, Machine]) -> None:
    ada, bo = both
    opened = admitting.space(ada.devices, NAME)
    ((chain, prekey),) = card(bo).devices
    ((hers, her_prekey),) = card(ada).devices
    for devices in (((hers, her_prekey),), ((chain, her_prekey),), ((hers, prekey),)):
        with pytest.raises(SealholdError):
            admitting.follow(
                ada.devices, opened, Person(root=bo.devices.me.root, devices=devices), Role.GUEST
            )
    assert admitting.guests(opened) == {}


@pytest.mark.threat("T547")
def test_a_card_that_claims_an_owners_device_takes_nothing_over(
    both: tuple[Machine, Machine],
) -> None:
    ada, bo = both
    opened = admitting.space(ada.devices, NAME)
    me = bo.devices.me
    hers = ada.devices.me
    mine = opened.members.state.members[hers.id].certificate
    claimed = Certificate(
        root=me.root,
        device=hers.id,
        signing=hers.keys.signer.public,
        box=hers.keys.box.public,
        role=Role.FULL,
        seq=9,
        issuer=me.id,
    )
    chain = (*me.chain, issue(claimed, me.keys.signer))
    person = Person(
        root=me.root,
        devices=((me.chain, me.keys.published()), (chain, hers.keys.published())),
    )

    admitting.follow(ada.devices, opened, person, Role.GUEST)
    assert admitting.guests(opened) == {me.id: me.root}
    assert dismiss(ada.devices, opened, me.root) == [me.id]
    assert opened.members.state.members[hers.id].certificate == mine
    assert opened.members.state.certificate(hers.id) is not None


@pytest.mark.threat("T547")
def test_a_guest_lets_nobody_in_and_removes_nobody(both: tuple[Machine, Machine]) -> None:
    with people("eve") as (eve,):
        it = shared(*both, Tier.THEIR_NODE)
        for act in (
            lambda: admitting.follow(it.guest.devices, it.here, card(eve), Role.GUEST),
            lambda: dismiss(it.guest.devices, it.here, it.guest.devices.me.root),
        ):
            with pytest.raises(SealholdError):
                act()
        sync(it.guest, it.shelf)
        sync(it.owner, it.shelf)

        assert admitting.guests(it.there) == {it.guest.devices.me.id: it.guest.devices.me.root}
        assert it.there.members.state.certificate(it.guest.devices.me.id) is not None


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
    for number, (name, key) in enumerate(state.keys.items()):
        found[f"object {number}"] = name.object
        if any(name.version):
            found[f"version {number}"] = name.version
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
    for name, key in state.keys.items():
        found += [name.object, name.version, key.reveal()]
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
        assert it.ledgers.kept(it.record.grant, two).receipt == b""
