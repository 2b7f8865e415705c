"""Going back from an upgrade: the rows of today in the form from before; nothing gets older.

- The steps are turned round on a copy, or in one transaction of a server. What was spent, revoked,
  withdrawn and erased since stays so, because no row that tells of it is replaced.
- All that permits is stopped or unknown in the same commit as the entry that says so.
- It is refused if a table that goes holds what protects somebody.

Source: docs/spec/46-snapshots.md section 4.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealhold.audit.tables import SPANS
from sealhold.model.errors import ConflictError, InvalidError, TamperedError
from sealhold.model.shown import RequestState
from sealhold.model.shown.snapshots import RollbackView
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import Migration, migrate, migrated_copy, tables_of, turned_round
from sealhold.stores.spec import Expect, Op, Put, ReadView, TableSpec
from sealhold.vault import aside, logkeys, snapshotrows
from sealhold.vault.components import COMPONENTS, PENDING
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding, scan_all
from sealhold.vault.formsnapshots import still
from sealhold.vault.grants import GRANTS
from sealhold.vault.holdrows import HOLDS, KEEPINGS
from sealhold.vault.home import FORM, Home, Lock, replace
from sealhold.vault.keyring import Keyring
from sealhold.vault.keysets import lease
from sealhold.vault.opening import DECIDING, Parts, all_tables, key_sets
from sealhold.vault.policytokenrows import BONDS, EVERY, POLICY_TOKENS
from sealhold.vault.policytokens import STANDING
from sealhold.vault.rollback import all_permissions
from sealhold.vault.roots import HomeRoot
from sealhold.vault.settings import SETTINGS
from sealhold.vault.snapshotrows import COUNT, TIP
from sealhold.vault.snapshots import ROLLBACK, entry_of
from sealhold.vault.snapshotviews import Snapshots
from sealhold.vault.trialcheck import counts_of, miscounted
from sealhold.vault.upgrading import (
    MIGRATIONS,
    check_rows,
    deciding_before,
    hashed,
    settle_server,
    trial,
)

if TYPE_CHECKING:
    from sealhold.stores.pgmigrating import Moving

_ALL: Final = 2**62


def steps_back(to: int, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[Migration, ...]:
    """Return the steps that lead from today's form back to another, the newest first.

    Raises:
        InvalidError: there is no way, or one of them cannot be turned round.
    """
    steps = sorted((s for s in migrations if to < s.to <= FORM), key=lambda s: -s.to)
    if not steps or [step.to for step in steps] != list(range(FORM, to, -1)):
        raise InvalidError(f"there is no way from form {FORM} back to form {to}")
    for step in steps:
        turned_round(step)
    return tuple(steps)


def preview(core: Core, migrations: Sequence[Migration] = MIGRATIONS) -> RollbackView:
    """Return what going back from the last upgrade would do; nothing changes.

    Raises:
        NotFoundError: these rows never had an older form.
        InvalidError: a step cannot be turned round.
        ConflictError: a table that would go holds what protects somebody.
        TamperedError: the chain of snapshots is not what was kept.
    """
    snapshots = Snapshots(core)
    before = snapshots.before_upgrade(FORM)
    steps, now = steps_back(before.form, migrations), snapshots.newest()
    gone = _gone(steps)
    _refuse(core.deciding, core.store, gone)
    ending = all_permissions(core)
    kept = {each.name for each in (*snapshotrows.TABLES, *snapshotrows.DECIDING)}  # in a file
    counts = {name: core.store.count(name, _ALL) for name in gone if name not in kept}
    return RollbackView(
        form=before.form,
        snapshot=before.number,
        at=before.at,
        steps=tuple(step.about for step in steps),
        rows={name: count for name, count in counts.items() if count},
        apps=ending.apps,
        consents=ending.consents,
        tokens=ending.tokens,
        changed=tuple(each.path for each in snapshots.between(before, now or before)),
        done=False,
    )


def roll_back(
    parts: Parts, root: HomeRoot, to: int, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the rows of a home back to an older form, or leave them as they are.

    Raises:
        InvalidError: there is no way back to it.
        ConflictError: a table that would go holds what protects somebody.
        TamperedError: the rows are not what was written, before or after.
        StoreFullError: no room for a second copy; nothing was changed.
        StoreBusyError: another process has the home open.
    """
    home = parts.home
    lock = Lock(home)
    try:
        form = home.switching_to
        if form is None:
            form, steps = to, steps_back(to, migrations)
            home.next_data.unlink(missing_ok=True)
            try:
                chain = _prepare(parts, root, steps, to)
            except BaseException:
                home.next_data.unlink(missing_ok=True)
                raise
            _lay_aside(home, chain)
            home.begin_switch(to)
        home.take_next_data()
        home.set_form(form)
    finally:
        lock.release()


