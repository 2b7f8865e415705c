"""Making a vault, and opening one: every file is checked against the others before it is trusted.

- Order: the folder's rights, the root key, the epoch's key, the key set, the rows, the log's head,
  HEAD beside it, the hash of the rows that decide. The first that does not fit ends it.
- HEAD newer than the log means that the rows are an old copy; HEAD older than the mark that the
  rows keep of it means that HEAD is. The key set's generation is compared the same way.
- All files of a home put back together to an older day are not told from that day: for that a
  checkpoint must be kept elsewhere, and `status` says so.

Source: docs/spec/03-keys.md section 10.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as altered
from functools import partial
from itertools import islice

from sealhold.audit import tables as log_tables
from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender, Entry
from sealhold.audit.reading import read_hashes
from sealhold.crypto.digest import equal
from sealhold.crypto.merkle import Frontier
from sealhold.model.clock import Clock, Entropy, Onward
from sealhold.model.errors import InvalidEncodingError, RolledBackError, TamperedError
from sealhold.model.ids import AppId, Collection, SubjectId, random_id
from sealhold.model.records import Dataset
from sealhold.stores.spec import Expect, Fence, ObjectStore, Put, RecordStore, TableSpec
from sealhold.vault import (
    accounts,
    attachments,
    backups,
    budget,
    catalogue,
    caveats,
    collectionrules,
    components,
    consents,
    epochs,
    erased,
    grants,
    holdrows,
    jobs,
    leases,
    loginrows,
    logkeys,
    noisebudget,
    notices,
    personloginrows,
    personrows,
    policytokenrows,
    processings,
    proxyrows,
    pushers,
    quotas,
    recipients,
    registry,
    repeats,
    requests,
    resources,
    retired,
    rollback,
    says,
    schemarows,
    snapshotrows,
    standingrules,
    stories,
    subjects,
    syncrows,
    tokenrows,
)
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding
from sealhold.vault.headrows import HEAD_MARK, SET_HASH, set_mac
from sealhold.vault.home import FIRST_EPOCH, Home, Lock, read, replace
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.index import SEGMENTS
from sealhold.vault.keeping import Way
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.keyring import Keyring
from sealhold.vault.keysets import KeySets, lease
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.objects import TABLES as OBJECT_TABLES
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.papers import Papers
from sealhold.vault.placed import PLACED
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.reserves import Reserves
from sealhold.vault.rollback import Accepted, Undone
from sealhold.vault.roots import HomeRoot
from sealhold.vault.settings import HEADLESS, SETTINGS
from sealhold.vault.snapshots import tell_opened
from sealhold.vault.writer import Work, Writer

DECIDING = (
    SETTINGS,
    *registry.TABLES,
    requests.REQUESTS,
    grants.GRANTS,
    consents.CONSENTS,
    *budget.TABLES,
    *noisebudget.TABLES,
    *resources.TABLES,
    retired.RETIRED,
    schemarows.SCHEMAS,
    *tokenrows.TABLES,
    *loginrows.TABLES,
    *personloginrows.TABLES,
    quotas.LOOKED,
    processings.PROCESSINGS,
    *says.DECIDING,
    *leases.DECIDING,
    collectionrules.COLLECTIONS,
    epochs.ERASED,
    stories.STORIES,
    recipients.RECIPIENTS,
    *holdrows.DECIDING,
    pushers.PUSHERS,
    *standingrules.DECIDING,
    components.COMPONENTS,
    *policytokenrows.DECIDING,
    *snapshotrows.DECIDING,
    *syncrows.DECIDING,
    proxyrows.PROXY,
)
COUNTERS = (quotas.LOOKED.name, leases.COUNTS.name, caveats.USES.name)  # no memo rests on them
TABLES = (
    *DECIDING,
    epochs.CLOSED,
    RECORDS,
    OLDER,
    IDENTITIES,
    SEGMENTS,
    catalogue.SOURCES,
    catalogue.JOBS,
    accounts.ACCOUNTS,
    PLACED,
    *OBJECT_TABLES,
    subjects.SUBJECTS,
    erased.ERASED,
    stories.STORY_EVENTS,
    recipients.NOTICES,
    holdrows.KEEPINGS,
    FIELDS,
    LOOKUPS,
    processings.VERSIONS,
    says.SAID,
    notices.NOTICES,
    leases.PEOPLE,
    leases.ENDED,
    KEY_BLOCKS,
    *personrows.TABLES,
    *attachments.TABLES,
    repeats.REPEATS,
    pushers.PUSHED,
    *jobs.TABLES,
    backups.BACKUPS,
    *snapshotrows.TABLES,
    *syncrows.TABLES,
    *log_tables.TABLES,
    SET_HASH,
    HEAD_MARK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `node` chose to build the vault from."""

    home: Home
    data: RecordStore
    keys: Callable[[int], RecordStore]  # that of an epoch
    objects: ObjectStore
    datasets: dict[Collection, Dataset]
    tables: Sequence[TableSpec]  # of the packages above, beside the vault's own
    clock: Clock
    entropy: Entropy
    rows_here: bool = True  # on the home's disk, so that its reserve helps them


