"""Making the tags anew that people are found by, after an app got another key of them.

- The logins of people have such tags as well, and get them with the others.
- Rows are taken a page at a time, each page one commit; what has its tag already stays as it is.
  So a kill in the middle costs nothing, and the next opening goes on.
- A row that does not open stays for `audit verify` to name.
- It is the end of an erasure, which a full disk does not stop.

Source: docs/spec/27-rights.md section 4.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import islice

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, SealBrokenError
from sealhold.model.ids import AppId
from sealhold.stores.spec import Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.lookups import LOOKUPS, anew
from sealhold.vault.personloginrows import PERSON_LOGINS, login_anew
from sealhold.vault.schemarows import SCHEMAS
from sealhold.vault.writer import Work

AT_ONCE = 400  # rows of one commit
TAGS_ANEW = "tags_anew"  # why keys were turned over
Anew = Callable[[Core, Found], tuple[Op, ...]]


def retag(core: Core, apps: Collection[AppId] | None = None) -> None:
    """Give each row of these apps (None: of all) the tag of the key in force."""
    for app in apps or ():
        disturb(core, app)
    for start in sorted(apps) if apps is not None else (None,):
        cursor = None
        while True:
            low = () if start is None else (start,)
            page = core.store.scan(LOOKUPS.name, "key", low, (), after=cursor, limit=AT_ONCE)
            mine = [row for row in page.rows if start is None or row.row[0] == start]
            _renew(core, mine, anew)
            cursor = page.cursor
            if cursor is None or len(mine) < len(page.rows):
                break
    logins = iter([*core.deciding.all(PERSON_LOGINS.name)])
    while some := [*islice(logins, AT_ONCE)]:
        theirs = [each for each in some if apps is None or each.row[0] in apps]
        _renew(core, theirs, login_anew)


def disturb(core: Core, app: AppId) -> None:
    """Let each use fail that began under the former key: it is guarded by the app's schema."""
    found = core.deciding.get(SCHEMAS.name, app)
    if found is not None:
        told = Event(kind=EventKind.KEY, actor=Actor.VAULT, app=app, reason=TAGS_ANEW)
        # THREAT T262: no row gets a tag of the former key behind this, and nobody is looked for
        work = Work((Put(SCHEMAS.name, found.row, found.v),), (Entry(event=told),), right=True)
        with suppress(ConflictError):  # the owner changed it just now, which does the same
            core.writer.commit(work)


def _renew(core: Core, found: Collection[Found], renewed: Anew) -> None:
    changes = [(each, _ops(core, each, renewed)) for each in found]
    changed = [ops for _, ops in changes if ops]
    if not changed:
        return
    told = Event(kind=EventKind.KEY, actor=Actor.VAULT, reason=TAGS_ANEW, rows_out=len(changed))
    try:
        ops = tuple(op for some in changed for op in some)
        core.writer.commit(Work(ops, (Entry(event=told),), right=True))
    except ConflictError:  # one of them was erased in this very moment: each by itself, then
        for some in changed:
            _alone(core, some, told)


def _alone(core: Core, ops: tuple[Op, ...], told: Event) -> None:
    try:
        core.writer.commit(Work(ops, (Entry(event=told),), right=True))
    except ConflictError:
        return  # it is gone, and needs no tag


def _ops(core: Core, found: Found, renewed: Anew) -> tuple[Op, ...]:
    try:
        return renewed(core, found)
    except SealBrokenError:
        return ()
