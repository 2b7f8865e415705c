"""What a use of a person's records rests on: who asks, the collection, the person; and its entries.

- A person may have and change what is kept of them without naming a purpose; an app may not.
- A collection that was never laid down is not written into the log: what somebody typed does not
  get there.

Source: docs/spec/25-records-of-people.md section 5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn, TypeVar

import msgspec

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.errors import DeniedError, ExhaustedError
from sealhold.model.ids import AppId, FieldName, Id16, SubjectId
from sealhold.model.underway import Underway
from sealhold.policy.decision import Decision, Reason
from sealhold.policy.decision import refused as no
from sealhold.policy.profiles import decide_own, decide_profile
from sealhold.stores.spec import Op
from sealhold.vault.collectionrules import Collections, Laid
from sealhold.vault.processing_facts import Wanted, under
from sealhold.vault.steps import Once, Steps, begun, until_done
from sealhold.vault.telling import PersonTeller
from sealhold.vault.using import Basis, Use, Uses
from sealhold.vault.writer import Work, Writer, bytes_of

ABSENT = "absent"
REMEMBERED = 8_192  # uses that were permitted
TOO_BUSY = "others change the same records without a pause"

Done = TypeVar("Done")


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants something of whose records, and what for."""

    app: AppId
    subject: SubjectId
    purpose: str = ""
    actor: Actor = Actor.APP  # or the person, who names no purpose
    guards: tuple[Op, ...] = ()  # of the token that they came with
    lease: str = ""  # of a run that reads


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUse:
    """A use of one collection of one person, with all that is known of it at this moment."""

    asking: Asking
    use: Use
    laid: Laid | None
    decision: Decision
    teller: PersonTeller | None = None  # of the person, if there is one
    on: tuple[Op, ...] = ()  # what was decided on
    counted: tuple[Op, ...] = ()  # what a run that reads is held to, and counts

    @property
    def rule_of(self) -> Laid:
        """The collection, of a use that was permitted.

        Raises:
            DeniedError: there is none.
        """
        if self.laid is None:
            raise DeniedError("denied")
        return self.laid

    def event(
        self, reason: str, records: Sequence[Id16] = (), outcome: Outcome = Outcome.DONE
    ) -> Event:
        """Return what the log tells of this use."""
        use, teller = self.use, self.teller
        return Event(
            kind=EventKind.RECORD,
            actor=use.actor if use.app else Actor.OUTSIDER,
            outcome=outcome,
            subject=teller.subject if teller else None,
            app=use.app_id if use.app else None,
            purpose=use.purpose or None,
            collection=self.laid.name if self.laid else None,
            records=teller.tags(records) if teller and records else b"",
            reason=reason,
            rows_out=len(records) if outcome is Outcome.DONE else 0,
            grant=use.grant,
        )

    def entry(self, event: Event) -> Entry:
        """Return `event` as the log keeps it: under the person's key, if there is a person."""
        return self.teller.entry(event) if self.teller else Entry(event=event)

    def work(self, ops: Sequence[Op], event: Event, *, releases: bool = True) -> Work:
        """Return what holds only as long as all holds that was decided on."""
        return Work(
            (*self.counted, *ops),
            (self.entry(event),),
            releases=releases,
            size=bytes_of(ops),
            on=self.on or _on(self),
        )


class _Known(NamedTuple):
    """A use that was permitted, and what it was decided on: asked again, the answer is the same."""

    basis: Basis
    use: RecordUse


_Place = tuple[AppId, SubjectId, str, Actor, str, bool]