@dataclass(frozen=True, slots=True)
class Opened:
    """An open vault, and how to close it."""

    core: Core
    sets: KeySets
    appender: Appender
    held: ExitStack  # writer, stores and lock: each is let go, whatever the others say
    undone: Undone | None = None  # what going on from an older database ended

    def close(self) -> None:
        """Finish what waits and let the next process in."""
        self.held.close()


def create(parts: Parts, root: HomeRoot, *, headless: bool) -> None:
    """Make the keys, stores and first log entry of a vault in a home that is made and empty.

    Raises:
        ConflictError: a part exists already.
        StoreUnavailableError: the disk refuses.
    """
    entropy = parts.entropy
    with _held(parts) as opened:
        sets = key_sets(parts, root)
        sets.make_slot(FIRST_EPOCH)
        ring, at = sets.make(FIRST_EPOCH)
        opened.callback(ring.close)
        ring.begin(at)
        app, owner = AppId(random_id(entropy)), SubjectId(random_id(entropy))
        ring.add_app(app)
        ring.add_subject(app, owner)
        ring.name_owner(owner, app)
        parts.data.open(all_tables(parts), ring.named("data-file").reveal, create=True)
        appender = logkeys.end_of_log(parts.data, ring)
        ring.reserves = Reserves(parts.home)
        deciding = Deciding(DECIDING, ring.named("set-hash"), COUNTERS)
        writer = _writer(parts, ring, appender, deciding, lease(parts.data, parts.clock), written=0)
        opened.callback(writer.close)
        first = Event(kind=EventKind.START, actor=Actor.OWNER)
        ops = (Put(SETTINGS.name, (HEADLESS, int(headless)), Expect.ABSENT),)
        writer.commit(Work(ops, (Entry(event=first),), releases=True))


def open_vault(parts: Parts, root: HomeRoot, accepted: Accepted | None = None) -> Opened:
    """Open the vault of a home; with `accepted`, one whose database is older than it should be.

    Raises:
        NoHomeError: no vault is there.
        TamperedError: a file is not what was written, and which.
        RolledBackError: a file is older than the others.
        ConflictError: nothing shows that the database is older, though that was `accepted`.
        StoreBusyError: another process has it open.
        AuditUnavailableError: the log cannot be written, so nothing may be opened.
    """
    home = parts.home
    home.check()
    reserves = Reserves(home)
    with reserves.opening(), _held(parts) as opened:
        sets = key_sets(parts, root)
        ring = sets.open(home.epoch)
        ring.reserves = reserves
        opened.callback(ring.close)
        parts.data.open(all_tables(parts), ring.named("data-file").reveal, create=False)
        fence = lease(parts.data, parts.clock)
        appender = logkeys.end_of_log(parts.data, ring)
        # THREAT T73: what has ended stays so, whatever the machine's clock is set to
        parts = altered(parts, clock=Onward(parts.clock, appender.head.at))
        written = _check_head(parts, appender, ring, accepted)
        deciding = Deciding(DECIDING, ring.named("set-hash"), COUNTERS)
        deciding.load(parts.data)
        _check_set(parts.data, deciding, appender, ring)
        writer = _writer(parts, ring, appender, deciding, fence, written)
        opened.callback(writer.close)
        by_key = root.way is not Way.PASSPHRASE  # nobody can type one
        core, then = core_of(parts, ring, deciding, writer, by_key=by_key), appender.head.at
        undone = None
        if accepted is not None:
            mark = partial(replace, home.restored, rollback.MARK)
            undone = rollback.accept(core, accepted, then, mark)
            home.restored.unlink(missing_ok=True)
        tell_opened(core, Entry(event=Event(kind=EventKind.UNLOCK, actor=Actor.OWNER)))
        logkeys.forget_older(ring, appender.keys)
        epochs.settle(core, sets)
        return Opened(core, sets, appender, opened.pop_all(), undone)


def _held(parts: Parts) -> ExitStack:
    """Return what closes the stores and lets go of the home, in the end or at the first error.

    Raises:
        StoreBusyError: another process has the home.
    """
    held = ExitStack()
    held.callback(Lock(parts.home).release)
    held.callback(parts.data.close)
    return held


