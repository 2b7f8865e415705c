"""People choosing: their yes or no to each processing, their receipts, and what apps may ask.

- Nobody but the person gives a yes, and it is to the very terms that they were shown.
- A no or a withdrawal is one commit, and binds the next decision.
- An app can ask. Whatever else it claims is kept as unknown, and denies like nothing at all.
- Each thing that is said is an event, a receipt and an entry in the log, in one commit.

Source: docs/spec/26-processings.md sections 3 and 6.
"""

from dataclasses import dataclass, replace

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    NoticeChangedError,
    UnsayableError,
)
from sealhold.model.ids import (
    ConsentId,
    ProcessingId,
    ReceiptId,
    random_id,
)
from sealhold.model.processing import (
    ChoiceMade,
    ChoiceState,
    ChoiceView,
    ProcessingState,
    Wish,
)
from sealhold.model.quantities import Instant
from sealhold.policy.consent import FINAL, By, ConsentEvent, ConsentState, Standing, standing_of
from sealhold.policy.processing import choice_state, may_ask, no_stops, stepped, why
from sealhold.vault.consentrecords import LANGUAGE, ConsentRecords
from sealhold.vault.core import Core
from sealhold.vault.notices import Notices
from sealhold.vault.processings import Processing
from sealhold.vault.says import FOREVER, Choice, Said, Say, Says, Shown
from sealhold.vault.speaking import Speaker, Speaking
from sealhold.vault.using import Use, Uses, until_done
from sealhold.vault.writer import Work