def roll_back_server(
    parts: Parts,
    root: HomeRoot,
    moved: "AbstractContextManager[Moving]",
    to: int,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> None:
    """Bring rows on a server back to an older form, or leave them as they are.

    Raises:
        As `roll_back`.
        StoreUnavailableError: the server does not answer, or its role may not change tables.
    """
    home = parts.home
    lock = Lock(home)
    try:
        if home.switching_to is not None:
            settle_server(home, moved)
            return
        steps = steps_back(to, migrations)
        ring = key_sets(parts, root).open(home.epoch)
        try:
            with moved as rows:
                _lay_aside(home, _bring_back(rows, ring, steps, parts, to))
                home.begin_switch(to)  # whether it took effect, the server says
        finally:
            ring.close()
        home.set_form(to)
    finally:
        lock.release()


def _prepare(parts: Parts, root: HomeRoot, steps: Sequence[Migration], to: int) -> bytes:
    """Make and check the rows in the older form, beside those of today; return their chain.

    Raises:
        TamperedError: they are not what was written, before or after.
    """
    home = parts.home
    ring = key_sets(parts, root).open(home.epoch)
    try:
        key, back = ring.named("data-file").reveal, [*map(turned_round, steps)]
        migrated_copy(home.data, home.next_data, key, ())
        copy = SqlCipherStore(home.next_data)
        copy.open(all_tables(parts), key, create=False)
        try:
            check_rows(copy, ring, DECIDING)
            made = _ended(parts, ring, copy, steps, to)
            copy.commit((), lambda _: made.ops, lease(copy, parts.clock))
            chain, counts = _chain(copy, steps), counts_of(copy, _kept(parts, steps), back)
            faults = _trial(copy, ring, parts, steps, is_older=False)
        finally:
            copy.close()
        migrate(home.next_data, key, back)
        tables = tables_of(home.next_data, key)
        older = SqlCipherStore(home.next_data)
        older.open(tables, key, create=False)
        try:
            deciding = deciding_before(tables, steps)
            put = hashed(older, ring, made.size, deciding)
            older.commit((), lambda _: (put,), lease(older, parts.clock))
            made.check_log(older, ring, deciding)
            faults += [*older.check().faults, *miscounted(older, counts)]
            faults += _trial(older, ring, parts, steps, is_older=True)
        finally:
            older.close()
        _need_none(faults)
        return chain
    finally:
        ring.close()


def _bring_back(
    rows: "Moving", ring: Keyring, steps: Sequence[Migration], parts: Parts, to: int
) -> bytes:
    """Take the rows of a server back through the steps, within their transaction.

    Raises:
        TamperedError: the rows are not what was written, before or after.
    """
    check_rows(rows.view, ring, DECIDING)
    made = _ended(parts, ring, rows.view, steps, to)
    rows.put(made.ops)
    chain = _chain(rows.view, steps)
    faults = _trial(rows.view, ring, parts, steps, is_older=False)
    for step in steps:
        rows.take(turned_round(step))
    deciding = deciding_before(rows.specs, steps)
    rows.put([hashed(rows.view, ring, made.size, deciding)])
    made.check_log(rows.view, ring, deciding)
    faults += [*rows.faults(), *_trial(rows.view, ring, parts, steps, is_older=True)]
    _need_none(faults)
    return chain


def _trial(
    view: ReadView, ring: Keyring, parts: Parts, steps: Sequence[Migration], *, is_older: bool
) -> list[str]:
    """Return what is wrong with rows; of an older form, unless it takes the log's index away."""
    needs_index = SPANS.name in _gone(steps)
    return [] if needs_index is is_older else [*trial(view, ring, parts)]


def _need_none(faults: Sequence[str]) -> None:
    """Return if nothing is wrong.

    Raises:
        TamperedError: something is.
    """
    if faults:
        raise TamperedError(faults[0])


@dataclass(frozen=True, slots=True)
class _Made:
    """What is written before the steps back, and how long the log is then."""

    ops: tuple[Op, ...]
    size: int

    def check_log(self, view: ReadView, ring: Keyring, deciding: Sequence[TableSpec]) -> None:
        """Return if the log of rows in the older form ends where this left it.

        Raises:
            TamperedError: it does not, or the rows that decide are not those of the hash.
        """
        # THREAT T427: the log that is to be gone on with is today's, to its last entry
        if check_rows(view, ring, deciding) != self.size:
            raise TamperedError("the log changed on its way to another form")


def _chain(view: ReadView, steps: Sequence[Migration]) -> bytes:
    """Return the chain of snapshots, if the older form has no place for it; else nothing."""
    return aside.packed(view) if TIP.name in _gone(steps) else b""


def _ended(
    parts: Parts, ring: Keyring, view: ReadView, steps: Sequence[Migration], to: int
) -> _Made:
    """Return what stops all that permits, the snapshot of it, and the entry that says so.

    Raises:
        ConflictError: a table that goes holds what protects somebody.
        TamperedError: the chain of snapshots is not what was kept.
    """
    core, chain = still(parts, ring, view)
    _refuse(core.deciding, view, _gone(steps))
    chain.check()
    due = chain.due(parts.clock(), (ROLLBACK,), form=to)
    if due is None:
        raise TamperedError("a snapshot that is asked for is made")
    entry = entry_of(core, due.id, f"form {to}")
    told = logkeys.end_of_log(view, ring).prepare([entry], parts.clock(), parts.entropy)
    # THREAT T427: whatever permitted waits for its owner's word, as after any going back
    ops = (*all_permissions(core).ops, *due.ops, _counted(core.deciding, due.number), *told.ops)
    return _Made(ops, told.head.size)


def _counted(deciding: Deciding, number: int) -> Op:
    found = deciding.get(SETTINGS.name, COUNT)
    return Put(SETTINGS.name, (COUNT, number), found.v if found else Expect.ABSENT)


def _lay_aside(home: Home, chain: bytes) -> None:
    if chain:
        replace(home.snapshots, chain)


def _gone(steps: Iterable[Migration]) -> tuple[str, ...]:
    """Return the tables that go on the way back."""
    back = map(turned_round, steps)
    return tuple(each.table for step in back for each in step.changes if each.to is None)


def _kept(parts: Parts, steps: Sequence[Migration]) -> list[TableSpec]:
    gone = _gone(steps)
    return [spec for spec in all_tables(parts) if spec.name not in gone]


def _refuse(deciding: Deciding, view: ReadView, gone: Sequence[str]) -> None:
    """Refuse to take out what protects somebody.

    Raises:
        ConflictError: a table that goes holds it.
    """
    for table, why in _protecting(deciding, view):
        # THREAT T427: nothing gets loose because a form has no place for what bound it
        if table in gone:
            raise ConflictError(f"the older form cannot hold this: {why}")


def _protecting(deciding: Deciding, view: ReadView) -> Iterator[tuple[str, str]]:
    allowed = {f.row[0] for f in deciding.all(GRANTS.name) if f.row[3] == RequestState.ALLOWED}
    standing = {f.row[0] for f in deciding.all(POLICY_TOKENS.name) if f.row[1] == STANDING}
    for found in deciding.all(BONDS.name):
        token, grant = found.row
        if grant in allowed:
            yield BONDS.name, "a grant hangs on a medium; revoke the grant first"
        if grant == EVERY and token in standing:
            yield BONDS.name, "a medium narrows every grant; end its token first"
    if next(deciding.all(HOLDS.name), None) or next(scan_all(view, KEEPINGS), None):
        yield HOLDS.name, "a duty to keep stands, or something is held under one"
    if any(found.row[2] == PENDING for found in deciding.all(COMPONENTS.name)):
        yield COMPONENTS.name, "a source has not said yet that a grant ended"
