"""The people that this vault's owner knows, the same on all full devices of the owner.

- They are notes of the collection about all others: what different devices say of one person at the
  same time stands side by side, and of cards the highest number holds.
- Letters go to the hosts alone that the owner said yes to, whatever a newer card names.

Source: docs/spec/51-contacts.md section 3.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sealhold.crypto.saswords import are_same
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    DeniedError,
    ExhaustedError,
    InvalidError,
    NotFoundError,
    TakenError,
)
from sealhold.model.ids import ID_BYTES, ContactId
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.peers.card import Card, box_hash, fits, is_name, read_card
from sealhold.sharing.peers.contact import Contact, Fit, fit, learnt, read_out, verified

PERSON_KIND, CARD_KIND = "contact", "contact-card"
VERIFIED_KIND, CHANGED_KIND = "contact-verified", "contact-changed"
KEY_BYTES = 8  # of what a contact is called in notes; behind it the number of a card, or zeros
MAX_CONTACTS = 1_000
MAX_HOSTS = 16
_REST = bytes(ID_BYTES - KEY_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person that the owner knows."""

    key: bytes  # 8, the same whatever card they have
    name: str  # as the owner calls them
    contact: Contact
    hosts: frozenset[str]  # addresses of relays that the owner said yes to

    @property
    def id(self) -> ContactId:
        """The root id, 32 bytes."""
        return self.contact.card.id

    @property
    def new_hosts(self) -> tuple[str, ...]:
        """Relays that the newest card names and that the owner did not say yes to."""
        return tuple(each for each in self.contact.card.hosts if each not in self.hosts)


