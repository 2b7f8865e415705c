"""The chain of snapshots of what a vault is set to: made, walked and checked.

- A snapshot names the one before, and each part that it holds by its keyed digest; its own id is
  that of the bytes that are signed. So the newest vouches for all of them.
- The newest is named by a row that decides. Whatever reads the chain begins there, and checks each
  link to the first.
- Nothing is made while nothing changed.

Source: docs/spec/46-snapshots.md sections 1 to 3.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sealhold import __version__
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto import dsse
from sealhold.crypto.digest import equal, keyed, tagged
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, key_digest
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, from_json, pack, to_json
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Expect, Found, Op, Put, ReadView, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding, scan_all
from sealhold.vault.home import FORM
from sealhold.vault.logkeys import known_to
from sealhold.vault.papers import Papers
from sealhold.vault.settings import SETTINGS
from sealhold.vault.snapshotrows import COUNT, PARTS, SNAPSHOTS, TIP
from sealhold.vault.snapshotted import Looked, areas
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

MEDIA: Final = "application/vnd.sealhold.snapshot+json"
FIRST: Final = "first"
UPGRADE: Final = "upgrade"
ROLLBACK: Final = "rollback"
KEPT: Final = "kept"  # why the log tells of one
_FIELDS: Final = frozenset(
    {"v", "number", "parent", "at", "causes", "version", "form", "lost", "areas"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot, whose signature and id were checked."""

    id: bytes  # 32
    number: int
    parent: bytes  # 32; empty in the first
    at: Instant
    causes: tuple[str, ...]
    version: str
    form: int
    lost: int
    areas: Mapping[str, bytes]  # the part that lists each
    signer: str  # digest of the key that signed it


@dataclass(frozen=True, slots=True)
class Due:
    """A snapshot that is to be made: what keeps it, its id and number."""

    ops: tuple[Op, ...]
    id: bytes
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a chain stands on."""

    view: ReadView
    rows: Callable[[TableSpec], Iterable[Found]]
    papers: Papers  # the owner's
    key: Secret  # names parts
    signer: SigningKey  # the log's
    known: Sequence[PublicKey]  # every key that the log had


class Chain:
    """The snapshots of one vault."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def newest(self) -> Snapshot | None:
        """Return the newest snapshot, None if there is none.

        Raises:
            TamperedError: it is not what was signed, or not there.
        """
        tip = self._tip()
        return None if tip is None else self._snapshot(*tip.row[1:])

    def walk(self) -> Iterator[Snapshot]:
        """Yield every snapshot, the newest first; each is what was signed.

        Raises:
            TamperedError: one of them is not, or is not there.
        """
        found = self.newest()
        while found is not None:
            yield found
            if not found.parent:
                # THREAT T425: a chain ends at its first snapshot, or at one that says what it lacks
                if found.number != found.lost + 1:
                    raise TamperedError(f"snapshot {found.number} is not the first")
                return
            found = self._snapshot(found.parent, found.number - 1)

    def check(self) -> None:
        """Return if every snapshot and each part of it is what was kept.

        Raises:
            TamperedError: one is not, or is not there.
        """
        whole: set[bytes] = set()
        for each in self.walk():
            for part in each.areas.values():
                if part not in whole:
                    whole.update(self.part(part).values())
                    whole.add(part)
        for name in whole:
            self.part(name)

    def paths(self, snapshot: Snapshot) -> dict[str, bytes]:
        """Return the manifest of a snapshot: each path, and the part that stood there.

        Raises:
            TamperedError: a part is not what was kept.
        """
        return {
            f"{area}/{name}": bytes(digest)
            for area, part in snapshot.areas.items()
            for name, digest in self.part(part).items()
        }

    def part(self, name: bytes) -> Any:  # noqa: ANN401  # reason: a tree of plain values
        """Return what a part holds.

        Raises:
            TamperedError: it is not what was kept, or not there.
        """
        value = self._paper(PARTS, name, "a part of a snapshot")
        # THREAT T425: a part is what its name says, whatever lies under that name
        if not equal(self._name(value), name):
            raise TamperedError("a part of a snapshot is not what was kept")
        return value

    def due(self, now: Instant, causes: Sequence[str] = (), *, form: int = FORM) -> Due | None:
        """Return a snapshot of how things stand; None if none is due.

        With `causes`, one is made even if nothing changed.

        Raises:
            TamperedError: the newest one is not what was signed.
            SealBrokenError: a row that it would tell of is not what was written.
        """
        tip, before = self._tip(), self.newest()
        kept: dict[bytes, Plain] = {}
        listed = {name: self._listed(area, kept) for name, area in self._areas(form).items()}
        changed = _changed(before.areas if before else {}, listed)
        if before is None and not causes:
            changed = (FIRST,)
        if not changed and not causes:
            return None
        number = before.number + 1 if before else self._lost() + 1
        document = {
            "v": 1,
            "number": number,
            "parent": before.id.hex() if before else "",
            "at": now,
            "causes": [*causes, *(each for each in changed if each not in causes)],
            "version": __version__,
            "form": form,
            "lost": 0 if before else self._lost(),
            "areas": {name: digest.hex() for name, digest in listed.items()},
        }
        payload = to_json(document)
        id_ = tagged(Tag.SNAPSHOT, payload)
        envelope = dsse.sign(MEDIA, payload, [self._ground.signer])
        ops: list[Op] = [self._put(PARTS, name, value) for name, value in kept.items()]
        ops.append(self._put(SNAPSHOTS, id_, envelope))
        ops.append(Put(TIP.name, (0, id_, number), tip.v if tip else Expect.ABSENT))
        return Due(tuple(ops), id_, number)

    def _areas(self, form: int) -> dict[str, dict[str, Plain]]:
        looked = Looked(rows=self._ground.rows, papers=self._ground.papers, form=form)
        return areas(looked)

    def _listed(self, area: Mapping[str, Plain], kept: dict[bytes, Plain]) -> bytes:
        """Return the part that lists an area; what is not kept yet goes into `kept`."""
        listing = {}
        for name, value in area.items():
            listing[name] = self._name(value)
            self._keep(listing[name], value, kept)
        part = self._name(listing)
        self._keep(part, listing, kept)
        return part

    def _keep(self, name: bytes, value: Plain, kept: dict[bytes, Plain]) -> None:
        if name not in kept and self._ground.view.get(PARTS.name, [(name,)])[0] is None:
            kept[name] = value

    def _name(self, value: Plain) -> bytes:
        return keyed(self._ground.key, Tag.SNAPSHOT_PART, pack(value))

    def _put(self, table: TableSpec, name: bytes, value: Plain) -> Op:
        return Put(table.name, (name, self._ground.papers.seal(table.name, (name,), value)))

    def _lost(self) -> int:
        """Return how many there were before, in a chain that is not there any more."""
        return next((f.row[1] for f in self._ground.rows(SETTINGS) if f.row[0] == COUNT), 0)

    def _tip(self) -> Found | None:
        return next(iter(self._ground.rows(TIP)), None)

    def _snapshot(self, id_: bytes, number: int) -> Snapshot:
        """Return the snapshot of an id, which has that number.

        Raises:
            TamperedError: it is not what was signed, or not there.
        """
        envelope = self._paper(SNAPSHOTS, id_, f"snapshot {number}")
        try:
            opened = dsse.open(envelope, MEDIA, self._ground.known)
        except (BadSignatureError, InvalidEncodingError, TypeError) as err:
            raise TamperedError(f"snapshot {number} was not signed by this vault") from err
        # THREAT T425: a snapshot is the one that the next one, or the tip, names
        if not equal(tagged(Tag.SNAPSHOT, opened.payload), id_):
            raise TamperedError(f"snapshot {number} is another one than was kept")
        found = _parsed(from_json(opened.payload), id_, key_digest(opened.signers[0]))
        if found.number != number:
            raise TamperedError(f"snapshot {number} bears another number")
        return found

    def _paper(self, table: TableSpec, name: bytes, what: str) -> Any:  # noqa: ANN401  # reason: a tree of plain values
        row = self._ground.view.get(table.name, [(name,)])[0]
        if row is None:
            raise TamperedError(f"{what} is not there")
        try:
            return self._ground.papers.open(table.name, (name,), row.row[1])
        except SealBrokenError as err:
            raise TamperedError(f"{what} is not what was kept") from err