NOTHING_SAID = Instant(0)
ASKED = ConsentState.REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person answers to a processing, and what they saw."""

    wish: Wish
    notice: str = ""  # digest of what was shown, 64 hex digits; needed for a yes
    until: Instant | None = None  # a yes holds until just before


class Choosing:
    """What the people of one vault say; several threads may call."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._speaking = Speaking(core, uses)
        self._says = Says(core)
        self._notices = Notices(core)
        self._records = ConsentRecords(core, uses.processings)

    def choices(self, who: Speaker) -> tuple[ChoiceView, ...]:
        """Return every processing of the app as the person sees it, by name.

        Raises:
            DeniedError: not one of this app's people.
        """
        use = self._speaking.use(who)
        found = (self._view(use, each) for each in self._speaking.uses.processings.of_app(who.app))
        return tuple(sorted(found, key=lambda each: (each.name, each.processing)))

    def choose(self, who: Speaker, processing: ProcessingId, answer: Answer) -> ChoiceMade:
        """Keep a person's answer to a processing and return their receipt.

        Raises:
            DeniedError: not one of this app's people, or not one of its processings.
            NoticeChangedError: what they saw is not what applies now; nothing was kept.
            UnsayableError: there is no yes to withdraw, or nobody activated what is allowed.
            InvalidError: the yes would end before it begins.
            AuditUnavailableError: the log cannot be written; nothing was kept.
        """
        return until_done(lambda: self._choose(who, processing, answer))

    def withdraw(self, who: Speaker, consent: ConsentId) -> ChoiceMade:
        """Take a consent back.

        Raises:
            DeniedError: the person has no such consent.
            UnsayableError: it was never given, or is no longer.
        """
        for each in self._speaking.uses.processings.of_app(who.app):
            choice = self._says.choice(who.subject, each.id)
            if choice is not None and choice.consent == consent:
                return self.choose(who, each.id, Answer(wish=Wish.WITHDRAW))
        raise DeniedError("denied")

    def claim(self, who: Speaker, processing: ProcessingId, state: str) -> None:
        """Take what an app says of a person's consent: it asks, or it claims, which is unknown.

        What a person said themselves is not touched, and nobody is asked again too soon; the app
        is told neither.

        Raises:
            DeniedError: not one of this app's people, or not one of its processings.
        """
        until_done(lambda: self._claim(who, processing, state))

    def record(self, who: Speaker, consent: ConsentId) -> str:
        """Return the signed record of one consent.

        Raises:
            DeniedError: not one of this app's people.
            NotFoundError: the person has no such consent.
        """
        use = self._speaking.use(who)
        person, keys = use.whole()
        said = self._says.told(use.say or Say(subject=person.id), keys)
        signed = self._records.signed(person.id, consent, said, use.schema)
        told = structs.replace(use.event(EventKind.PROOF, "consent_record"), digest=None)
        ops = (*who.guards, *use.guards(()))
        self._core.writer.commit(Work(ops, (use.entry(told),), releases=True))
        return signed

    def _choose(self, who: Speaker, processing: ProcessingId, answer: Answer) -> ChoiceMade | None:
        if who.actor is not Actor.PERSON or answer.wish is Wish.ALLOW:
            self._speaking.own_word(who)
        use, found = self._speaking.known(who, processing)
        before = self._says.choice(who.subject, processing)
        state = _state(before, use.now, found)
        led_to = stepped(state, answer.wish)
        shown = self._shown(found, answer)
        if led_to is None:
            return self._said_before(who, use, found, before)
        if led_to is ConsentState.GIVEN and found.state is not ProcessingState.ACTIVE:
            raise UnsayableError("nobody activated this processing as it is now")
        ends = answer.until or FOREVER
        if not use.now < ends <= FOREVER:
            raise InvalidError("a yes ends after it begins, and before the year 10000")
        continues = state is ChoiceState.ALLOWED or _waits(before, found)
        consent = before.consent if before and continues else self._fresh()
        event = ConsentEvent(
            consent=consent,
            state=led_to,
            at=use.now,
            by=By.SUBJECT,
            notice=found.notice.hex(),
            starts=use.now,
            ends=ends,
        )
        return self._keep(who, use, found, event, shown)

    def _keep(
        self, who: Speaker, use: Use, found: Processing, event: ConsentEvent, shown: Shown | None
    ) -> ChoiceMade | None:
        person, keys = use.whole()
        say = use.say or Say(subject=person.id)
        earlier = self._says.events(say, keys)
        said = Said(
            n=say.n + 1,
            what="consent",
            at=event.at,
            by=event.by,
            processing=found.id,
            event=event,
            version=found.version,
            shown=shown,
            way=who.way,
        )
        told = [each.event for each in (*earlier, said) if each.event]
        standing = standing_of((each for each in told if each.consent == event.consent), event.at)
        consent = ConsentId(event.consent)
        choice = Choice(
            subject=person.id, processing=found.id, consent=consent, at=event.at, standing=standing
        )
        receipt = ReceiptId(random_id(self._core.entropy))
        ops = (self._says.put(choice), *self._says.keep(say, keys, said))
        logged = structs.replace(
            use.event(EventKind.SAY, standing.state.value),
            receipt=receipt,
            digest=found.notice,
            purpose=found.terms.purpose,
        )
        is_no = standing.state in FINAL  # kept on a full disk, too
        ops = (*who.guards, *use.guards(ops), found.guard, *ops)
        work = Work(ops, (use.entry(logged),), releases=True, right=is_no)
        if not self._speaking.commit(work):
            return None
        record = self._records.signed(person.id, consent, (*earlier, said), use.schema, receipt)
        return ChoiceMade(
            choice=self._view(replace(use, say=replace(say, n=say.n + 1)), found),
            receipt=receipt,
            record=record,
        )

    def _said_before(
        self, who: Speaker, use: Use, found: Processing, choice: Choice | None
    ) -> ChoiceMade | None:
        """Return what holds already, with a receipt of its own.

        Raises:
            DeniedError: nothing was said before.
        """
        person, keys = use.whole()
        if choice is None:
            raise DeniedError("denied")
        receipt = ReceiptId(random_id(self._core.entropy))
        said = self._says.events(use.say or Say(subject=person.id), keys)
        record = self._records.signed(person.id, choice.consent, said, use.schema, receipt)
        told = structs.replace(use.event(EventKind.SAY, "said_before"), receipt=receipt)
        guards = (*who.guards, *use.guards(()))
        if not self._speaking.commit(Work(guards, (use.entry(told),), releases=True)):
            return None
        return ChoiceMade(choice=self._view(use, found), receipt=receipt, record=record)

    def _claim(self, who: Speaker, processing: ProcessingId, state: str) -> bool | None:
        use, found = self._speaking.known(who, processing)
        before = self._says.choice(who.subject, processing)
        asks = state == ASKED.value
        now = use.now
        standing = before.standing if before else None
        at = before.at if before else NOTHING_SAID
        is_free = standing is None or may_ask(standing, at, now, found.notice.hex())
        untouched = standing is None or standing.state in {ASKED, ConsentState.UNKNOWN}
        # THREAT T252: a claim never stands in the place of what the person said
        if not is_free or not (asks or untouched) or (asks and _waits(before, found)):
            told = use.entry(use.event(EventKind.SAY, "asked_in_vain"))
            return self._speaking.commit(Work((*who.guards, *use.guards(())), (told,))) or None
        event = ConsentEvent(
            consent=self._fresh(),
            state=ASKED if asks else ConsentState.UNKNOWN,
            at=now,
            by=By.ASKER if asks else By.VAULT,
            notice=found.notice.hex(),
            starts=NOTHING_SAID,
            ends=NOTHING_SAID,
        )
        return None if self._keep(who, use, found, event, None) is None else True

    def _shown(self, found: Processing, answer: Answer) -> Shown | None:
        """Return what the person saw; None if they say no without having read it.

        Raises:
            NoticeChangedError: it is not what applies now, and they say yes.
        """
        if answer.notice == found.shown:
            return Shown(digest=found.shown, language=LANGUAGE, version=str(found.version))
        notice = self._notices.find(found, answer.notice) if answer.notice else None
        if notice is not None:
            return Shown(digest=notice.digest, language=notice.language, version=notice.version)
        # THREAT T250: a yes is to what was on the screen, or it is none
        if answer.wish is Wish.ALLOW:
            raise NoticeChangedError("what was shown is not what applies now")
        return None

    def _view(self, use: Use, found: Processing) -> ChoiceView:
        person, _ = use.whole()
        choice = self._says.choice(person.id, found.id)
        terms, now, notice = found.terms, self._core.clock(), found.notice.hex()
        state = _state(choice, now, found)
        standing = choice.standing if choice else None
        is_active = found.state is ProcessingState.ACTIVE
        is_free = choice is None or may_ask(choice.standing, choice.at, now, notice)
        has_end = standing is not None and standing.ends != FOREVER
        return ChoiceView(
            processing=found.id,
            name=terms.name,
            purpose=terms.purpose,
            basis=terms.basis,
            special=terms.special,
            fields=(*sorted(terms.fields), *sorted(terms.collections)),
            recipients=tuple(sorted(terms.recipients)),
            transfers=tuple(sorted(terms.transfers)),
            retention_days=terms.retention_days,
            automated=terms.automated,
            is_active=is_active,
            state=state,
            is_asked=is_active and is_free and no_stops(terms),
            stops=no_stops(terms),
            why=why(terms),
            notice=found.shown,
            consent=choice.consent if choice else None,
            at=choice.at if choice else None,
            ends=standing.ends if standing and state is ChoiceState.ALLOWED and has_end else None,
        )

    def _fresh(self) -> ConsentId:
        return ConsentId(random_id(self._core.entropy))


def _state(choice: Choice | None, now: Instant, found: Processing) -> ChoiceState:
    if choice is None:
        return ChoiceState.PENDING
    return choice_state(choice.standing, now, found.notice.hex())


def _waits(choice: Choice | None, found: Processing) -> bool:
    """Return whether somebody asked for just this, and the person did not answer."""
    if choice is None:
        return False
    standing: Standing = choice.standing
    return standing.state is ASKED and standing.notice == found.notice.hex()
