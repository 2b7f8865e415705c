"""Who says something about a person: the person, their app, or somebody who answers for it.

- Whoever speaks is decided on and logged like every use. What they say is one commit with the
  guards of their token, and is decided anew if something changed in that very moment.

Source: docs/spec/26-processings.md sections 3 and 5.
"""

from dataclasses import dataclass

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import ConflictError
from sealhold.model.ids import AppId, ProcessingId, SubjectId
from sealhold.policy.decision import Reason
from sealhold.policy.profiles import decide_person
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.processings import Processing
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who says something about one person, and what their token is bound to."""

    app: AppId
    subject: SubjectId
    actor: Actor
    way: str = ""  # how the person was known
    may_choose: bool = True  # whether what widens the use of their data is their own word
    guards: tuple[Op, ...] = ()


class Speaking:
    """What all that people say has in common."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self.uses = uses

    def use(self, who: Speaker) -> Use:
        """Return all that is known of the person.

        Raises:
            DeniedError: not one of this app's people.
        """
        use = self.uses.of(who.app, who.subject, actor=who.actor)
        decision = self.uses.standing(who.guards, decide_person(use.parties))
        self.uses.need(use, decision, EventKind.SAY)
        return use

    def own_word(self, who: Speaker) -> None:
        """Return if it is the person themselves who speaks, and what they say is theirs.

        Raises:
            DeniedError: it is somebody else, or a token that somebody else could use.
        """
        # THREAT T252: whoever speaks for a person without being them widens nothing for them
        if who.actor is not Actor.PERSON or not who.may_choose:
            self.uses.refuse(self.use(who), Reason.NOT_THE_PERSON, EventKind.SAY)

    def known(self, who: Speaker, processing: ProcessingId) -> tuple[Use, Processing]:
        """Return all that is known of the person and of one processing of their app.

        Raises:
            DeniedError: not one of this app's people, or not one of its processings.
        """
        use = self.use(who)
        found = self.uses.processings.find(who.app, processing)
        if found is None:
            self.uses.refuse(use, Reason.PROCESSING_NOT_ACTIVE, EventKind.SAY)
        return use, found

    def commit(self, work: Work) -> bool:
        """Return whether all of it holds now; if not, what it was decided on has changed."""
        try:
            self._core.writer.commit(work)
        except ConflictError:
            return False
        return True
