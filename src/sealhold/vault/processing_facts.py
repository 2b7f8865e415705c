"""What a decision about a processing and one person rests on, read in one go.

Source: docs/spec/26-processings.md section 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sealhold.model.ids import Collection, FieldName, GrantId
from sealhold.policy.consent import NEVER_GIVEN
from sealhold.policy.decision import Decision, Reason, refused
from sealhold.policy.processing_use import UseAsk, UseFacts, decide_use
from sealhold.policy.profiles import covers
from sealhold.stores.spec import Op
from sealhold.vault.leases import Lease, Run
from sealhold.vault.processings import Processing
from sealhold.vault.says import Says
from sealhold.vault.using import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a processing wants of one person, before it is decided."""

    use: Use
    found: Processing
    fields: frozenset[FieldName]
    code: str  # digest of the program that wants it, 64 hex digits
    collection: Collection | None = None
    is_sensitive: bool = False  # whether the collection is of a special category
    lease: Lease | None = None
    reads: int = 0  # how often the run has read

    def decided(self, says: Says, over: Iterable[FieldName] = ()) -> Decision:
        """Return whether it is permitted now. `over` are fields kept as long as they may be."""
        use, lease = self.use, self.lease
        person = use.person.id if use.person else None
        if lease is not None and not lease.covers(person, use.purpose):
            return refused(Reason.NO_LEASE)
        ask = UseAsk(
            code=self.code,
            purpose=use.purpose,
            fields=self.fields,
            collection=self.collection,
        )
        return decide_use(ask, self._facts(says, over))

    def guards(self) -> tuple[Op, ...]:
        """Return what holds a commit to what was decided on."""
        return (*self.use.guards(()), self.found.guard)

    def _facts(self, says: Says, over: Iterable[FieldName]) -> UseFacts:
        use, found, lease, person = self.use, self.found, self.lease, self.use.person
        return UseFacts(
            now=use.now,
            parties=use.parties,
            state=found.state if found.app == use.app_id else None,
            terms=found.terms,
            notice=found.notice.hex(),
            outcome=found.outcome,
            allowed=use.allowed,
            sensitive=self._sensitive(),
            choice=says.standing(person.id, found.id) if person else NEVER_GIVEN,
            limits=use.limits,
            over=frozenset(over),
            reads_left=lease.uses - self.reads if lease else 1,
            within=lease.within if lease else None,
            masks=use.masks,
        )

    def _sensitive(self) -> frozenset[str]:
        named = {str(name) for name, rule in self.use.rules.items() if rule.sensitive}
        if self.is_sensitive and self.collection is not None:
            named.add(self.collection)
        return frozenset(named)


def under(use: Use, found: Processing, purpose: str, run: Run | None = None) -> Use:
    """Return a use for the purpose of a processing, where the caller named none."""
    grant = GrantId(run.id) if run else None
    return replace(use, purpose=use.purpose if purpose else found.terms.purpose, grant=grant)


def all_of(use: Use, found: Processing, lease: Lease | None = None) -> frozenset[FieldName]:
    """Return the fields that a processing may want for the purpose of `use`."""
    allowed, within = use.allowed, lease.within if lease else None
    return frozenset(
        name
        for name in found.terms.fields
        if name in allowed
        and covers(allowed[name], use.purpose)
        and (within is None or name in within)
    )
