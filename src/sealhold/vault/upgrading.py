"""Bringing a vault to today's form: a copy of its rows is made, changed and checked, then put in.

- The rows that decide are compared with their hash before and hashed anew after; the log must be
  whole at its end on both sides, and every page of the copy is read. The copy is tried besides.
- Until the copy is whole nothing changes. Then two renames put it in; whichever of them a kill
  comes between, the next upgrade goes on from there.
- Rows on a server are changed in place, in one transaction that holds all of this.

Source: docs/spec/29-operations.md section 8.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sealhold.audit import log
from sealhold.audit.spans import index_all
from sealhold.audit.tables import SPANS
from sealhold.crypto.digest import equal
from sealhold.crypto.seal import Sealer
from sealhold.model.errors import ConflictError, InvalidError, TamperedError
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import Migration, migrated_copy, tables_of
from sealhold.stores.spec import Op, Put, ReadView, TableSpec
from sealhold.stores.tables import Tables
from sealhold.vault import (
    components,
    holdrows,
    personloginrows,
    policytokenrows,
    proxyrows,
    pushers,
    snapshotrows,
    standingrules,
    syncrows,
)
from sealhold.vault.accounts import ACCOUNTS
from sealhold.vault.backups import Watch
from sealhold.vault.deciding import Deciding
from sealhold.vault.formsnapshots import keep_before
from sealhold.vault.headrows import SET_HASH, set_mac
from sealhold.vault.home import FORM, Home, Lock, read
from sealhold.vault.keyring import Keyring
from sealhold.vault.keysets import lease
from sealhold.vault.logkeys import known_to
from sealhold.vault.opening import DECIDING, Parts, all_tables, key_sets
from sealhold.vault.placed import PLACED
from sealhold.vault.roots import HomeRoot
from sealhold.vault.trialcheck import counts_of, miscounted, trial_faults

if TYPE_CHECKING:
    from sealhold.stores.pgmigrating import Moving

MIGRATIONS = (
    Migration(
        to=2,
        about="the log gets an index by person; there may be holds",
        added=(SPANS, *holdrows.DECIDING, holdrows.KEEPINGS),
    ),
    Migration(
        to=3,
        about="sources may be places with an account, and may be left in place",
        added=(
            ACCOUNTS,
            PLACED,
            *standingrules.DECIDING,
            components.COMPONENTS,
            *policytokenrows.DECIDING,
            *personloginrows.TABLES,
            pushers.PUSHERS,
            pushers.PUSHED,
            *snapshotrows.TABLES,
            *snapshotrows.DECIDING,
            *syncrows.TABLES,
            *syncrows.DECIDING,
            proxyrows.PROXY,
        ),
    ),
)


def unseen(_done: int, _every: int) -> None:
    """Stand for a bar that nobody sees."""


def steps_of(home: Home, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[Migration, ...]:
    """Return the steps that lead from a home's form to today's.

    Raises:
        ConflictError: it has that form already.
        InvalidError: there is no way from there.
        NewerFormError: it is of a newer form.
    """
    if home.switching_to is not None:
        return ()
    form = home.form
    if form == FORM:
        raise ConflictError(f"this vault has form {FORM} already")
    if form > FORM:
        home.check_form()
    return _steps_from(form, migrations)


def _steps_from(form: int, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    steps = tuple(sorted((s for s in migrations if form < s.to <= FORM), key=lambda s: s.to))
    if [step.to for step in steps] != list(range(form + 1, FORM + 1)):
        raise InvalidError(f"there is no way from form {form} to form {FORM}")
    return steps


def upgrade(
    parts: Parts,
    root: HomeRoot,
    migrations: Sequence[Migration] = MIGRATIONS,
    watch: Watch = unseen,
) -> None:
    """Bring the rows of a home to today's form, or leave them as they are.

    `watch` hears how many entries of the log were gone through, where a step does that.

    Raises:
        ConflictError: they have that form already.
        InvalidError: there is no way from there.
        TamperedError: the rows are not what was written, before or after.
        StoreFullError: no room for a second copy; nothing was changed.
        StoreBusyError: another process has the home open.
    """
    home = parts.home
    lock = Lock(home)
    try:
        steps = steps_of(home, migrations)
        form = home.switching_to or FORM
        if home.switching_to is None:
            home.next_data.unlink(missing_ok=True)
            try:
                _prepare(parts, root, steps, watch)
            except BaseException:
                home.next_data.unlink(missing_ok=True)
                raise
            home.begin_switch(FORM)
        home.take_next_data()
        home.set_form(form)  # an older one if it was the way back that a kill came between
        if form == FORM:
            home.snapshots.unlink(missing_ok=True)  # taken in
    finally:
        lock.release()


def upgrade_server(
    parts: Parts,
    root: HomeRoot,
    moved: "AbstractContextManager[Moving]",
    migrations: Sequence[Migration] = MIGRATIONS,
    watch: Watch = unseen,
) -> None:
    """Bring rows on a server to today's form, or leave them as they are.

    `watch` hears how many entries of the log were gone through, where a step does that.

    Raises:
        ConflictError: they have that form already.
        InvalidError: there is no way from there.
        TamperedError: the rows are not what was written, before or after.
        StoreUnavailableError: the server does not answer, or its role may not change tables.
        StoreBusyError: another process has the home open.
    """
    home = parts.home
    lock = Lock(home)
    try:
        if home.switching_to is not None:
            settle_server(home, moved)
            return
        steps_of(home, migrations)  # it is of an older form
        ring = key_sets(parts, root).open(home.epoch)
        try:
            with moved as rows:
                steps = _steps_from(rows.form or home.form, migrations)
                if steps:  # else only the note beside them is missing
                    _bring(rows, ring, steps, parts, watch)
        finally:
            ring.close()
        home.set_form(FORM)  # after a kill before this the next upgrade finds no step to go
        home.snapshots.unlink(missing_ok=True)
    finally:
        lock.release()


def settle_server(home: Home, moved: "AbstractContextManager[Moving]") -> None:
    """Note which form the rows of a server have, after a kill on the way back.

    Raises:
        StoreUnavailableError: the server does not answer, or its role may not change tables.
    """
    with moved as rows:
        form = rows.form or FORM
    home.set_form(form)


def _bring(
    rows: "Moving", ring: Keyring, steps: Sequence[Migration], parts: Parts, watch: Watch
) -> None:
    """Take the rows of a server through the steps, within their transaction.

    Raises:
        InvalidError: the steps do not lead to today's tables.
        TamperedError: the rows are not what was written, before or after.
    """
    size = check_rows(rows.view, ring, deciding_before(rows.specs, steps))
    form = rows.form or parts.home.form
    for step in steps:
        rows.take(step)
    if rows.tables.schema() != Tables(all_tables(parts)).schema():
        raise InvalidError("the steps lead to other tables than today's")
    if _makes_index(steps):
        for ops in _index(rows.view, ring, size, parts, watch):
            rows.put(ops)
    keep_before(parts, ring, rows.view, rows.put, form)
    rows.put([hashed(rows.view, ring, size)])
    # THREAT T288: what is not whole afterwards is taken back with the transaction
    if check_rows(rows.view, ring, DECIDING) != size:
        raise TamperedError("the log changed on its way to another form")
    faults = [*rows.faults(), *trial(rows.view, ring, parts)]
    if faults:
        raise TamperedError(faults[0])


def _makes_index(steps: Sequence[Migration]) -> bool:
    """Return whether the log gets its index on the way (form 2)."""
    return any(spec is SPANS for step in steps for spec in step.added)


def _index(
    view: ReadView, ring: Keyring, size: int, parts: Parts, watch: Watch
) -> Iterator[list[Op]]:
    """Yield what makes the index of a log that has none."""
    for done, ops in index_all(view, Sealer(ring.named("log")), size, parts.entropy):
        yield ops
        watch(done, size)


def _prepare(parts: Parts, root: HomeRoot, steps: Sequence[Migration], watch: Watch) -> None:
    """Make and check the rows in today's form, beside the old ones.

    Raises:
        TamperedError: they are not what was written, before or after.
    """
    home = parts.home
    ring = key_sets(parts, root).open(home.epoch)
    try:
        key = ring.named("data-file").reveal
        before = tables_of(home.data, key)
        was = deciding_before(before, steps)
        old = SqlCipherStore(home.data)
        old.open(before, key, create=False)
        try:
            size, counts = check_rows(old, ring, was), counts_of(old, before, steps)
        finally:
            old.close()
        migrated_copy(home.data, home.next_data, key, steps)
        new = SqlCipherStore(home.next_data)
        new.open(all_tables(parts), key, create=False)
        try:
            if _makes_index(steps):
                fence = lease(new, parts.clock)
                for ops in _index(new, ring, size, parts, watch):
                    new.commit((), lambda _, ops=ops: ops, fence)  # type: ignore[misc]  # reason: bound now
            fence = lease(new, parts.clock)

            def put(ops: Sequence[Op]) -> None:
                new.commit((), lambda _: ops, fence)

            keep_before(parts, ring, new, put, home.form)
            put([hashed(new, ring, size)])
            # THREAT T288: what did not come over whole does not take the place of what is there
            if check_rows(new, ring, DECIDING) != size:
                raise TamperedError("the log changed on its way to another form")
            faults = [*new.check().faults, *miscounted(new, counts)]
            faults += trial(new, ring, parts)
        finally:
            new.close()
        if faults:
            raise TamperedError(faults[0])
    finally:
        ring.close()


def trial(view: ReadView, ring: Keyring, parts: Parts) -> Iterator[str]:
    """Yield what is wrong with the new rows, as far as it shows before they are used.

    Raises:
        TamperedError: HEAD is none.
    """
    try:
        head = read(parts.home.head).decode()
    except UnicodeDecodeError as err:
        raise TamperedError("`HEAD` is not what was written") from err
    return trial_faults(view, ring, head, parts.entropy)


def deciding_before(
    tables: Sequence[TableSpec], steps: Sequence[Migration]
) -> tuple[TableSpec, ...]:
    """Return which tables decided before some steps, of those that there were."""
    names = {spec.name for spec in DECIDING}.union(*(step.deciding for step in steps))
    return tuple(spec for spec in tables if spec.name in names)


def check_rows(store: ReadView, ring: Keyring, deciding: Sequence[TableSpec]) -> int:
    """Return the size of the log of rows whose log and hash fit each other.

    Raises:
        TamperedError: they do not.
    """
    head = log.read_head(store, Sealer(ring.named("log")), known_to(ring).line)
    rows = Deciding(deciding, ring.named("set-hash"))
    rows.load(store)
    found = store.get(SET_HASH.name, [(0,)])[0]
    mac = set_mac(ring.named("set-hash"), head.size, rows.total)
    if found is None or found.row[1] != head.size or not equal(found.row[2], mac):
        raise TamperedError("rows that decide are not those that were committed")
    return head.size


def hashed(
    view: ReadView, ring: Keyring, size: int, deciding: Sequence[TableSpec] = DECIDING
) -> Put:
    """Return what keeps the hash of the rows that decide, under a log of that size."""
    rows = Deciding(deciding, ring.named("set-hash"))
    rows.load(view)
    return Put(SET_HASH.name, (0, size, set_mac(ring.named("set-hash"), size, rows.total)))
