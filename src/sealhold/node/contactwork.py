"""Other people, as a face asks for them: the own card, contacts, and letters between them.

- A round renews the card, sends it to contacts who did not get it, takes letters and leaves those
  that wait. Who has no card has no inbox, and nothing is asked of any place.

Source: docs/spec/51-contacts.md; docs/spec/13-pairing.md section 10.
"""

from collections.abc import Mapping

from sealhold.model.errors import DeniedError, HoldsShareError, InvalidError, NotFoundError
from sealhold.model.shown.contacts import ContactView, LetterView, OwnCardView, PostView
from sealhold.node.devicework import DeviceWork
from sealhold.node.recoveryrounds import alarms, tell_if_due
from sealhold.node.sharedwithme import kinds_of_shares
from sealhold.sharing.devices.pairingcode import as_terminal
from sealhold.sharing.peers.armour import Sort, armoured, is_short, read_short, short, unarmoured
from sealhold.sharing.peers.card import MAX_CARD, Card, read_card
from sealhold.sharing.peers.cardletters import spread
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.letter import MAX_LETTER, Kind
from sealhold.sharing.peers.letters import Handler, Letters, Post
from sealhold.sharing.peers.owncard import OwnCard
from sealhold.sharing.peers.recoveryopening import kinds_of_holders, settle
from sealhold.sharing.peers.recoveryshares import kinds_of_recovery, own_set
from sealhold.sharing.peers.recoveryveto import kinds_of_notices


def kinds_of(work: DeviceWork) -> Mapping[str, Handler]:
    """Return who takes which kind of letter, cards excepted: parts add theirs here."""
    of_recovery = {**kinds_of_recovery(work.devices), **kinds_of_holders(work.devices)}
    return {**kinds_of_shares(work), **of_recovery, **kinds_of_notices(work.devices)}


