"""What one of an app's people does on their own page: see what is kept, and have it erased.

- A person sees all of their own profile, for no purpose but to know it. Each look is decided and
  logged like an app's, with the person as the one who looked.
- What a person chooses is bound to the token that they came with: a commit fails if it ended.

Source: docs/spec/30-access.md section 6.
"""

from collections import Counter

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection, FieldName, SubjectId
from sealhold.model.mine import KeptField, KeptRecords, MineView
from sealhold.model.people import ErasedView, Value
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.names import visible
from sealhold.policy.profiles import decide_own, decide_person
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_profile
from sealhold.vault.identifiable import FIELDS, is_over
from sealhold.vault.people import People
from sealhold.vault.personrows import RECORDS, Stand
from sealhold.vault.steps import Once, done, until_done
from sealhold.vault.tokenrows import PersonToken
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

TOO_BUSY = "others change the same profile without a pause"
COUNTED = 1_000  # records, for one look


class Mine:
    """The own pages of the people of one vault."""

    def __init__(self, core: Core, uses: Uses, people: People) -> None:
        self._core = core
        self._uses = uses
        self._people = people

    def profile(self, held: PersonToken) -> MineView:
        """Return all that is kept in the profile of whoever holds a token.

        Raises:
            DeniedError: the person is no longer here.
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        return done(until_done(lambda: self._profile(held), TOO_BUSY), self._core.writer)

    def erase(self, held: PersonToken) -> ErasedView:
        """Erase the person who holds a token, at their own word.

        Raises:
            DeniedError: they may not choose with this token, or are no longer here.
            AuditUnavailableError: the log cannot be written.
        """
        use = self._use(held)
        # THREAT T298: a link that the app could use itself decides nothing once there is a passkey
        if not held.may_choose:
            raise DeniedError("denied")
        decision = self._uses.standing(held.guards, decide_person(use.parties))
        self._uses.need(use, decision, EventKind.ERASE)
        told = use.event(EventKind.PERSON, "asked_to_be_erased")
        work = Work((*held.guards, *use.guards(())), (use.entry(told),), releases=True, right=True)
        self._core.writer.commit(work)
        return self._people.erase(held.app, held.subject)

    def _profile(self, held: PersonToken) -> Once[MineView]:
        use = self._use(held)
        names = frozenset(use.person.fields) if use.person else frozenset()
        is_kept = bool(names) or use.person is None
        decision = (
            decide_own(use.parties, use.rules.keys(), names)
            if is_kept
            else decide_person(use.parties)
        )
        decision = self._uses.standing(held.guards, decision)
        yield from self._uses.needed(use, decision, EventKind.PROFILE, names)
        person, keys = use.whole()
        found = self._core.store.get(FIELDS.name, [(person.id, name) for name in sorted(names)])
        now = self._core.clock()
        rows = {
            name: row
            for name, row in zip(sorted(names), found, strict=True)
            if not is_over(row, now)
        }
        told = use.entry(use.event(EventKind.PROFILE, "read", rows))
        if not (yield Work((*held.guards, *use.guards(())), (told,), releases=True)):
            return None
        opened = open_profile(decision, person, keys, rows)
        records, are_more = self._records(person.id, now)
        return MineView(
            subject=person.id,
            app_name=visible(use.app.name) if use.app else "",
            made_at=person.made_at,
            fields=tuple(_kept(use, name, value) for name, value in opened.items()),
            records=records,
            are_more=are_more,
            may_choose=held.may_choose,
        )

    def _records(self, subject: SubjectId, now: Instant) -> tuple[tuple[KeptRecords, ...], bool]:
        """Return how many records are kept of a person, by collection, and if there are more."""
        end = (((int.from_bytes(subject) + 1).to_bytes(len(subject))),)
        page = self._core.store.scan(RECORDS.name, "key", (subject,), end, limit=COUNTED, most=0)
        stands = map(Stand.of, page.rows)
        counts: Counter[Collection] = Counter(
            stand.collection for stand in stands if not stand.is_over(now)
        )
        found = tuple(KeptRecords(collection=name, number=counts[name]) for name in sorted(counts))
        return found, page.cursor is not None

    def _use(self, held: PersonToken) -> Use:
        return self._uses.of(held.app, held.subject, actor=Actor.PERSON)


def _kept(use: Use, name: FieldName, value: Value) -> KeptField:
    rule = use.rules[name]
    return KeptField(
        name=name,
        value=value,
        category=rule.category,
        sensitive=rule.sensitive,
        purposes=tuple(dpv.label(each) for each in sorted(rule.purposes)),
        kept_days=rule.retention_days,
    )
