"""Bringing a vault to today's form: a copy of its rows is made, changed and checked, then put in.

- The rows that decide are compared with their hash before and hashed anew after; the log must be
  whole at its end on both sides, and every page of the copy is read.
- Until the copy is whole nothing changes. Then two renames put it in; whichever of them a kill
  comes between, the next upgrade goes on from there.

Source: docs/spec/29-operations.md section 8.
"""

from collections.abc import Sequence

from sealhold.audit import log
from sealhold.audit.spans import index_all
from sealhold.audit.tables import SPANS
from sealhold.crypto.digest import equal
from sealhold.crypto.note import VerifierKey
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError, InvalidError, TamperedError
from sealhold.stores.migrating import Migration, NextRows
from sealhold.stores.spec import Put, RecordStore, TableSpec
from sealhold.vault.backups import Watch
from sealhold.vault.deciding import Deciding
from sealhold.vault.home import FORM, Home, Lock
from sealhold.vault.keyring import Keyring
from sealhold.vault.keysets import lease
from sealhold.vault.opening import DECIDING, Parts, all_tables, key_sets
from sealhold.vault.telling import origin_of
from sealhold.vault.writer import SET_HASH, set_mac

MIGRATIONS = (Migration(to=2, about="the log gets an index by person", added=(SPANS,)),)


def steps_of(home: Home, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[Migration, ...]:
    """Return the steps that lead from a home's form to today's.

    Raises:
        ConflictError: it has that form already.
        InvalidError: there is no way from there.
        NewerFormError: it is of a newer form.
    """
    if home.is_switching:
        return ()
    form = home.form
    if form == FORM:
        raise ConflictError(f"this vault has form {FORM} already")
    if form > FORM:
        home.check_form()
    steps = tuple(sorted((s for s in migrations if form < s.to <= FORM), key=lambda s: s.to))
    if [step.to for step in steps] != list(range(form + 1, FORM + 1)):
        raise InvalidError(f"there is no way from form {form} to form {FORM}")
    return steps


def _unseen(_done: int, _every: int) -> None:
    """Stand for a bar that nobody sees."""


def upgrade(
    parts: Parts,
    rows: NextRows,
    root: Secret,
    migrations: Sequence[Migration] = MIGRATIONS,
    watch: Watch = _unseen,
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
        if not home.is_switching:
            rows.forget()
            try:
                _prepare(parts, rows, root, steps, watch)
            except BaseException:
                rows.forget()
                raise
            home.begin_switch()
        rows.take()
        home.set_form(FORM)
    finally:
        lock.release()


def _prepare(
    parts: Parts, rows: NextRows, root: Secret, steps: Sequence[Migration], watch: Watch
) -> None:
    """Make and check the rows in today's form, beside the old ones.

    Raises:
        TamperedError: they are not what was written, before or after.
    """
    ring = key_sets(parts, root).open(parts.home.epoch)
    try:
        key = ring.named("data-file").reveal
        before = rows.tables(key)
        was = _deciding_before(before, steps)
        old = rows.in_force()
        old.open(before, key, create=False)
        try:
            size = _check(old, ring, was)
        finally:
            old.close()
        new = rows.make(key, steps)
        new.open(all_tables(parts), key, create=False)
        try:
            if any(spec is SPANS for step in steps for spec in step.added):
                _index_log(new, ring, size, parts, watch)
            _hash_anew(new, ring, size, parts)
            # THREAT T288: what did not come over whole does not take the place of what is there
            if _check(new, ring, DECIDING) != size:
                raise TamperedError("the log changed on its way to another form")
            faults = new.check().faults
        finally:
            new.close()
        if faults:
            raise TamperedError(faults[0])
    finally:
        ring.close()


def _index_log(store: RecordStore, ring: Keyring, size: int, parts: Parts, watch: Watch) -> None:
    """Make the index of a log that has none (form 2)."""
    fence, sealer = lease(store, parts.clock), Sealer(ring.named("log"))
    for done, ops in index_all(store, sealer, size, parts.entropy):
        store.commit((), lambda _, ops=ops: ops, fence)  # type: ignore[misc]  # reason: bound now
        watch(done, size)


def _deciding_before(
    tables: Sequence[TableSpec], steps: Sequence[Migration]
) -> tuple[TableSpec, ...]:
    names = {spec.name for spec in DECIDING}.union(*(step.deciding for step in steps))
    return tuple(spec for spec in tables if spec.name in names)


def _check(store: RecordStore, ring: Keyring, deciding: Sequence[TableSpec]) -> int:
    """Return the size of the log of rows whose log and hash fit each other.

    Raises:
        TamperedError: they do not.
    """
    signer = ring.signer("log-sign")
    keys = (VerifierKey(origin_of(ring), signer.public),)
    head = log.read_head(store, Sealer(ring.named("log")), keys)
    rows = Deciding(deciding, ring.named("set-hash"))
    rows.load(store)
    found = store.get(SET_HASH.name, [(0,)])[0]
    mac = set_mac(ring.named("set-hash"), head.size, rows.total)
    if found is None or found.row[1] != head.size or not equal(found.row[2], mac):
        raise TamperedError("rows that decide are not those that were committed")
    return head.size


def _hash_anew(store: RecordStore, ring: Keyring, size: int, parts: Parts) -> None:
    rows = Deciding(DECIDING, ring.named("set-hash"))
    rows.load(store)
    put = Put(SET_HASH.name, (0, size, set_mac(ring.named("set-hash"), size, rows.total)))
    store.commit((), lambda _: (put,), lease(store, parts.clock))
