"""Cards and letters in the hands of who would be somebody else, or read what is not theirs."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    BadSignatureError,
    CarrierRefusedError,
    DeniedError,
    InvalidEncodingError,
    SealBrokenError,
    SealholdError,
)
from sealhold.model.ids import ObjectName
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Putting
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.joinpapers import Way
from sealhold.sharing.peers.card import Card, Door, Told, read_card, write_card
from sealhold.sharing.peers.contact import Contact, Fit, fit, learnt, verified
from sealhold.sharing.peers.inbox import Spot
from sealhold.sharing.peers.letter import Sender, open_letter, write
from sealhold.sharing.peers.letters import Post
from tests.relaying import running
from tests.unit.owned_devices import Machine, machine, pair
from tests.unit.replicas import Shelf
from tests.unit.two_people import Person, anna_and_ben, letters_at, people, person

REFUSED = (BadCertificateError, BadSignatureError, InvalidEncodingError)


@pytest.fixture(scope="module")
def three() -> Iterator[list[Person]]:
    """Anna, Ben who knows her, and Eve."""
    with people("Anna", "Ben", "Eve") as found:
        anna, ben, eve = found
        anna.knows(ben)
        ben.knows(anna)
        eve.card()
        yield found


def parts(card: Card) -> tuple[dict[int, object], bytes]:
    said, signature = unpack(card.data)
    return unpack(said), signature


def told_by(person: Person, **changed: object) -> Told:
    """Return what a person's card tells, with changes."""
    card = person.card()
    told = Told(
        root=card.root,
        box=card.box,
        name=card.name,
        number=card.number + 1,
        devices=[(each.chain, each.prekey) for each in card.devices],
        gone=sorted(card.gone),
        doors=card.doors,
    )
    return replace(told, **changed)  # type: ignore[arg-type]  # reason: fields of a card


def signer(person: Person) -> SigningKey:
    return person.device.devices.me.keys.signer


# --- T535: forged cards ---


@pytest.mark.threat("T535")
@pytest.mark.parametrize("field", [2, 3, 4, 5, 8, 9])
def test_a_card_that_was_changed_on_the_way_is_none(three: list[Person], field: int) -> None:
    anna, _, eve = three
    fields, signature = parts(anna.card())
    other, _ = parts(eve.card())
    was = fields[field]
    fields[field] = {5: 7, 8: [b"d" * 16], 9: []}.get(field, other[field])
    assert fields[field] != was

    with pytest.raises(REFUSED):
        read_card(pack([pack(fields), signature]))


@pytest.mark.threat("T535")
def test_a_swapped_box_key_under_ones_own_signature_is_no_card_of_hers(three: list[Person]) -> None:
    anna, ben, eve = three
    fields, _ = parts(anna.card())
    other, _ = parts(eve.card())
    # her root, his box and his device, signed by that device
    fields.update({3: other[3], 6: other[6], 7: other[7]})
    told = pack(fields)

    with pytest.raises(REFUSED):
        read_card(pack([told, signer(eve).sign(Tag.CARD, told)]))
    assert ben.one("Anna").contact.card == anna.card()


@pytest.mark.threat("T535")
def test_a_device_of_somebody_else_is_in_no_card(three: list[Person]) -> None:
    anna, _, eve = three
    theirs = told_by(eve).devices[0]
    for devices in ([*told_by(anna).devices, theirs], [theirs]):
        with pytest.raises(REFUSED):
            write_card(told_by(anna, devices=devices), signer(eve), len(devices) - 1)
        with pytest.raises(REFUSED):
            write_card(told_by(anna, devices=devices), signer(anna), 0)


@pytest.mark.threat("T535")
def test_a_prekey_of_another_device_is_in_no_card(three: list[Person]) -> None:
    anna, _, eve = three
    ((chain, _),) = told_by(anna).devices
    ((_, prekey),) = told_by(eve).devices
    with pytest.raises(REFUSED):
        write_card(told_by(anna, devices=[(chain, prekey)]), signer(anna), 0)


@pytest.mark.threat("T535")
def test_every_changed_byte_of_a_card_is_found(three: list[Person]) -> None:
    data = three[0].card().data
    for at in range(0, len(data), 211):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(SealholdError):
            read_card(changed)


@pytest.mark.threat("T535")
def test_a_full_device_signs_no_card() -> None:
    with machine(b"admin") as first, machine(b"full") as second:
        anna = person(first, "Anna")
        pair(first, second, "phone", Role.FULL)
        shelf = Shelf()
        first.sync(shelf)
        second.sync(shelf)
        told = told_by(anna)
        at = next(n for n, each in enumerate(told.devices) if each[0] == second.devices.me.chain)
        with pytest.raises(BadCertificateError):
            write_card(told, second.devices.me.keys.signer, at)


