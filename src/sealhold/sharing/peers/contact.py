"""A person on another vault: the card that says who they are, and whether it was verified.

- A card proves nothing by itself. It is verified when its owner has read out its twelve words, or
  when the two met with six words on both screens (a pairing with the purpose `CONTACT`).
- Another key under a known contact pauses it: the old card stands until the new one was verified.

Source: docs/spec/13-pairing.md section 10.
"""

import unicodedata
from dataclasses import dataclass, replace

from sealhold.crypto import saswords
from sealhold.crypto.digest import fingerprint, tagged
from sealhold.crypto.hybrid import BOX_PUBLIC_BYTES, BoxPublic
from sealhold.crypto.rootid import ROOT_PUBLIC_BYTES, RootPublic
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.sharing.devices.pairingcode import is_hint

MAX_CARD = 4_096  # bytes: it fits a request of a pairing
MAX_CARRIERS = 8
MAX_NAME = 64  # characters
WORDS = 12
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person gives to another."""

    root: RootPublic
    box: BoxPublic
    carriers: tuple[str, ...]
    name: str

    @property
    def id(self) -> bytes:
        """The root id: 32 bytes."""
        return fingerprint(self.root)

    @property
    def words(self) -> tuple[str, ...]:
        """The twelve words that its owner reads out."""
        return saswords.spelt(tagged(Tag.CONTACT_WORDS, self.root, self.box), WORDS)


def write_card(card: Card) -> bytes:
    """Return a card as bytes.

    Raises:
        InvalidEncodingError: a name or carrier that no card may have, or too many.
    """
    data = pack({1: _VERSION, 2: card.root, 3: card.box, 4: list(card.carriers), 5: card.name})
    read_card(data)
    return data


def read_card(data: bytes) -> Card:
    """Return the card that bytes are.

    Raises:
        InvalidEncodingError: not one, or a field is of another type, length or form.
    """
    if len(data) > MAX_CARD:
        raise InvalidEncodingError(f"a card of {len(data)} bytes, at most {MAX_CARD}")
    fields = unpack(data)
    if not isinstance(fields, dict) or list(map(repr, fields)) != ["1", "2", "3", "4", "5"]:
        raise InvalidEncodingError("a card of another form")
    version, root, box, carriers, name = fields.values()
    if type(version) is not int or version != _VERSION:
        raise InvalidEncodingError("a card of another version")
    if not (_is_key(root, ROOT_PUBLIC_BYTES) and _is_key(box, BOX_PUBLIC_BYTES)):
        raise InvalidEncodingError("a card with a key of another length")
    if not isinstance(carriers, list) or len(carriers) > MAX_CARRIERS:
        raise InvalidEncodingError(f"a card has at most {MAX_CARRIERS} carriers")
    if not all(isinstance(each, str) and is_hint(each) for each in carriers):
        raise InvalidEncodingError("a card with a carrier that is none")
    if not isinstance(name, str) or not _is_name(name):
        raise InvalidEncodingError("a card with a name that could mislead")
    return Card(root=RootPublic(root), box=BoxPublic(box), carriers=tuple(carriers), name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person as this vault knows them."""

    card: Card
    is_verified: bool = False
    changed: Card | None = None  # one with other keys, which was not verified

    @property
    def is_paused(self) -> bool:
        """Whether nothing is shared until the newer card was verified."""
        return self.changed is not None


def learnt(known: Contact | None, card: Card) -> Contact:
    """Return what a card that came in makes of a contact, or of nobody."""
    if known is None:
        return Contact(card=card)
    if (known.card.root, known.card.box) == (card.root, card.box):
        return replace(known, card=card)
    return replace(known, changed=card)


def verified(known: Contact, card: Card) -> Contact:
    """Return a contact whose owner was seen to have `card`, the old one or the one that came."""
    fits = card in (known.card, known.changed)
    return Contact(card=card, is_verified=True) if fits else known


def read_out(known: Contact, typed: str) -> Contact:
    """Return a contact after somebody read out twelve words: unchanged if they fit no card."""
    cards = [card for card in (known.changed, known.card) if card is not None]
    fits = (card for card in cards if saswords.are_same(card.words, typed))
    return next((verified(known, card) for card in fits), known)


def _is_key(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _is_name(text: str) -> bool:
    return (
        0 < len(text) <= MAX_NAME
        and text == text.strip()
        and not any(unicodedata.category(each)[0] == "C" for each in text)
    )
