"""Whether a use would be permitted, asked without reading anything.

- It is decided like a read and logged under a number of its own. An app learns yes, or DENIED.
- The person, the owner and whoever answers for data protection learn which rule failed.

Source: docs/spec/26-processings.md section 4.
"""

from dataclasses import dataclass

from msgspec import structs

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection, DecisionId, FieldName, ProcessingId, random_id
from sealhold.model.processing import Verdict
from sealhold.policy.decision import Reason
from sealhold.policy.masks import masks_of
from sealhold.vault.core import Core
from sealhold.vault.processing_facts import Wanted, under
from sealhold.vault.says import Says
from sealhold.vault.speaking import Speaker
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which use somebody asks about."""

    processing: ProcessingId
    code: str  # 64 hex digits; empty for the program that is registered
    purpose: str  # empty for that of the processing
    fields: frozenset[FieldName]
    collection: Collection | None = None


class Verdicts:
    """Answers whether uses are permitted; several threads may call."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._uses = uses
        self._says = Says(core)

    def verdict(self, who: Speaker, question: Question) -> Verdict:
        """Return whether a use would be permitted at this moment.

        Raises:
            DeniedError: an app asks, and it is not permitted.
            ConflictError: something changed in this very moment.
            AuditUnavailableError: the log cannot be written.
        """
        use = self._uses.of(who.app, who.subject, question.purpose)
        found = self._uses.processings.find(who.app, question.processing)
        if found is None:
            self._uses.refuse(use, Reason.PROCESSING_NOT_ACTIVE, EventKind.DECISION)
        wanted = Wanted(
            use=under(use, found, question.purpose),
            found=found,
            fields=question.fields,
            code=question.code or found.terms.code,
            collection=question.collection,
        )
        decision = wanted.decided(self._says)
        number = DecisionId(random_id(self._core.entropy))
        event = structs.replace(
            wanted.use.event(EventKind.DECISION, decision.code.value, question.fields),
            actor=who.actor,
            outcome=Outcome.DONE if decision.permit else Outcome.DENIED,
            decision=number,
        )
        guards = (*who.guards, *(wanted.guards() if decision.permit else ()))
        self._core.writer.commit(Work(guards, (use.entry(event),), releases=True))
        if who.actor is not Actor.APP:
            return Verdict(
                decision=number,
                permit=decision.permit,
                code=decision.code.value,
                sentence=decision.sentence,
                masks=masks_of(decision),
            )
        if not decision.permit:
            raise DeniedError("denied")
        masks = masks_of(decision)
        return Verdict(decision=number, permit=True, code="", sentence="", masks=masks)