class RecordUses:
    """Reads what uses of records rest on, decides, and refuses."""

    def __init__(self, uses: Uses, collections: Collections) -> None:
        self._uses = uses
        self._collections = collections
        self._known: dict[_Place, _Known] = {}

    def of(self, asking: Asking, collection: str, *, reads: bool = False) -> RecordUse:
        """Return a use that was decided on; `reads` if it changes nothing.

        Raises:
            SealBrokenError: the person's row or keys are not as they were written.
        """
        if asking.lease or asking.guards:
            return self._of(asking, collection, reads=reads)
        place = (asking.app, asking.subject, asking.purpose, asking.actor, collection, reads)
        known = self._known.get(place)
        if known is not None and self._uses.stands(known.basis):
            return known.use
        basis = self._uses.basis(asking.app, asking.subject)
        use = self._of(asking, collection, reads=reads)
        if basis is not None and use.decision.permit and use.use.is_lasting:
            use = replace(use, on=_on(use))
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[place] = _Known(basis, use)
        return use

    def _of(self, asking: Asking, collection: str, *, reads: bool) -> RecordUse:
        use = self._uses.of(asking.app, asking.subject, asking.purpose, asking.actor)
        laid = self._collections.get(asking.app, collection)
        fields = frozenset({FieldName(collection)})
        allowed = {FieldName(laid.name): laid.rule.purposes} if laid else {}
        if asking.actor is Actor.PERSON:
            decision = decide_own(use.parties, allowed.keys(), fields)
            decision = self._uses.standing(asking.guards, decision)
        elif asking.lease:
            return self._leased(asking, use, laid, reads=reads)
        else:
            bound = self._uses.bound(use) if reads else frozenset()
            decision = decide_profile(use.parties, allowed, use.purpose, fields, bound)
        teller = _teller(use)
        return RecordUse(asking=asking, use=use, laid=laid, decision=decision, teller=teller)

    def _leased(self, asking: Asking, use: Use, laid: Laid | None, *, reads: bool) -> RecordUse:
        """Return a use by a run: the collection's rule and the person's choice must both permit."""
        leases = self._uses.leases
        lease = leases.check(asking.app, asking.lease) if reads else None
        if lease is None or laid is None:
            return RecordUse(
                asking=asking,
                use=use,
                laid=laid,
                decision=no(Reason.NO_LEASE),
                teller=_teller(use),
            )
        found = self._uses.processings.get(lease.run.processing)
        use = under(use, found, asking.purpose, lease.run)
        name = FieldName(laid.name)
        decision = decide_profile(
            use.parties, {name: laid.rule.purposes}, use.purpose, frozenset({name})
        )
        wanted = Wanted(
            use=use,
            found=found,
            fields=frozenset(),
            code=lease.run.code,
            collection=laid.name,
            is_sensitive=laid.rule.sensitive,
            lease=lease,
            reads=leases.counts(lease.run.id)[0],
        )
        chosen = wanted.decided(self._uses.says)
        return RecordUse(
            asking=asking,
            use=use,
            laid=laid,
            decision=decision if chosen.permit else chosen,
            teller=_teller(use),
            counted=(found.guard, *leases.counted(lease, asking.subject)),
        )

    def permitted(
        self, asking: Asking, collection: str, *, reads: bool = False
    ) -> Steps[RecordUse]:
        """Return a use that the policy permits; a refusal is written into the log.

        Raises:
            DeniedError: it does not permit; the same for every reason.
            AuditUnavailableError: the log cannot be written.
        """
        found = self.of(asking, collection, reads=reads)
        if not found.decision.permit:
            yield from refused(found, found.decision.code.value)
        return found


def refused(found: RecordUse, reason: str) -> Steps[NoReturn]:
    """Write a refusal into the log.

    Raises:
        DeniedError: always; the same for every reason.
        AuditUnavailableError: the log cannot be written.
    """
    told = found.event(reason, outcome=Outcome.DENIED)
    yield Work((), (found.entry(told),))
    # THREAT T244: what is not there and what may not be had are told in the same bytes
    raise DeniedError("denied")


def _on(found: RecordUse) -> tuple[Op, ...]:
    return (*found.asking.guards, *found.use.guards(()), found.rule_of.guard)


def _teller(use: Use) -> PersonTeller | None:
    return PersonTeller(use.keys) if use.keys else None


def begun_use(once: Callable[[], Once[Done]], writer: Writer) -> Underway[Done]:
    """Return a use of records in steps, of which none is taken yet."""

    def counted() -> Once[Done]:
        try:
            return (yield from once())
        except ExhaustedError:  # another read of the same run took the last of its reads
            return None

    return begun(until_done(counted, TOO_BUSY), writer)