def core_of(
    parts: Parts, ring: Keyring, deciding: Deciding, writer: Writer, *, by_key: bool
) -> Core:
    """Return what the parts of an open vault share."""
    owner, app = ring.owner()
    keys = ring.subject(owner)
    headless = deciding.get(SETTINGS.name, HEADLESS)
    return Core(
        store=parts.data,
        objects=parts.objects,
        keyring=ring,
        deciding=deciding,
        writer=writer,
        clock=parts.clock,
        entropy=parts.entropy,
        app=app,
        owner=owner,
        keys=keys,
        papers=Papers(keys, parts.entropy),
        datasets=parts.datasets,
        headless=by_key or bool(headless and headless.row[1]),
    )


def all_tables(parts: Parts) -> list[TableSpec]:
    """Return every table of a vault's rows."""
    return [*TABLES, *parts.tables]


def key_sets(parts: Parts, root: HomeRoot) -> KeySets:
    """Return the key sets of a home."""
    return KeySets(parts.home, root, parts.keys, parts.clock, parts.entropy)


def _writer(
    parts: Parts,
    ring: Keyring,
    appender: Appender,
    deciding: Deciding,
    fence: Fence,
    written: int,
) -> Writer:
    return Writer(
        store=parts.data,
        appender=appender,
        deciding=deciding,
        fence=fence,
        set_key=ring.named("set-hash"),
        keys_generation=lambda: ring.generation,
        write_head=lambda note: replace(parts.home.head, note.encode()),
        written=written,
        clock=parts.clock,
        entropy=parts.entropy,
        reserves=ring.reserves,
        rows_here=parts.rows_here,
    )


def _check_head(parts: Parts, appender: Appender, ring: Keyring, accepted: Accepted | None) -> int:
    """Return the size of the log that HEAD shows, after comparing all that knows a size.

    If the owner accepts an older database, HEAD stays newer until that is durable.

    Raises:
        TamperedError: HEAD is not the vault's, or tells of another log.
        RolledBackError: a file is older than another one knows.
        ConflictError: nothing shows that the database is older, though that was `accepted`.
    """
    try:
        note = read(parts.home.head).decode()
        keys = logkeys.known_to(ring).line
        beside = open_checkpoint(note, keys)
    except (UnicodeDecodeError, InvalidEncodingError, TamperedError) as err:
        raise TamperedError("`HEAD` is not what was written") from err
    mark = parts.data.get(HEAD_MARK.name, [(0,)])[0]
    if mark is None:
        raise TamperedError("`vault.db` lacks its mark of HEAD")
    # THREAT T222: the count of the key set goes on from one epoch to the next
    if ring.generation < mark.row[2]:
        raise RolledBackError(
            f"`{parts.home.keys_of(ring.lies_in.epoch).name}` is older than `vault.db`"
        )
    # THREAT T286: what was restored is an older day, whatever its files say of each other
    if parts.home.restored.exists():
        if accepted is None:
            raise RolledBackError("this vault was restored from a backup")
        return appender.head.size
    if accepted is not None:
        rollback.check_is_older(accepted, appender, beside.size, keys)
        return appender.head.size  # so that HEAD stays as it is until the charges are durable
    # THREAT T51: whichever of the files was put back to an older copy, another knows better
    if beside.size > appender.head.size:
        raise RolledBackError("`vault.db` is older than `HEAD`")
    if beside.size < mark.row[1]:
        raise RolledBackError("`HEAD` is older than `vault.db`")
    logkeys.check_beside(parts.data, ring, appender, note, beside.size)
    if _root_at(parts.data, appender, beside.size) != beside.root:
        raise TamperedError("`HEAD` and `vault.db` tell of different logs")
    return beside.size


def _root_at(store: RecordStore, appender: Appender, size: int) -> bytes:
    """Return the root when the log had `size` entries; it has more only after a crash."""
    if size == appender.head.size:
        return appender.head.frontier.root()
    frontier = Frontier()
    for hashed in islice(read_hashes(store), size):
        frontier.append(hashed)
    return frontier.root()


def _check_set(store: RecordStore, deciding: Deciding, appender: Appender, ring: Keyring) -> None:
    found = store.get(SET_HASH.name, [(0,)])[0]
    size = appender.head.size
    mac = set_mac(ring.named("set-hash"), size, deciding.total)
    # THREAT T71: single old pages that bring back a spent budget or a withdrawn consent
    if found is None or found.row[1] != size or not equal(found.row[2], mac):
        raise TamperedError("`vault.db`: rows that decide are not those that were committed")