def _changed(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> tuple[str, ...]:
    names = sorted(before.keys() | now.keys())
    return tuple(name for name in names if before.get(name) != now.get(name))


def _parsed(document: Any, id_: bytes, signer: str) -> Snapshot:  # noqa: ANN401  # reason: as signed
    if not isinstance(document, dict) or document.keys() != _FIELDS or document["v"] != 1:
        raise TamperedError("a snapshot has another form")
    return Snapshot(
        id=id_,
        number=document["number"],
        parent=bytes.fromhex(document["parent"]),
        at=document["at"],
        causes=tuple(document["causes"]),
        version=document["version"],
        form=document["form"],
        lost=document["lost"],
        areas={name: bytes.fromhex(part) for name, part in document["areas"].items()},
        signer=signer,
    )


def chain_of(core: Core) -> Chain:
    """Return the chain of an open vault."""
    return Chain(ground_of(core, core.store, core.deciding, core.writer.log.keys.signer))


def ground_of(core: Core, view: ReadView, deciding: Deciding, signer: SigningKey) -> Ground:
    """Return what a chain in `view` stands on."""

    def rows(table: TableSpec) -> Iterable[Found]:
        decides = deciding.decides(Put(table.name, ()))
        return deciding.all(table.name) if decides else scan_all(view, table)

    return Ground(
        view=view,
        rows=rows,
        papers=core.papers,
        key=core.keys.files,
        signer=signer,
        known=[each.public for each in known_to(core.keyring).line],
    )


def tell_opened(core: Core, entry: Entry) -> None:
    """Write the entry that the vault was opened, with a snapshot if one is due.

    What keeps a snapshot from being made does not keep the vault shut.

    Raises:
        AuditUnavailableError: the log cannot be written.
    """
    try:
        due = chain_of(core).due(core.clock())
        if due is not None:
            core.writer.commit(Work(due.ops, (entry,)))
            return
    except SealholdError:
        pass  # it is told by whoever reads the chain, or that row; and tried again next time
    core.writer.commit(Work((), (entry,)))


def keep(core: Core) -> bool:
    """Make a snapshot if one is due; return whether one was made.

    Raises:
        TamperedError: the newest one is not what was signed.
        ConflictError: somebody made one at this moment.
        AuditUnavailableError: the log cannot be written.
    """
    due = chain_of(core).due(core.clock())
    if due is not None:
        core.writer.commit(Work(due.ops, (entry_of(core, due.id, KEPT),)))
    return due is not None


def entry_of(core: Core, id_: bytes, reason: str) -> Entry:
    """Return the entry that tells of a snapshot."""
    teller = Teller(core.keys)
    actor = Actor.VAULT if reason == KEPT else Actor.OWNER
    event = Event(
        kind=EventKind.SNAPSHOT, actor=actor, subject=teller.subject, digest=id_, reason=reason
    )
    return teller.entry(event)
