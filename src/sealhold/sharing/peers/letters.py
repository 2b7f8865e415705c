"""Letters between people who are seldom on at the same time: kept until they are left, and taken.

- What is written is durable before anybody is called; a place that is away costs a delay.
- A letter counts once, on whichever device it is taken. What is of nobody known, of a contact who
  is paused, or of a kind that nothing here takes, waits in bounded room, and nothing of it is done.

Source: docs/spec/51-contacts.md sections 4 to 6.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    AuditUnavailableError,
    BadCertificateError,
    BadSignatureError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
    SealholdError,
)
from sealhold.model.ids import ID_BYTES, ObjectName
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.peers.card import RELAY, Card, fits, read_card
from sealhold.sharing.peers.contact import speaks
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.inbox import Inbox, Reach, Spot, leave, leave_at
from sealhold.sharing.peers.letter import Kind, Letter, Sender, open_letter, read, write
from sealhold.sharing.peers.lettersdone import count_done, is_done, put_done
from sealhold.sharing.peers.owncard import REFUSALS, OwnCard
from sealhold.stores.spec import Op

IN, OUT = "in", "out"
MAX_OUT = 256  # letters that wait to be left
MAX_OUT_BYTES = 67_108_864
MAX_IN = 64  # letters that wait to be taken in
MAX_IN_BYTES = 16_777_216
MAX_OF_ONE = 16  # of those, by one sender
MAX_STRANGERS = 32  # of those, by people who are not known
MAX_A_DAY = 100  # of one contact
_FORM = (InvalidEncodingError, BadCertificateError, BadSignatureError)

Handler = Callable[[Known, Letter], None]  # it may be called again with the same letter


@dataclass(slots=True)
class Post:
    """What came of a round of letters."""

    taken: int = 0  # letters that were taken in
    left: int = 0  # letters that were left for others
    kept: int = 0  # that came and wait
    refused: int = 0  # that nobody wrote, or that came to no room
    is_new_card: bool = False  # the own card was renewed, or sent to more contacts
    troubles: list[str] = field(default_factory=list)  # each a sentence


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that came and waits."""

    letter: Letter
    known: Known | None  # None: of nobody known
    why: str


