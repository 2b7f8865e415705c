"""How far a breach reached: whose data an app or a token opened in a time, as the log tells.

- Exact is what the log shows: the people whom an entry of that app and time names, and the fields.
- At most is what could have been opened: everybody whom the app kept by then, and each field of
  its schema. Entries about people who were erased tell nothing, and are counted as such.
- The entries are read once, the newest first, and keys of people are opened as they come.

Source: docs/spec/27-rights.md section 6.
"""

from collections.abc import Callable
from functools import lru_cache

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.quantities import Instant
from sealhold.model.rights import ScopeView
from sealhold.stores.spec import ReadView
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_in, scan_all
from sealhold.vault.erased import ERASED
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import ACTIVE, SUBJECTS, Subjects, events_of
from sealhold.vault.tokenrows import PERSON_TOKENS

KEYS_AT_HAND = 4_096
OPENING = frozenset({EventKind.PROFILE, EventKind.RECORD, EventKind.EXPORT})


def scope_of(
    core: Core, app: AppId, since: Instant, until: Instant, token: Id16 | None = None
) -> ScopeView:
    """Return who was and could be reached by an app, or a person's token, from since to until.

    Raises:
        NotFoundError: no such token.
    """
    whose = None if token is None else _holder(core, app, token)
    kinds = _kinds(core, app)
    named: set[bytes] = set()
    seen: set[str] = set()
    entries = unreadable = 0
    with core.store.snapshot() as view:
        for line in read_entries(view, _opener(core)):
            logged = line.logged
            if logged is None:
                unreadable += 1
                continue
            if logged.at < since:
                break
            event = logged.event
            if logged.at >= until or not _opened(event, app, by_person=token is not None):
                continue
            if event.subject is None or (whose is not None and event.subject != whose):
                continue
            entries += 1
            named.add(event.subject)
            seen.update(event.fields)
            seen.update([f"{event.collection}/"] if event.collection else [])
        at_most = 1 if token is not None else _kept(core, view, app, since, until)
    return ScopeView(
        app=app,
        token=token,
        since=since,
        until=until,
        people=len(named),
        people_at_most=max(at_most, len(named)),
        entries=entries,
        entries_unreadable=unreadable,
        categories=tuple(sorted({kinds[name] for name in seen & kinds.keys()})),
        categories_at_most=tuple(sorted(set(kinds.values()))),
    )


def _kinds(core: Core, app: AppId) -> dict[str, str]:
    """Return the category of each field, and of each collection by its name and a stroke."""
    schema = Schemas(core).get(app)
    fields = {str(name): rule.category for name, rule in schema.rules.items()} if schema else {}
    collections = {f"{each.name}/": each.rule.category for each in Collections(core).all(app)}
    return fields | collections


def _opened(event: Event, app: AppId, *, by_person: bool) -> bool:
    if event.app != app or event.kind not in OPENING or event.outcome is not Outcome.DONE:
        return False
    return (event.actor is Actor.PERSON) is by_person


def _kept(core: Core, view: ReadView, app: AppId, since: Instant, until: Instant) -> int:
    """Return how many people the app kept at some moment of the time; none is left out."""
    subjects, count = Subjects(core), 0
    for found in scan_all(view, SUBJECTS):
        if found.row[1] != app:
            continue
        made_at = since  # whoever does not open counts
        if found.row[2] == ACTIVE:
            try:
                made_at = subjects.opened(found)[0].made_at
            except (NotFoundError, TamperedError):
                made_at = since
        count += made_at < until
    return count + sum(1 for _ in rows_in(view, ERASED.name, "key", app))


def _holder(core: Core, app: AppId, token: Id16) -> bytes:
    """Return the name in the log of the person who holds a token.

    Raises:
        NotFoundError: no such token of a person of this app.
    """
    found = core.deciding.get(PERSON_TOKENS.name, token)
    row = Subjects(core).found(app, SubjectId(Id16(found.row[2]))) if found else None
    if row is None:
        raise NotFoundError("no such token")
    leaf: bytes = row.row[3]
    return leaf


def _opener(core: Core) -> Callable[[Id16], Sealer | None]:
    own = Sealer(core.keyring.named("log"))

    @lru_cache(KEYS_AT_HAND)
    def opener(subject: Id16) -> Sealer | None:
        if subject == NOBODY:
            return own
        return core.keys.events if subject == core.owner else events_of(core, subject)

    return opener
