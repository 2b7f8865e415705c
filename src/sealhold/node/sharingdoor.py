"""People and shares, as pages ask for them.

- What lets somebody in (a contact, a share, an invitation) needs the passphrase; what ends
  something needs a press. A share is made only as its preview showed it.

Source: docs/spec/20-faces.md section 9; docs/spec/51-contacts.md; docs/spec/52-share-spaces.md.
"""

from collections.abc import Callable
from typing import Final

from sealhold.model.errors import (
    InvalidError,
    NotFoundError,
    TooLargeError,
    WrongPassphraseError,
)
from sealhold.model.shown.circle import (
    CardLook,
    OfferView,
    ReceivedPage,
    ShareChoices,
    SharePage,
    ShareWish,
    SharingView,
)
from sealhold.model.shown.contacts import OwnCardView
from sealhold.model.shown.shares import PreviewView, RevokedView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharedraft import Draft
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork
from sealhold.node.turns import Turns
from sealhold.policy import dpv
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import LABELS

MOST_OPENED: Final = 1 << 26  # bytes that a browser gets at once


class SharingDoor:
    """Shows people and shares, and does what the owner says. For many threads."""

    def __init__(self, turns: Turns, verify: Callable[[str], bool]) -> None:
        self._turns, self._verify = turns, verify

    def look(self) -> SharingView:
        """Return the people that the owner knows, and what goes between them.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        with self._turns.work() as work:
            _ = work.devices.me  # a device at all
            contacts = ContactWork(work)
            card, mine = contacts.own.card, SharedWithMe(work, contacts.names())
            names = contacts.names()
            return SharingView(
                name=contacts.own.name,
                words=() if card is None else card.words,
                contacts=tuple(contacts.every()),
                letters=tuple(contacts.waiting()),
                shares=tuple(ShareReport(work, ShareWork(work, contacts)).every()),
                offers=tuple(
                    OfferView(
                        id=each.space.hex(),
                        name=each.name,
                        owner=names.get(each.sender, each.sender.hex()[:16]),
                        places=each.places,
                    )
                    for each in mine.offers()
                ),
                received=tuple(mine.every()),
            )

    # --- people ---

    def card(self, name: str = "") -> OwnCardView:
        """Return the own card, brought up to date.

        Args:
            name: what others are to call the owner from now on; empty: as before.

        Raises:
            InvalidError: a name that could mislead, or nobody said one yet.
            DeniedError: there is none yet, and this device may make none.
        """
        with self._turns.work() as work:
            return ContactWork(work).card(name)

    def read(self, text: str) -> CardLook:
        """Return the card in a text; nothing is kept.

        Raises:
            InvalidEncodingError: there is none in it.
            BadCertificateError: it lists a device that is not that person's.
            BadSignatureError: it was changed since it was signed.
        """
        with self._turns.work() as work:
            card = ContactWork(work).read(text)
            return CardLook(
                name=card.name, words=card.words, devices=len(card.devices), hosts=card.hosts
            )

    def add(self, text: str, name: str, passphrase: str) -> str:
        """Take in a card that the owner brought; return the contact's id.

        Raises:
            WrongPassphraseError: the owner is not proven.
            TakenError: another contact is called so.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            contacts = ContactWork(work)
            return contacts.add(contacts.read(text), name).id

    def verify(self, contact: str, words: str, passphrase: str) -> None:
        """Take a contact for verified by the words that they read out.

        Raises:
            WrongPassphraseError: the owner is not proven.
            DeniedError: they are those of no card that is known of them.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            contacts = ContactWork(work)
            contacts.verify(_person(contacts, contact), words)

    def allow(self, contact: str, passphrase: str) -> None:
        """Have letters to a contact go to the relays that their newest card names.

        Raises:
            WrongPassphraseError: the owner is not proven.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            contacts = ContactWork(work)
            contacts.allow(_person(contacts, contact))

    def forget(self, contact: str) -> None:
        """Forget a contact."""
        with self._turns.work() as work:
            contacts = ContactWork(work)
            contacts.remove(_person(contacts, contact))

    # --- shares that are given ---

    def choices(self) -> ShareChoices:
        """Return what a share may be made of."""
        with self._turns.work() as work:
            known = [each for each in ContactWork(work).every() if each.standing == "verified"]
            folders = [each.name for each in work.collections() if each.holds == "files"]
        return ShareChoices(
            contacts=tuple(known),
            collections=tuple(sorted(folders)),
            purposes=tuple((each, dpv.label(each)) for each in dpv.every()),
            tiers=tuple((each.word, LABELS[each]) for each in Tier if each is not Tier.ANSWER),
        )

    def preview(self, wish: ShareWish) -> PreviewView:
        """Return what a share would do; nothing is changed.

        Raises:
            NotFoundError: a person or object is not known.
            InvalidGrantError: the values do not agree.
            DeniedError: a person is not verified, or paused.
            InvalidError: nothing is in it.
        """
        with self._turns.work() as work:
            shares = ShareWork(work)
            return shares.shown(_draft(work, shares, wish))

    def make(self, wish: ShareWish, digest: str, meant: tuple[str, ...], passphrase: str) -> str:
        """Make a share as it was shown; return its id.

        Raises:
            WrongPassphraseError: the owner is not proven.
            StaleError: it would do something else now than was shown.
            UnansweredError: a finding has no answer.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            shares = ShareWork(work)
            draft = _draft(work, shares, wish)
            answered = [each for each in draft.found if each.sign.value in meant]
            return shares.create(draft, _bytes(digest), answered).hex()

    def share(self, id_text: str) -> SharePage:
        """Return a share that was given.

        Raises:
            NotFoundError: there is none.
        """
        with self._turns.work() as work:
            shares = ShareWork(work)
            record = shares.record(id_text)
            report = ShareReport(work, shares)
            return SharePage(
                view=report.view(record),
                uses=tuple(report.uses(record)),
                revocation=shares.revocation(record),
            )

    def revoke(self, id_text: str) -> RevokedView:
        """Take a share back.

        Raises:
            NotFoundError: there is none.
            AuditUnavailableError: nothing can be written.
        """
        with self._turns.work() as work:
            shares = ShareWork(work)
            return shares.revoke(shares.record(id_text))

    # --- shares by others ---

    def accept(self, offer_text: str, passphrase: str) -> None:
        """Take an invitation on: its places are called from now on.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: no such invitation waits.
        """
        self._need(passphrase)
        with self._turns.work() as work:
            mine = _mine(work)
            found = [each for each in mine.offers() if each.space.hex() == offer_text]
            if not found:
                raise NotFoundError("no such invitation waits")
            mine.take(found[0])

    def received(self, id_text: str) -> ReceivedPage:
        """Return a share by another person.

        Raises:
            NotFoundError: there is none.
        """
        with self._turns.work() as work:
            mine = _mine(work)
            opened, paper = mine.named(id_text)
            clauses = paper.clauses
            return ReceivedPage(
                view=mine.view(opened, paper),
                actions=tuple(sorted(each.value for each in clauses.actions)),
                purposes=tuple((each, dpv.label(each)) for each in sorted(clauses.purposes)),
                is_asked=clauses.tier is Tier.KEY_PER_USE,
                is_answer=clauses.tier is Tier.ANSWER,
            )

    def open(self, id_text: str, path: str, action: str, purpose: str) -> bytes | None:
        """Return an object that is shared; None: its owner's device was asked, and has to answer.

        Raises:
            NotFoundError: there is none.
            DeniedError: it is not permitted, or was taken back.
            InvalidError: several purposes are possible, or no such action.
            TooLargeError: more than a browser gets at once.
        """
        with self._turns.work() as work:
            mine = _mine(work)
            opened, paper = mine.named(id_text)
            wish = mine.wish(paper, mine.object(opened, path), action, purpose)
            content = mine.open(opened, paper, wish)
            if content is None:
                return None
            found = bytearray()
            for piece in content:
                found += piece
                if len(found) > MOST_OPENED:
                    raise TooLargeError("it is larger than 64 MiB")
            return bytes(found)

    def _need(self, passphrase: str) -> None:
        if not self._verify(passphrase):
            raise WrongPassphraseError("the passphrase does not open this vault")


def _mine(work: DeviceWork) -> SharedWithMe:
    return SharedWithMe(work, ContactWork(work).names())


def _draft(work: DeviceWork, shares: ShareWork, wish: ShareWish) -> Draft:
    form = ShareForm(
        people=tuple(_person(shares.contacts, each) for each in wish.people),
        objects=wish.objects,
        actions=wish.actions,
        purposes=wish.purposes,
        begins=wish.begins,
        ends=wish.ends,
        count=wish.most,
        reshare=int("reshare" in wish.actions),
        tier=wish.tier,
    )
    if not wish.name.strip():
        raise InvalidError("say what they are to see it called")
    clauses = clauses_of(form, shares, work.core.clock())
    return shares.fixed(shares.draft(wish.name.strip(), clauses), wish.fixes)


def _bytes(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError as err:
        raise InvalidError("this is no digest of a preview") from err


def _person(contacts: ContactWork, id_text: str) -> str:
    """Return an id as contacts are asked for, if it is nobody's name meanwhile.

    Raises:
        NotFoundError: there is no such contact.
    """
    # THREAT T565: a card that calls itself by another's id is not taken for the other
    if contacts.one(id_text).id != id_text:
        raise NotFoundError("no such contact")
    return id_text