class ContactWork:
    """The people that this vault's owner knows. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        """Begin.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        self._work = work
        self.own = OwnCard(work.devices)
        self.contacts = Contacts(work.devices)
        self.letters = Letters(work.devices, self.contacts, self.own, kinds_of(work))

    # --- the own card ---

    def card(self, name: str = "") -> OwnCardView:
        """Return the card of this vault's owner, brought up to date if this device may do so.

        Args:
            name: what others are to call the owner from now on; empty: as before.

        Raises:
            InvalidError: nobody said yet what others are to call the owner.
            DeniedError: there is none yet, and this device may make none.
        """
        if name:
            self.own.call(name)
        if not self.own.name:
            raise InvalidError("say what others are to call you")
        self._renew()
        card = self.own.card
        if card is None:
            raise DeniedError("a device that may administer makes the first card")
        return OwnCardView(
            id=card.id.hex(),
            name=card.name,
            words=card.words,
            short=short(card),
            text=armoured(Sort.CARD, card.data),
            devices=len(card.devices),
            hosts=card.hosts,
            troubles=tuple(self.own.troubles),
        )

    def picture(self) -> str:
        """Return the own card in short as a QR code in lines of a terminal."""
        return as_terminal(self.card().short)

    def round(self) -> Post:
        """Renew the card, take letters, and leave those that wait."""
        post = Post()
        try:
            if not self.own.name:
                return post
        except NotFoundError:  # a limited device: others of this person take letters
            return post
        post.is_new_card = self._renew()
        spots = self._work.places.spots()
        post.troubles += self.own.troubles
        self.letters.take(spots, post)
        tell_if_due(self._work, self.contacts, self.letters)
        self.letters.give(spots, self._work.places.reach, post)
        settle(self._work.devices, self.contacts, self.letters)
        post.troubles += alarms(self._work.devices, self.names)
        return post

    # --- contacts ---

    def every(self) -> list[ContactView]:
        """Return all contacts."""
        return [_shown(each) for each in self.contacts.every()]

    def names(self) -> dict[bytes, str]:
        """Return what the owner calls people, by their root ids."""
        return {bytes(each.id): each.name for each in self.contacts.every()}

    def one(self, name: str) -> ContactView:
        """Return a contact by name, or by the beginning of the id.

        Raises:
            NotFoundError: there is none.
            InvalidError: several are called so.
        """
        return _shown(self.contacts.named(name))

    def read(self, text: str) -> Card:
        """Return the card in a text, to be shown before it is added.

        Raises:
            InvalidEncodingError: there is none in it.
            BadCertificateError: it lists a device that is not that person's.
            BadSignatureError: it was changed since it was signed.
        """
        return read_card(unarmoured(Sort.CARD, text, MAX_CARD))

    def add(self, card: Card, name: str = "") -> ContactView:
        """Take in a card that the owner brought.

        Raises:
            TakenError: another contact is called so.
            InvalidError: a name that nobody has, or the owner's own card.
        """
        self._told("added")
        return _shown(self.contacts.add(card, name))

    def verify(self, name: str, shown: str) -> ContactView:
        """Take a contact for verified by the words that they read out, or the QR code they show.

        Raises:
            NotFoundError: there is none.
            DeniedError: they are those of no card that is known of them.
        """
        known = self.contacts.named(name)
        self._told("verified")
        if is_short(shown):
            return _shown(self.contacts.seen(known, *read_short(shown)))
        return _shown(self.contacts.read_out(known, shown))

    def rename(self, name: str, other: str) -> ContactView:
        """Call a contact otherwise."""
        known = self.contacts.named(name)
        self._told("renamed")
        return _shown(self.contacts.rename(known, other))

    def allow(self, name: str) -> ContactView:
        """Have letters to a contact go to the relays that their newest card names."""
        known = self.contacts.named(name)
        self._told("allowed")
        return _shown(self.contacts.allow(known))

    def remove(self, name: str) -> ContactView:
        """Forget a contact; return who it was.

        Raises:
            HoldsShareError: they hold a share of the newest set: give one without them first.
        """
        known = self.contacts.named(name)
        given = own_set(self._work.devices)
        # THREAT T578: who holds a share is heard when they open a recovery
        if given is not None and known.id in given.holders:
            raise HoldsShareError("they hold a share of your secret")
        self._told("removed")
        self.contacts.remove(known)
        return _shown(known)

    # --- letters ---

    def send_card(self, name: str) -> None:
        """Have the own card sent to a contact with the next rounds."""
        known, data = self.contacts.named(name), self._card()
        self.letters.send(known, Kind.CARD, data)

    def card_letter(self, name: str) -> str:
        """Return the own card as a sealed letter to a contact, in text."""
        known, data = self.contacts.named(name), self._card()
        return armoured(Sort.LETTER, self.letters.to_file(known, Kind.CARD, data))

    def bring(self, text: str) -> PostView:
        """Take in a letter that came as text.

        Raises:
            InvalidEncodingError: there is none in it, or it is to somebody else.
            SealBrokenError: no key of this person opens it.
            BadCertificateError: it is by a device of nobody.
            BadSignatureError: it was changed since it was signed.
        """
        post = Post()
        self.letters.bring(unarmoured(Sort.LETTER, text, MAX_LETTER), post)
        return post_view(post)

    def waiting(self) -> list[LetterView]:
        """Return the letters that wait: to be left, and to be taken."""
        out = [
            LetterView(
                way="out",
                person="" if known is None else known.name,
                kind=kind,
                why="it was not left yet",
                sender="",
                words=(),
                size=0,
            )
            for known, kind in self.letters.waiting_out()
        ]
        came = [
            LetterView(
                way="in",
                person=each.letter.name if each.known is None else each.known.name,
                kind=each.letter.kind if each.known else "",
                why=each.why or "it is tried again with the next round",
                sender=each.letter.sender.hex(),
                words=each.letter.words if each.known is None else (),
                size=len(each.letter.body),
            )
            for each in self.letters.waiting()
        ]
        return out + came

    def dismiss(self, sender: str) -> int:
        """Forget what waits of a sender, by the beginning of the id; return how many letters.

        Raises:
            NotFoundError: nothing waits of such a sender.
        """
        digits = sender if len(sender) % 2 == 0 else sender[:-1]
        try:
            gone = self.letters.dismiss(bytes.fromhex(digits)) if digits else 0
        except ValueError:
            gone = 0
        if not gone:
            raise NotFoundError("nothing waits of such a sender")
        return gone

    # --- within ---

    def _renew(self) -> bool:
        is_new = self.own.renew(self._work.places.spots())
        sent = spread(self._work.devices, self.contacts, self.letters, self.own)
        return is_new or sent > 0

    def _card(self) -> bytes:
        card = self.own.card
        if card is None:
            raise InvalidError("make a card of your own first")
        return card.data

    def _told(self, reason: str) -> None:
        # nothing is decided about a person that the log could not tell
        self._work.devices.keeping.contact_told(reason)


def post_view(post: Post) -> PostView:
    """Return what came of letters, as faces show it."""
    return PostView(
        taken=post.taken,
        left=post.left,
        kept=post.kept,
        refused=post.refused,
        troubles=tuple(post.troubles),
    )


def _shown(known: Known) -> ContactView:
    contact = known.contact
    standing = "verified" if contact.is_verified else "unverified"
    return ContactView(
        id=known.id.hex(),
        name=known.name,
        calls_themselves=contact.card.name,
        standing="paused" if contact.is_paused else standing,
        words=contact.card.words,
        other_words=() if contact.changed is None else contact.changed.words,
        devices=len(contact.card.devices),
        hosts=tuple(sorted(known.hosts)),
        new_hosts=known.new_hosts,
        number=contact.card.number,
    )