# --- T536: hosts that a card names ---


@pytest.mark.threat("T536")
def test_no_host_is_called_that_the_owner_did_not_say_yes_to() -> None:
    def reach(address: str) -> None:
        called.append(address)
        raise CarrierRefusedError("no")

    called: list[str] = []
    with anna_and_ben() as (anna, ben, shelf, _):
        door = Door("relay", "https://evil.example", b"m" * 16, "token")
        card = write_card(told_by(ben, doors=[door]), signer(ben), 0)
        known = anna.contacts.learn(anna.one("Ben"), card)
        assert known.new_hosts == ("https://evil.example",)
        anna.send("Ben", b"hello")
        post = anna.round(reach)  # type: ignore[arg-type]  # reason: it never returns

        assert called == []
        assert "Ben names a new relay: https://evil.example" in post.troubles
        anna.contacts.allow(anna.one("Ben"))
        anna.round(reach)  # type: ignore[arg-type]  # reason: it never returns
        assert called == ["https://evil.example"]
        assert letters_at(shelf) == {}


# --- T537: devices that were removed ---


class Stolen:
    """Anna has two admins; one is stolen, and removed by the other. Ben knows her from before."""

    def __init__(self, first: Machine, thief: Machine, ben: Person, shelf: Shelf) -> None:
        self.shelf, self.ben = shelf, ben
        self.anna = person(first, "Anna", shelf)
        pair(first, thief, "laptop", Role.ADMIN)
        self.sync(first, thief)
        self.before = self.anna.card()
        self.sync(first, thief)
        ben.knows(self.anna)
        self.anna.knows(ben)
        self.thief = Person(thief, [Spot(Way(kind="folder", address="folder:x"), store=shelf)])
        assert self.thief.own.card is not None
        joining.remove(first.devices, thief.devices.me.id)

    def sync(self, *machines: Machine) -> None:
        for each in (*machines, *machines):
            each.sync(self.shelf)

    def by_thief(self, **changed: object) -> Card:
        """Return a card that the stolen device signs."""
        told = told_by(self.anna, number=self.before.number + 1_000_000, gone=[], **changed)
        devices = [(each.chain, each.prekey) for each in self.before.devices]
        own = self.thief.device.devices.me
        mine = [each for each in devices if each[0] == own.chain]
        left = mine if changed.get("alone") else devices
        return write_card(replace(told, devices=left), own.keys.signer, left.index(mine[0]))


@pytest.fixture
def stolen() -> Iterator[Stolen]:
    shelf = Shelf()
    with machine(b"a1") as first, machine(b"a2") as thief, people("Ben", shelf=shelf) as (ben,):
        yield Stolen(first, thief, ben, shelf)


@pytest.mark.threat("T537")
def test_a_removed_device_says_no_more_who_its_person_is(stolen: Stolen) -> None:
    known = stolen.ben.contacts.learn(stolen.ben.one("Anna"), stolen.anna.card())
    assert known.contact.card == stolen.anna.card()
    assert known.contact.is_verified
    box = BoxKey.generate(stolen.ben.device.devices.entropy).public

    card = stolen.by_thief(box=box)
    assert fit(known.contact.card, card) is Fit.OLDER
    assert stolen.ben.contacts.learn(known, card) == known


@pytest.mark.threat("T537")
def test_who_spoke_first_is_no_reason_to_believe_a_thief(stolen: Stolen) -> None:
    """The stolen admin tells the honest one gone, before its own removal is heard of."""
    honest = stolen.anna.device.devices.me.id
    own = stolen.thief.device.devices.me
    device = next(each for each in stolen.before.devices if each.chain == own.chain)
    told = told_by(stolen.anna, devices=[(device.chain, device.prekey)], gone=[honest])
    known = stolen.ben.one("Anna")
    taken = stolen.ben.contacts.learn(known, write_card(told, own.keys.signer, 0))

    paused = stolen.ben.contacts.learn(taken, stolen.anna.card())
    assert paused.contact.is_paused
    with pytest.raises(DeniedError):
        stolen.ben.letters.send(paused, "note", b"to whom?")
    settled = stolen.ben.contacts.read_out(paused, " ".join(stolen.anna.card().words))
    assert settled.contact == Contact(card=stolen.anna.card(), is_verified=True)


