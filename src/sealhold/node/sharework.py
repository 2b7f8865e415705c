"""What the owner shares with people, as a face asks for it: previews, shares, and their upkeep.

- A share is previewed, its findings are answered, and it is made only if what was shown is still
  what it would do. What was begun is finished by the next round, whatever stopped in between.
- A round keeps each space equal to what is shared, its people to their cards, and answers asks.

Source: docs/spec/52-share-spaces.md; docs/spec/49-sharing.md sections 7 and 8.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    DeniedError,
    InvalidError,
    InvalidFilterError,
    InvalidGrantError,
    LoginNeededError,
    NameTakenError,
    NoEpochError,
    NotFoundError,
    SourceAwayError,
)
from sealhold.model.ids import ContactId, GrantId
from sealhold.model.quantities import Instant
from sealhold.model.shown.shares import RevokedView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.documenttexts import DocumentTexts
from sealhold.node.shareanswers import giver
from sealhold.node.sharedraft import MAX_SHOWN, Draft, ShareLooking
from sealhold.node.shareending import ShareEnding
from sealhold.node.sharefiles import Offered
from sealhold.node.sharegiven import given
from sealhold.node.sharewords import revoked_view
from sealhold.node.togethershares import is_of_documents
from sealhold.policy.preview import admit
from sealhold.policy.share import MAX_COUNT, Clauses, Per
from sealhold.policy.shareterms import Tier
from sealhold.policy.suspicion import Finding, require_answers
from sealhold.policy.uses import Ledger, revoke
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.admitting import Person, follow, invitation, space
from sealhold.sharing.peers.answering import Answers, answers_by
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.mirror import mirror
from sealhold.sharing.peers.shareddocuments import copy_in, let_go, parts, role_in, things
from sealhold.sharing.peers.sharepaper import Record, put_record, records
from sealhold.sharing.peers.usework import UseWork

AWAY: Final = (SourceAwayError, LoginNeededError)


@dataclass(slots=True)
class Kept:
    """What a round did for shares."""

    written: int = 0  # objects
    erased: int = 0
    released: int = 0  # uses
    denied: int = 0
    invited: int = 0
    signed_not: int = 0  # receipts that do not fit
    said: int = 0  # papers, and changes of who is in a space
    troubles: list[str] = field(default_factory=list)

    @property
    def has_written(self) -> bool:
        """Whether there is something to be given on."""
        told = (self.written, self.erased, self.released, self.denied, self.invited, self.said)
        return any(told)

    def add(self, answers: Answers) -> None:
        """Add what became of the uses of one share."""
        self.released += answers.released
        self.denied += answers.denied
        self.signed_not += answers.odd
        self.said += answers.said
        self.troubles += answers.troubles


class ShareWork(ShareLooking):
    """What the owner of this vault shares. For one thread."""

    def __init__(self, work: DeviceWork, contacts: ContactWork | None = None) -> None:
        """Begin.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        super().__init__(work, contacts)
        self._uses = UseWork(self._devices, work.core, giver(self.answers, self._devices))
        self.ledgers = self._uses.ledgers
        self._ending = ShareEnding(self._devices, self.contacts)

    # --- making, keeping, taking back ---

    def create(self, draft: Draft, digest: bytes, meant: Sequence[Finding] = ()) -> GrantId:
        """Make a share that was looked at, durably; the next round brings it to its people.

        Raises:
            NameTakenError: a share that was not taken back has this name.
            StaleError: what was shown is not what it would do now.
            UnansweredError: a finding has no answer.
            DeniedError: this device may not begin a space.
        """
        if any(each.name == draft.name and not each.is_revoked for each in records(self._devices)):
            raise NameTakenError("a share is called so already")
        again = self.draft(draft.name, draft.clauses, unverified=True)
        # THREAT T548: what is made is what was shown, and each finding was answered
        admit(again.effect, digest)
        require_answers(again.found, meant)
        opened = space(self._devices, draft.name)
        record = replace(
            spaces.begun(self._devices, opened, draft.name, draft.clauses),
            is_of_documents=is_of_documents(draft.clauses, draft.offered.values()),
        )
        self.ledgers.tell(record.grant, "made")
        put_record(self._devices, record)
        self.keep_up(record, Kept())
        return record.grant

    def change(self, draft: Draft, digest: bytes, meant: Sequence[Finding] = ()) -> None:
        """Have a share say from now on what was looked at, durably; uses stay counted.

        What was shown under other rules is erased from its space.

        Raises:
            StaleError: what was shown is not what it would do now.
            UnansweredError: a finding has no answer.
            DeniedError: it was taken back, or another device looks after it.
            InvalidError: its tier would be another.
        """
        before = self.changeable(draft.instead)
        again = self.draft(draft.name, draft.clauses, unverified=True, instead=before)
        # THREAT T568: a change is what was shown, and each finding was answered
        admit(again.effect, digest)
        require_answers(again.found, meant)
        if draft.clauses.tier is not before.clauses.tier:
            raise InvalidError("a share keeps its tier: take it back and make another one")
        self.ledgers.tell(before.grant, "changed")
        opened = spaces.space_of(self._devices, before)
        if opened is not None and _rules(draft.clauses) != _rules(before.clauses):
            spaces.empty(self._devices, opened)
        record = replace(before, clauses=draft.clauses)
        put_record(self._devices, record)
        self.keep_up(record, Kept())

    def changeable(self, record: Record | None) -> Record:
        """Return a share as it is kept now, if it may be changed here.

        Raises:
            NotFoundError: there is none.
            DeniedError: it was taken back, or another device looks after it.
        """
        wanted = None if record is None else record.grant
        found = next((each for each in records(self._devices) if each.grant == wanted), None)
        if found is None:
            raise NotFoundError("no such share")
        if found.is_revoked:
            raise DeniedError("this share was taken back: make another one")
        opened = spaces.space_of(self._devices, found)
        if opened is None or not spaces.is_mine(self._devices, opened, found):
            raise DeniedError("another device of yours looks after this share: change it there")
        return found

    def round(self) -> Kept:
        """Keep every share up; what cannot be done now is told, and done later."""
        done = Kept()
        for record in list(records(self._devices)):
            self.keep_up(record, done)
        return done

    def keep_up(self, record: Record, done: Kept) -> None:
        """Bring one share up to what it is to be, durably and again and again.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        opened = spaces.space_of(self._devices, record)
        if opened is None:
            return
        taken_over = spaces.take_over(self._devices, opened, record)
        is_mine = spaces.is_mine(self._devices, opened, record)
        if record.is_revoked or spaces.is_over(opened, record):
            self._wind_up(opened, record, done, is_mine=is_mine, is_spent=taken_over)
            return
        barred = self._ending.barred(record)
        if not is_mine:
            if record.is_of_documents and self._ending.may_remove(opened):
                # THREAT T563: who was let go here is gone, whichever device looks after it
                done.said += let_go(self._devices, opened, self._ending.staying(record, barred))
            done.add(self._uses.help(opened, record, answers=not barred))
            return
        done.troubles += barred.values()
        self._ledger(record, is_spent=taken_over)
        self._meet(opened, record, barred, done)
        # THREAT T597: what lies in the space of a person to whom nothing is to go stays as it is
        if record.is_of_documents or not barred or not self._ending.is_on(record):
            self._show(opened, record, done)
        answers, missing = self._uses.look_after(opened, record, answers=not barred)
        done.add(answers)
        for device in missing:
            name = self._devices.names().get(device, device.hex()[:12])
            done.troubles.append(f"`{record.name}` waits to hear from `{name}` what it was lent")

    def revoke(self, record: Record) -> RevokedView:
        """Take a share back, durably: nothing new is given from here on.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        told, done = self.revocation(record), Kept()
        gone = replace(record, is_revoked=True)
        self.ledgers.tell(record.grant, "taken back")
        put_record(self._devices, gone)
        self.keep_up(gone, done)
        return replace(told, asked="; ".join([told.asked, *done.troubles]))

    def revocation(self, record: Record) -> RevokedView:
        """Return what taking a share back does; nothing is changed."""
        opened = spaces.space_of(self._devices, record)
        objects = 0 if opened is None else spaces.count(opened)
        lent = self.lent(record)
        left = self._ending.left(opened, record)
        return revoked_view(record, objects, self.released(record), lent, left)

    def lent(self, record: Record) -> dict[str, Instant]:
        """Return the devices that could still use what they were lent, and until when."""
        try:
            ledger = self.ledgers.ledger(record.grant)
        except NotFoundError:
            return {}
        names, now = self._devices.names(), self._devices.now()
        return {
            names.get(each.device, each.device.hex()[:12]): each.end
            for each in sorted(ledger.lent, key=lambda each: each.end)
            if now < each.end
        }

    def released(self, record: Record) -> int:
        """Return how many uses were released, as this device knows."""
        numbers = {each.number for each in self.ledgers.uses(record.grant) if each.number}
        opened = spaces.space_of(self._devices, record)
        if opened is not None:
            for told in answers_by(opened, record.grant).values():
                numbers.update(told)
        return len(numbers)

    def record(self, text: str) -> Record:
        """Return the share that a name, or the beginning of an id, says.

        Raises:
            NotFoundError: none.
            InvalidError: several.
        """
        every = list(records(self._devices))
        live = [each for each in every if not each.is_revoked and each.name == text]
        found = live or [
            each
            for each in every
            if each.name == text or (text and each.grant.hex().startswith(text))
        ]
        if not found:
            raise NotFoundError("no such share")
        if len(found) > 1:
            raise InvalidError("several shares are called so: say the id")
        return found[0]

    # --- inside ---

    def _meet(
        self, opened: Open, record: Record, barred: Collection[ContactId], done: Kept
    ) -> None:
        """Have in a space who is to be in it, by their cards, and tell them where it lies."""
        stay = self._ending.staying(record, barred)
        done.said += let_go(self._devices, opened, stay)
        for who in stay - set(barred):
            known = self.contacts.contacts.by_root(who)
            if known is not None:
                role = role_in(record, who)
                done.said += follow(self._devices, opened, person_of(known), role)
                self._invite(opened, known, done)

    def _show(self, opened: Open, record: Record, done: Kept) -> None:
        """Make a space show what is to be shown: nothing before the share's begin or after its end.

        What cannot be read now leaves the space as it is, and is told.
        """
        if record.clauses.tier is Tier.ANSWER:
            is_new, trouble = self.answers.say(self._devices, opened, record)
            done.said += is_new
            done.troubles += filter(None, [trouble])
            return
        mark = self.records.mark(record)
        if self.records.is_done(record, mark, spaces.count(opened)):
            return
        offered: list[Offered] = []
        try:
            every = self._offered(record.clauses, record.grant)
            offered = given(record.clauses, every, self._devices.now())
        except (*AWAY, NotFoundError, InvalidFilterError, InvalidGrantError) as err:
            done.troubles.append(f"`{record.name}` is left as it is: {err}")
            return
        if len(offered) > MAX_SHOWN:
            done.troubles.append(f"`{record.name}` is left as it is: over {MAX_SHOWN:,} objects")
            return
        shown = self._bring(opened, record, offered, done)
        for part in parts(record):
            done.said += spaces.say(self._devices, opened, part, shown)
        self.records.done(record, mark, spaces.count(opened))

    def _bring(
        self, opened: Open, record: Record, offered: list[Offered], done: Kept
    ) -> Mapping[bytes, bytes]:
        """Bring what is shared into its space; return its ids there, by source."""
        if not record.is_of_documents:
            came = mirror(self._devices, opened, record, [each.item for each in offered])
            done.written += came.written
            done.erased += came.erased
            return came.things
        texts = DocumentTexts(self._devices)
        try:
            done.written += copy_in(opened, record, map(texts.shown, offered))
        except (CarrierAwayError, NotFoundError) as err:
            done.troubles.append(f"not all of {record.name} is there yet: {err}")
        return things(opened, record, (each.item.source for each in offered))

    def _ledger(self, record: Record, *, is_spent: bool = False) -> None:
        """Begin the ledger of a share at this device, if there is none; spent if taken over."""
        if record.clauses.tier < Tier.KEY_PER_USE:
            return
        count, end = record.clauses.count, record.clauses.not_after
        by_all = count is not None and count.per is not Per.DAY
        most = count.most if count is not None and by_all else MAX_COUNT
        spent = most if is_spent and count is not None else 0
        try:
            ledger = self.ledgers.ledger(record.grant)
        except NotFoundError:
            here = self._devices.me.incarnation
            fresh = Ledger(most=most, spent=spent, not_after=end, incarnation=here)
            self.ledgers.open(record.grant, fresh)
            return
        if spent:
            self.ledgers.change(record.grant, lambda one: replace(one, spent=most), "taken over")
        if (ledger.most, ledger.not_after) != (most, end):
            # THREAT T568: what was used stays used, whatever the count is now
            self.ledgers.change(
                record.grant, lambda held: replace(held, most=most, not_after=end), "count changed"
            )

    def _invite(self, opened: Open, known: Known, done: Kept) -> None:
        ways = spaces.ways_of(self._devices)
        if not spaces.wants_letter(opened, known.id, len(ways)):
            return
        try:
            paper = invitation(opened, ways, self._work.places.mint_for_guests)
        except (CarrierAwayError, CarrierRefusedError, NoEpochError) as err:
            done.troubles.append(f"{known.name} is not invited yet: {err}")
            return
        self.contacts.letters.send(known, Kind.INVITATION, paper)
        spaces.told_letter(opened, known.id, len(ways))
        done.invited += 1

    def _wind_up(
        self, opened: Open, record: Record, done: Kept, *, is_mine: bool, is_spent: bool
    ) -> None:
        """Do what a revocation asks for that was not done yet, as far as this device may."""
        if is_mine and record.clauses.tier >= Tier.KEY_PER_USE:
            self._ledger(record, is_spent=is_spent)
            if not self.ledgers.ledger(record.grant).is_revoked:
                self.ledgers.change(record.grant, revoke, "revoked")
        done.said += self._ending.take_back(opened, record, done.troubles)
        self.answers.end(record)


def _rules(clauses: Clauses) -> tuple[object, ...]:
    """Return what makes an object look as it does."""
    return clauses.precision, clauses.omit, clauses.what


def person_of(known: Known) -> Person:
    """Return a contact as a space takes them in."""
    card = known.contact.card
    return Person(
        root=spaces.root_of(card.id),
        devices=tuple((each.chain, each.prekey) for each in card.devices),
    )
