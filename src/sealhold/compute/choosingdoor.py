"""The door for people: what they say to processings and to all uses, and what was done with theirs.

Source: docs/spec/26-processings.md section 9.
"""

from sealhold.compute.whocalls import WhoCalls, whole
from sealhold.model.errors import InvalidError
from sealhold.model.ids import Collection, ConsentId, Kind, ProcessingId, canonical
from sealhold.model.principals import Caller
from sealhold.model.processing import (
    ChoiceMade,
    ChoiceView,
    LimitsView,
    UseQuestion,
    UsesPage,
    Verdict,
    Wish,
)
from sealhold.model.quantities import Instant
from sealhold.vault.choosing import Answer, Choosing
from sealhold.vault.limiting import Limiting
from sealhold.vault.usesof import UsesOf
from sealhold.vault.verdicts import Question, Verdicts


class Choices:
    """What callers may say about a person, or read."""

    def __init__(  # reason: all that a person can say or ask
        self,
        who: WhoCalls,
        choosing: Choosing,
        limiting: Limiting,
        uses_of: UsesOf,
        verdicts: Verdicts,
    ) -> None:
        self._who = who
        self._choosing = choosing
        self._limiting = limiting
        self._uses_of = uses_of
        self._verdicts = verdicts

    def choices(self, caller: Caller, person_text: str) -> tuple[ChoiceView, ...]:
        """Return each processing as a person sees it.

        Raises:
            DeniedError: whatever the reason.
        """
        return self._choosing.choices(self._who.speaker(caller, person_text))

    def choose(  # reason: who says what, to what, and what they saw
        self,
        caller: Caller,
        person_text: str,
        id_text: str,
        wish: str,
        notice: str,
        until: Instant | None,
    ) -> ChoiceMade:
        """Keep what a person says to a processing.

        Raises:
            DeniedError: whatever the reason.
            InvalidError: nothing that can be said.
            UnsayableError: what they saw is not what applies now, or there is no yes to end.
        """
        who = self._who.sayer(caller, person_text)
        named = ProcessingId(whole(Kind.PROCESSING, id_text))
        try:
            answer = Answer(wish=Wish(wish), notice=notice, until=until)
        except ValueError as err:
            raise InvalidError("a choice is `allow`, `deny` or `withdraw`") from err
        return self._choosing.choose(who, named, answer)

    def withdraw(self, caller: Caller, consent_text: str) -> ChoiceMade:
        """Take a consent of the calling person back.

        Raises:
            DeniedError: whatever the reason.
            UnsayableError: it was never given, or is no longer.
        """
        own = self._who.own(caller)
        self._who.sayer(caller, canonical(own.subject))
        return self._choosing.withdraw(own, ConsentId(whole(Kind.CONSENT, consent_text)))

    def claim(self, caller: Caller, person_text: str, id_text: str, state: str) -> None:
        """Take what an app says of a person's consent.

        Raises:
            DeniedError: whatever the reason.
        """
        who = self._who.speaker(caller, person_text)
        self._choosing.claim(who, ProcessingId(whole(Kind.PROCESSING, id_text)), state)

    def record(self, caller: Caller, consent_text: str, person_text: str) -> bytes:
        """Return a signed consent record; owner and officers name the person.

        Raises:
            DeniedError: to a person, whatever the reason.
            NotFoundError: there is none.
        """
        consent = ConsentId(whole(Kind.CONSENT, consent_text))
        is_own = caller.role == "person"
        who = self._who.own(caller) if is_own else self._who.speaker(caller, person_text)
        return self._choosing.record(who, consent).encode()

    def limits(self, caller: Caller, person_text: str) -> LimitsView:
        """Return what a person set to all uses.

        Raises:
            DeniedError: to a person, whatever the reason.
            NotFoundError: owner or officer name nobody who is here.
        """
        return self._limiting.limits(self._who.speaker(caller, person_text))

    def restrict(self, caller: Caller, person_text: str, *, is_set: bool) -> LimitsView:
        """Restrict all uses of a person's data, or lift that.

        Raises:
            DeniedError: to a person, whatever the reason.
            NotFoundError: owner or officer name nobody who is here.
        """
        return self._limiting.restrict(self._who.sayer(caller, person_text), is_set=is_set)

    def object(
        self, caller: Caller, person_text: str, purpose: str, *, is_raised: bool
    ) -> LimitsView:
        """Raise or take back an objection.

        Raises:
            DeniedError: whatever the reason.
            UnknownPurposeError: the purpose is none.
        """
        who = self._who.sayer(caller, person_text)
        return self._limiting.object(who, purpose, is_raised=is_raised)

    def uses(self, caller: Caller, person_text: str, cursor: str, limit: int) -> UsesPage:
        """Return who did what with a person's data, the newest first.

        Raises:
            DeniedError: to a person, whatever the reason.
            NotFoundError: owner or officer name nobody who is here.
            InvalidError: `cursor` is not what an earlier page named.
        """
        who = self._who.speaker(caller, person_text)
        return self._uses_of.person(who, cursor, limit)

    def decide(self, caller: Caller, question: UseQuestion) -> Verdict:
        """Return whether a use would be permitted now.

        Raises:
            DeniedError: to an app, if it would not be.
        """
        who = self._who.speaker(caller, question.subject)
        return self._verdicts.verdict(
            who,
            Question(
                processing=ProcessingId(whole(Kind.PROCESSING, question.processing)),
                code=question.code,
                purpose=question.purpose,
                fields=question.fields,
                collection=Collection(question.collection) if question.collection else None,
            ),
        )