class Contacts:
    """The contacts of this vault's owner. For one thread."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._cards: dict[bytes, Card | None] = {}

    def every(self) -> list[Known]:
        """Return all contacts, by name."""
        state = self._devices.home.replica.state
        cards = self._newest()
        found: list[Known] = []
        for key, note in state.notes(PERSON_KIND):
            own = key[:KEY_BYTES]
            match note.told:
                case [str(name), list(hosts)] if own in cards:
                    card = cards[own]
                case _:
                    continue
            changed = self._card(self._told(CHANGED_KIND, key))
            contact = Contact(
                card=card,
                is_verified=self._told(VERIFIED_KIND, key) == card.id,
                changed=None if changed is None or changed.data == card.data else changed,
            )
            allowed = frozenset(each for each in hosts if isinstance(each, str))
            found.append(Known(key=own, name=name, contact=contact, hosts=allowed))
        return sorted(found, key=lambda each: (each.name, each.key))

    def named(self, text: str) -> Known:
        """Return the contact that a name, or the beginning of an id of 64 digits, says.

        Raises:
            NotFoundError: none.
            InvalidError: several.
        """
        every = self.every()
        found = [each for each in every if each.name == text] or [
            each for each in every if len(text) >= KEY_BYTES and each.id.hex().startswith(text)
        ]
        if not found:
            raise NotFoundError("no such contact")
        if len(found) > 1:
            raise InvalidError("several contacts are called so: say the id")
        return found[0]

    def by_root(self, root: bytes) -> Known | None:
        """Return the contact whose root id is given: 32 bytes."""
        return next((each for each in self.every() if each.id == root), None)

    def add(self, card: Card, name: str = "") -> Known:
        """Take in a card that the owner brings, and say yes to the hosts that it names.

        Args:
            card: what came.
            name: how the owner calls them; empty: as the card does, or as they are called already.

        Raises:
            TakenError: another contact is called so, and was not meant.
            InvalidError: a name that nobody has, or the owner's own card.
            ExhaustedError: there are as many contacts as can be.
        """
        if bytes(card.id) == bytes(self._devices.me.root):
            raise InvalidError("this is your own card")
        known = self.by_root(card.id) or self._called(name)
        if known is None:
            return self._added(card, name or card.name)
        if name and name != known.name:
            known = self.rename(known, name)
        return self.allow(self.learn(known, card))

    def learn(self, known: Known, card: Card) -> Known:
        """Take in a card that came for a contact: it follows, is older, or pauses them."""
        contact = learnt(known.contact, card)
        if contact == known.contact:
            return known
        draft = Draft(self._devices.home.replica)
        if contact.changed is not None and contact.changed != known.contact.changed:
            draft.note(CHANGED_KIND, known.key + _REST, contact.changed.data)
        if contact.card.data != known.contact.card.data:
            self._put_card(draft, known.key, contact.card)
        draft.commit()
        return replace(known, contact=contact)

    def is_news(self, known: Known, card: Card) -> bool:
        """Return whether a card follows the one that is known."""
        return fit(known.contact.card, card) is Fit.NEWER

    def read_out(self, known: Known, typed: str) -> Known:
        """Take a contact for verified whose owner read out twelve words.

        Raises:
            DeniedError: the words are those of no card that is known of them.
        """
        cards = (known.contact.changed, known.contact.card)
        if not any(card is not None and are_same(card.words, typed) for card in cards):
            raise DeniedError("these are not the words of that person's card")
        return self._verified(known, read_out(known.contact, typed))

    def seen(self, known: Known, root: bytes, box: bytes) -> Known:
        """Take a contact for verified who showed root id and box key's hash themselves.

        Raises:
            DeniedError: what was shown is of no card that is known of them.
        """
        cards = (known.contact.changed, known.contact.card)
        for card in cards:
            if card is not None and (card.id, box_hash(card)) == (root, box):
                return self._verified(known, verified(known.contact, card))
        raise DeniedError("what was shown is not the card of that person")

    def allow(self, known: Known) -> Known:
        """Say yes to the hosts that the newest card of a contact names."""
        hosts = frozenset(known.contact.card.hosts)
        if hosts == known.hosts:
            return known
        found = replace(known, hosts=hosts)
        self._put_person(found)
        return found

    def rename(self, known: Known, name: str) -> Known:
        """Call a contact otherwise.

        Raises:
            TakenError: another contact is called so.
            InvalidError: a name that nobody has.
        """
        self._check_name(name)
        found = replace(known, name=name)
        self._put_person(found)
        return found

    def remove(self, known: Known) -> None:
        """Forget a contact: nothing of theirs is taken in, and nothing goes to them."""
        draft = Draft(self._devices.home.replica)
        draft.note(PERSON_KIND, known.key + _REST, None)
        for kind in (VERIFIED_KIND, CHANGED_KIND):
            draft.note(kind, known.key + _REST, b"")
        for key in self._card_keys(known.key):
            draft.note(CARD_KIND, key, b"")
        draft.commit()

    # --- within ---

    def _added(self, card: Card, name: str) -> Known:
        self._check_name(name)
        if len(self.every()) >= MAX_CONTACTS:
            raise ExhaustedError(f"at most {MAX_CONTACTS} contacts")
        found = Known(
            key=self._devices.entropy(KEY_BYTES),
            name=name,
            contact=Contact(card=card),
            hosts=frozenset(card.hosts),
        )
        draft = Draft(self._devices.home.replica)
        draft.note(PERSON_KIND, found.key + _REST, _person(found))
        self._put_card(draft, found.key, card)
        draft.commit()
        return found

    def _verified(self, known: Known, contact: Contact) -> Known:
        draft = Draft(self._devices.home.replica)
        draft.note(VERIFIED_KIND, known.key + _REST, contact.card.id)
        draft.note(CHANGED_KIND, known.key + _REST, b"")
        if contact.card.data != known.contact.card.data:
            self._put_card(draft, known.key, contact.card)
        draft.commit()
        return self.allow(replace(known, contact=contact))

    def _called(self, name: str) -> Known | None:
        return next((each for each in self.every() if name and each.name == name), None)

    def _check_name(self, name: str) -> None:
        if not is_name(name):
            raise InvalidError("a name has 1 to 64 characters that can be shown")
        if self._called(name) is not None:
            raise TakenError("another contact is called so: choose another name")

    def _put_person(self, known: Known) -> None:
        draft = Draft(self._devices.home.replica)
        draft.note(PERSON_KIND, known.key + _REST, _person(known))
        draft.commit()

    def _put_card(self, draft: Draft, key: bytes, card: Card) -> None:
        """Write a card, and empty those before: what holds is the highest number of all."""
        own = key + card.number.to_bytes(ID_BYTES - KEY_BYTES, "big")
        for each in self._card_keys(key):
            if each != own:
                draft.note(CARD_KIND, each, b"")
        draft.note(CARD_KIND, own, card.data)

    def _card_keys(self, key: bytes) -> Iterable[bytes]:
        notes = self._devices.home.replica.state.notes(CARD_KIND)
        return [each for each, note in notes if each.startswith(key) and note.told]

    def _newest(self) -> dict[bytes, Card]:
        """Return of each contact the card that holds; keys ascend, so the last of them does."""
        found: dict[bytes, Card] = {}
        for key, note in self._devices.home.replica.state.notes(CARD_KIND):
            if (card := self._card(note.told)) is not None:
                found[key[:KEY_BYTES]] = card
        return found

    def _card(self, data: Plain) -> Card | None:
        if not isinstance(data, bytes) or not data:
            return None
        if data not in self._cards:
            self._cards[data] = fits(read_card, data)
        return self._cards[data]

    def _told(self, kind: str, key: bytes) -> Plain:
        note = self._devices.home.replica.state.note(kind, key)
        return None if note is None else note.told


def _person(known: Known) -> Plain:
    return [known.name, sorted(known.hosts)[:MAX_HOSTS]]