@pytest.mark.threat("T537")
def test_a_card_by_who_has_not_heard_of_a_removal_brings_no_key_back(stolen: Stolen) -> None:
    known = learnt(verified(Contact(card=stolen.before), stolen.before), stolen.anna.card())
    assert known.card.gone == {stolen.thief.device.devices.me.id}
    told = told_by(stolen.anna, gone=[], number=known.card.number + 9, box=stolen.before.box)
    later = write_card(told, signer(stolen.anna), 0)

    assert learnt(known, later) == known


@pytest.mark.threat("T537")
def test_a_removed_device_writes_no_letters_in_its_persons_name(stolen: Stolen) -> None:
    stolen.ben.contacts.learn(stolen.ben.one("Anna"), stolen.anna.card())
    own = stolen.thief.device.devices.me
    sender = Sender(name="Anna", box=stolen.before.box, chain=own.chain, signer=own.keys.signer)
    to = stolen.ben.card()
    data = write(to, sender, b"l" * 16, "note", b"send money", stolen.ben.device.devices.now())
    post = Post()
    stolen.ben.letters.bring(data, post)

    assert (post.refused, post.taken, stolen.ben.got) == (1, 0, [])
    assert stolen.ben.letters.waiting() == []


# --- T541: what a removed device opens ---


@pytest.mark.threat("T541")
def test_a_removed_device_opens_no_letter_to_the_newer_card(stolen: Stolen) -> None:
    ben, anna, thief = stolen.ben, stolen.anna, stolen.thief
    assert [each.key.public for each in thief.own.boxes()] == [stolen.before.box]
    newer = anna.card()
    assert newer.box != stolen.before.box
    assert {door.mailbox for door in newer.doors}.isdisjoint(
        door.mailbox for door in stolen.before.doors
    )
    ben.contacts.learn(ben.one("Anna"), newer)
    data = ben.letters.to_file(ben.one("Anna"), "note", b"for her alone")
    stolen.sync(anna.device, thief.device)

    keys = [each.key for each in thief.own.boxes()]
    with pytest.raises(SealBrokenError):
        open_letter(data, keys, thief.device.devices.me.root)
    assert newer.box not in [key.public for key in keys]
    post = Post()
    anna.letters.bring(data, post)
    assert anna.got == [("Ben", b"for her alone")]


@pytest.mark.threat("T541")
def test_letters_that_were_under_way_are_still_read(stolen: Stolen) -> None:
    ben, anna = stolen.ben, stolen.anna
    ben.send("Anna", b"to the card of before")
    ben.round()
    anna.card()
    assert anna.round().taken == 1


# --- T538: older cards ---


@pytest.mark.threat("T538")
def test_an_older_card_changes_nothing(three: list[Person]) -> None:
    anna, ben, _ = three
    old = anna.card()
    anna.own.call("Anna B.")
    newer = anna.card()
    known = ben.contacts.learn(ben.one("Anna"), newer)
    assert known.contact.card == newer

    assert ben.contacts.learn(known, old) == known
    assert ben.contacts.add(old).contact.card == newer
    assert ben.one("Anna").contact.card == newer


# --- T539: the token of a card ---


@pytest.mark.threat("T539")
def test_who_has_the_card_leaves_letters_and_does_nothing_else() -> None:
    with running() as relay:
        admin = relay.admin()
        token = admin.mint(Rights.LEAVE)
        place = RelayPlace(address=relay.address, box=admin.box, token=token, deletes=True)
        carrier, prefix = RelayCarrier(place, caller=relay.caller()), f"m/{admin.box.hex()}/"
        mine = ObjectName(f"{prefix}key/{b'l'.hex() * 16}")

        assert carrier.put_new(mine, b"a letter") is Putting.CREATED
        refused: list[Callable[[], object]] = [
            lambda: carrier.get(mine),
            lambda: carrier.delete(mine),
            lambda: list(carrier.list_after(f"{prefix}key/")),
            lambda: carrier.heads(prefix),
            lambda: carrier.entries(f"{prefix}log/{'00' * 16}/", 0),
            lambda: carrier.put_new(ObjectName(f"{prefix}log/{'00' * 16}/{0:016x}"), b"x"),
            lambda: carrier.put_new(ObjectName(f"{prefix}member/{'00' * 32}"), b"x"),
            lambda: carrier.put_new(
                ObjectName(f"{prefix}pack/{fingerprint(b'x').hex()[:2]}/{fingerprint(b'x').hex()}"),
                b"x",
            ),
        ]
        for call in refused:
            with pytest.raises(CarrierRefusedError):
                call()
        other = relay.admin(2)
        stray = replace(place, box=other.box)
        with pytest.raises(CarrierRefusedError):
            RelayCarrier(stray, caller=relay.caller()).put_new(
                ObjectName(f"m/{other.box.hex()}/key/{'00' * 16}"), b"x"
            )
