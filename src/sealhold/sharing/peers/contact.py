"""A person on another vault, as this one knows them: what each card that comes makes of it.

- A card proves nothing by itself. It is verified when its owner has read out its twelve words.
- A newer card of the same root is taken in without that, if the device that signed it is not one
  that an earlier card tells is gone, and if it knows of every device that is.
- Another root, or two cards each of which tells that the other's signer is gone, pause a contact.

Source: docs/spec/13-pairing.md section 10.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from sealhold.crypto import saswords
from sealhold.model.ids import DeviceId
from sealhold.sharing.devices.certs import read_certificate
from sealhold.sharing.peers.card import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person as this vault knows them."""

    card: Card
    is_verified: bool = False
    changed: Card | None = None  # one that does not follow, which was not verified

    @property
    def is_paused(self) -> bool:
        """Whether nothing is shared until one of the cards was verified."""
        return self.changed is not None


class Fit(Enum):
    """What a card is to the one that is known."""

    NEWER = "newer"
    OLDER = "older"  # or the same, or by who has not heard of a removal yet
    OTHER = "other"  # another root, or one of two devices that each tell the other gone


def fit(known: Card, card: Card) -> Fit:
    """Return what a card that came in is to the one that is known."""
    if card.root != known.root:
        return Fit.OTHER
    if card.data == known.data:
        return Fit.OLDER
    own = card.device(card.signer)
    if own is None or not speaks(known, own.chain, card.signer):
        # THREAT T537: a device that was removed says no more who its person is. That it may have
        # spoken first is no reason to believe it: where each tells the other gone, people decide
        return Fit.OTHER if known.signer in card.gone else Fit.OLDER
    # THREAT T538: an older card brings no removed device and no older key back
    if card.number <= known.number or not known.gone <= card.gone:
        return Fit.OLDER
    return Fit.NEWER


def learnt(known: Contact | None, card: Card) -> Contact:
    """Return what a card that came in makes of a contact, or of nobody."""
    if known is None:
        return Contact(card=card)
    match fit(known.card, card):
        case Fit.NEWER:
            return replace(known, card=card)
        case Fit.OLDER:
            return known
        case Fit.OTHER:
            return replace(known, changed=card)


def verified(known: Contact, card: Card) -> Contact:
    """Return a contact whose owner was seen to have `card`, the old one or the one that came."""
    matches = card in (known.card, known.changed)
    return Contact(card=card, is_verified=True) if matches else known


def read_out(known: Contact, typed: str) -> Contact:
    """Return a contact after somebody read out twelve words: unchanged if they fit no card."""
    cards = [card for card in (known.changed, known.card) if card is not None]
    said = (card for card in cards if saswords.are_same(card.words, typed))
    return next((verified(known, card) for card in said), known)


def speaks(card: Card, chain: Iterable[bytes], device: DeviceId) -> bool:
    """Return whether a device may speak for a person, its chain being checked already.

    One that the card lists may; one that came later may, unless who took it in is gone.
    """
    if card.device(device) is not None:
        return True
    return device not in card.gone and not _devices(chain) & card.gone


def _devices(chain: Iterable[bytes]) -> frozenset[DeviceId]:
    return frozenset(read_certificate(each).certificate.device for each in chain)