class Letters:
    """The letters of this vault's owner. For one thread."""

    def __init__(
        self,
        devices: Devices,
        contacts: Contacts,
        own: OwnCard,
        kinds: Mapping[str, Handler] | None = None,
    ) -> None:
        """Take what there is; `kinds` are handlers by the kind of letter that they take."""
        self._devices, self._contacts, self._own = devices, contacts, own
        self._kinds: dict[str, Handler] = {Kind.CARD: self._card_came, **(kinds or {})}

    # --- sending ---

    def send(self, known: Known, kind: str, body: bytes) -> bytes:
        """Keep a letter until it can be left, durably; return its id of 16 bytes.

        Raises:
            DeniedError: the contact is paused.
            InvalidError: there is no card of this person yet, or the letter has no such form.
            ExhaustedError: too much waits already.
        """
        letters, ops = self.kept([(known, kind, body)])
        self._devices.keeping.save(self._devices.home.about.id, Step(beside=ops))
        return letters[0]

    def kept(
        self, posts: Sequence[tuple[Known, str, bytes]], back: Sequence[bytes] = ()
    ) -> tuple[list[bytes], list[Op]]:
        """Return ids of letters, and what keeps them until they can be left; for `Step.beside`.

        Cards that wait make way for newer ones, and those to contacts in `back` for any.

        Raises:
            DeniedError: a contact is paused.
            InvalidError: there is no card of this person yet, or a letter has no such form.
            ExhaustedError: too much waits already.
        """
        gone = {known.key for known, kind, _ in posts if kind == Kind.CARD} | set(back)
        before, ids = self._outgoing(), list[bytes]()
        out = {
            i: each for i, each in before.items() if each.kind != Kind.CARD or each.to not in gone
        }
        ops: list[Op] = [self._devices.keeping.drop_letter(OUT, i) for i in before if i not in out]
        for known, kind, body in posts:
            letter = self._devices.entropy(ID_BYTES)
            # whose card has no good key keeps back no letters to others: that shows in `give`
            self._sealed(known, letter, kind, body, is_trial=True)
            out[letter] = _Out(known.key, kind, body, ())
            ids.append(letter)
            told: Plain = [known.key, kind, body, []]
            ops.append(self._devices.keeping.put_letter(OUT, letter, told))
        if len(out) > MAX_OUT or sum(len(each.body) for each in out.values()) > MAX_OUT_BYTES:
            raise ExhaustedError("too many letters wait to be left")
        return ids, ops

    def to_file(self, known: Known, kind: str, body: bytes) -> bytes:
        """Return a sealed letter, to be brought by any means.

        Raises:
            DeniedError: the contact is paused.
            InvalidError: there is no card of this person yet, or the letter has no such form.
        """
        return self._sealed(known, self._devices.entropy(ID_BYTES), kind, body)

    def waiting_out(self) -> list[tuple[Known | None, str]]:
        """Return whom letters wait for to be left, and their kinds."""
        by_key = {each.key: each for each in self._contacts.every()}
        return [(by_key.get(each.to), each.kind) for each in self._outgoing().values()]

    def give(self, spots: Sequence[Spot], reach: Reach, post: Post) -> None:
        """Leave what waits, where it can be left now.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        by_key = {each.key: each for each in self._contacts.every()}
        for letter, out in self._outgoing().items():
            known = by_key.get(out.to)
            if known is None:
                self._drop(OUT, letter)
            elif not known.contact.is_paused:
                try:
                    self._leave(letter, out, known, spots, reach, post)
                except AuditUnavailableError:
                    raise
                except SealholdError as err:  # whose card has no good key keeps back no others
                    post.troubles.append(f"a letter to {known.name} waits: {err}")

    # --- taking ---

    def take(self, spots: Sequence[Spot], post: Post) -> None:
        """Take what lies in this person's inboxes, and what waited here."""
        boxes = {each.id: each.key for each in self._own.boxes()}
        doors = {(box, door.kind, door.address) for box, door in self._own.doors()}
        for spot in spots:
            for name, box in boxes.items():
                if (name, *spot.door) in doors:
                    inbox = Inbox(self._devices, spot, box, self._devices.now)
                    self._empty(inbox, spot, post)
        self.retry(post)

    def retry(self, post: Post) -> None:
        """Take in what waited and waits no more: its sender is known now, or not paused."""
        for each in self.waiting():
            if not each.why:
                self._apply(each.letter, post)

    def bring(self, sealed: bytes, post: Post) -> Letter:
        """Take in a letter that came as a file.

        Raises:
            SealBrokenError: it is not for this person, or for a key that is given up.
            InvalidEncodingError: no letter, or one to somebody else.
            BadCertificateError: by a device of nobody.
            BadSignatureError: changed since it was signed.
        """
        keys = [each.key for each in self._own.boxes()]
        letter = open_letter(sealed, keys, self._devices.me.root)
        self._came(letter, post)
        return letter

    def waiting(self) -> list[Waiting]:
        """Return the letters that came and wait, each with why; empty: they can be taken now."""
        found: list[Waiting] = []
        for plain in self._devices.keeping.letters(IN).values():
            if isinstance(plain, bytes):
                letter = read(plain, self._devices.me.root)
                known = self._contacts.by_root(letter.sender)
                found.append(Waiting(letter, known, self._why(known, letter)))
        return sorted(found, key=lambda each: (each.letter.at, each.letter.id))

    def dismiss(self, sender: bytes) -> int:
        """Forget what waits of a sender whose root id begins so; return how many letters."""
        gone = [each.letter.id for each in self.waiting() if each.letter.sender.startswith(sender)]
        for letter in gone:
            self._drop(IN, letter)
        return len(gone)

    # --- within: sending ---

    def _sealed(  # reason: a letter
        self, known: Known, letter: bytes, kind: str, body: bytes, *, is_trial: bool = False
    ) -> bytes:
        if known.contact.is_paused:
            raise DeniedError("this contact is paused until one of their cards was verified")
        own = self._own.card
        if own is None:
            raise InvalidError("make a card of your own first: who gets a letter must know you")
        me = self._devices.me
        sender = Sender(name=own.name, box=own.box, chain=me.chain, signer=me.keys.signer)
        to = own if is_trial else known.contact.card
        return write(to, sender, letter, kind, body, self._devices.now())

    def _leave(  # reason: one letter, and where it may go
        self,
        letter: bytes,
        out: "_Out",
        known: Known,
        spots: Sequence[Spot],
        reach: Reach,
        post: Post,
    ) -> None:
        card, entropy = known.contact.card, self._devices.entropy
        sealed = self._sealed(known, letter, out.kind, out.body)
        is_left = False
        at = set(out.left)
        for door in card.doors:
            if door.mailbox in at:
                continue
            try:
                if door.kind == RELAY:
                    # THREAT T536: no host is called that the owner did not say yes to
                    if door.address not in known.hosts:
                        post.troubles.append(f"{known.name} names a new relay: {door.address}")
                        continue
                    leave(door, entropy(ID_BYTES), sealed, reach)
                    is_left = True
                    break
                left = [leave_at(door, spot, letter, sealed) for spot in spots]
                if any(left):
                    at.add(door.mailbox)
            except REFUSALS as err:
                post.troubles.append(f"a letter to {known.name} waits: {err}")
        # one that lies on a stick goes to a relay as well, if there is one: it counts once
        if is_left or (at and not card.hosts):
            post.left += 1
            self._drop(OUT, letter)
        elif at != set(out.left):
            post.left += 1
            told: Plain = [out.to, out.kind, out.body, sorted(at)]
            self._save(self._devices.keeping.put_letter(OUT, letter, told))

    def _outgoing(self) -> dict[bytes, "_Out"]:
        found: dict[bytes, _Out] = {}
        for letter, told in self._devices.keeping.letters(OUT).items():
            match told:
                case [bytes(to), str(kind), bytes(body), list(left)]:
                    at = tuple(each for each in left if isinstance(each, bytes))
                    found[letter] = _Out(to, kind, body, at)
                case _:
                    continue
        return found

    # --- within: taking ---

    def _empty(self, inbox: Inbox, spot: Spot, post: Post) -> None:
        try:
            for name in inbox.names():
                self._look(inbox, name, post)
        except REFUSALS as err:
            post.troubles.append(f"{spot.way.address}: letters cannot be fetched: {err}")

    def _look(self, inbox: Inbox, name: ObjectName, post: Post) -> None:
        sealed = inbox.get(name)
        if not sealed:
            return
        try:
            keys = [each.key for each in self._own.boxes()]
            letter = open_letter(sealed, keys, self._devices.me.root)
        except SealholdError:
            post.refused += 1
        else:
            self._came(letter, post)
        # it is durable here, or nobody's letter; either way nobody looks at it again
        inbox.drop(name)

    def _came(self, letter: Letter, post: Post) -> None:
        if is_done(self._devices, letter):
            return
        known = self._contacts.by_root(letter.sender)
        if known is not None and not self._may(known, letter):
            post.refused += 1
            post.troubles.append(f"a letter by a device that is not {known.name}'s any more")
        elif known is not None and count_done(self._devices, known) >= MAX_A_DAY:
            # THREAT T540: somebody who is known does not fill the vault either
            post.refused += 1
            post.troubles.append(f"more than {MAX_A_DAY} letters of {known.name} in a day")
        elif self._why(known, letter):
            self._keep(known, letter, post)
        else:
            self._apply(letter, post)

    def _apply(self, letter: Letter, post: Post) -> None:
        known = self._contacts.by_root(letter.sender)
        # THREAT T542: of strangers nothing is done
        if known is None or is_done(self._devices, letter) or not self._may(known, letter):
            self._drop(IN, letter.id)
            return
        try:
            self._kinds[letter.kind](known, letter)
        except SealholdError as err:
            self._failed(known, letter, err, post)
            return
        self._done(known, letter)
        post.taken += 1

    def _failed(self, known: Known, letter: Letter, err: SealholdError, post: Post) -> None:
        """Drop a letter that can never be taken in; keep another one, if there is room."""
        # THREAT T540: what fails counts for the day, or waits in the room that is bounded
        if type(err) is DeniedError or isinstance(err, _FORM):
            self._done(known, letter)
            post.refused += 1
            how = "was dropped"
        else:
            how = "waits" if self._keep(known, letter, post) else "came to no room"
        post.troubles.append(f"a letter of {known.name} {how}: {err}")

    def _done(self, known: Known, letter: Letter) -> None:
        draft = Draft(self._devices.home.replica)
        put_done(self._devices, draft, known, letter)
        draft.commit(Step(beside=[self._devices.keeping.drop_letter(IN, letter.id)]))

    def _keep(self, known: Known | None, letter: Letter, post: Post) -> bool:
        """Keep a letter that cannot be taken now, if there is room; return whether it waits."""
        waits = [each.letter for each in self.waiting()]
        if letter.id in {each.id for each in waits}:
            return True
        size = sum(len(each.plain) for each in waits) + len(letter.plain)
        strangers = sum(self._contacts.by_root(each.sender) is None for each in waits)
        of_one = sum(each.sender == letter.sender for each in waits)
        # THREAT T540: what strangers send is bounded, in letters and in bytes, and told
        if (
            len(waits) >= MAX_IN
            or size > MAX_IN_BYTES
            or of_one >= MAX_OF_ONE
            or (known is None and strangers >= MAX_STRANGERS)
        ):
            post.refused += 1
            return False
        self._save(self._devices.keeping.put_letter(IN, letter.id, letter.plain))
        post.kept += 1
        return True

    def _why(self, known: Known | None, letter: Letter) -> str:
        """Return why a letter cannot be taken in now; empty if it can."""
        if known is None:
            return "of nobody you know"
        if letter.kind == Kind.CARD:
            return ""
        if known.contact.is_paused:
            return "the contact is paused"
        return "" if letter.kind in self._kinds else "nothing here takes letters of this kind"

    def _may(self, known: Known, letter: Letter) -> bool:
        # THREAT T537: a device that its person removed writes in their name no more
        return speaks(known.contact.card, letter.chain, letter.device)

    def _card_came(self, known: Known, letter: Letter) -> None:
        card: Card | None = fits(read_card, letter.body)
        if card is not None:
            self._contacts.learn(known, card)

    def _drop(self, way: str, letter: bytes) -> None:
        self._save(self._devices.keeping.drop_letter(way, letter))

    def _save(self, op: Op) -> None:
        self._devices.keeping.save(self._devices.home.about.id, Step(beside=[op]))


@dataclass(frozen=True, slots=True)
class _Out:
    """A letter that waits to be left."""

    to: bytes  # what the contact is called in notes
    kind: str
    body: bytes
    left: tuple[bytes, ...]  # mailboxes at folders and buckets in which it lies already
