"""The log of who is a member of a collection: entries in a graph, one state for one set of them.

- An entry is taken in once all entries before it are there, if it stands on a grant among them,
  is signed by that device and says what its kind may say. This looks at those before it alone, so
  each device takes in the same ones.
- What they come to is computed from the set; a state is kept for each set of heads.
- What cannot be taken in yet waits, up to a bound; what never can is refused.

Source: docs/spec/12-membership.md sections 5 to 7.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.crypto.rootid import RootId
from sealhold.model.errors import (
    BadMembershipError,
    BadSignatureError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    TamperedError,
)
from sealhold.model.ids import CollectionId, DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import Certificate, Role, check
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.memberentries import (
    MAX_PARENTS,
    SELF,
    Body,
    Certified,
    Draft,
    Entry,
    EntryId,
    EntryKind,
    LedgerDevice,
    Removal,
    read_entry,
    sign_entry,
)
from sealhold.sharing.devices.membergraph import Graph, Node
from sealhold.sharing.devices.memberstate import Membership, state_of

MAX_ENTRIES = 8_192  # of a collection; each knows those before it, 1 KiB at the most
MAX_REMOVALS = 1_024  # among them; each is compared with each
RESERVE = 1_024  # entries more by the admin that the root certified last
MAX_WAITING = 1_024  # entries whose parents did not come yet
MAX_WAITING_BYTES = 4 << 20  # of those
MAX_REFUSED = 256  # told of; more are refused and not listed
KEPT_STATES = 32


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that waited and can never stand in the log."""

    data: bytes
    reason: str


class MembershipLog:
    """The entries of one collection under one root."""

    def __init__(self, collection: CollectionId, root: RootId) -> None:
        self.collection, self.root = collection, root
        self._graph = Graph()
        self._states: dict[frozenset[EntryId], Membership] = {}
        self._waiting: dict[EntryId, tuple[Entry, bytes]] = {}
        self._missed: dict[EntryId, list[EntryId]] = {}  # who waits for an entry
        self.refused: list[Refused] = []

    def __contains__(self, entry: EntryId) -> bool:
        return entry in self._graph.index

    def __len__(self) -> int:
        return len(self._graph.nodes)

    @property
    def heads(self) -> frozenset[EntryId]:
        """The entries that no other one names as a parent."""
        return self._graph.heads

    @property
    def waiting(self) -> int:
        """How many entries wait for others."""
        return len(self._waiting)

    def missing(self) -> frozenset[EntryId]:
        """Return the entries that others wait for."""
        return frozenset(self._missed.keys() - self._waiting.keys())

    def entry(self, entry: EntryId) -> Entry:
        """Return an entry of the log.

        Raises:
            BadMembershipError: there is none of that name.
        """
        return self._node(entry).entry

    def add(self, data: bytes) -> tuple[EntryId, ...]:
        """Take in an entry; return those that stand in the log since, as others waited for it.

        It is empty for an entry that is known, or that waits for another.

        Raises:
            InvalidEncodingError: not as an entry is.
            BadMembershipError: of another collection, by nobody who may, or not by them.
            ExhaustedError: more entries than a log has, or than may wait.
        """
        entry = read_entry(data)
        if entry.id in self._graph.index or entry.id in self._waiting:
            return ()
        if entry.draft.collection != self.collection:
            raise BadMembershipError("an entry of another collection")
        if self._waits(entry, data):
            return ()
        self._take(entry)
        return (entry.id, *self._follow(entry.id))

    def counted(self, ledger: Id16) -> LedgerDevice | None:
        """Return which device was named last to count a budget, a member still or not."""
        return self._graph.counted(ledger)

    def state(self, at: Iterable[EntryId] | None = None) -> Membership:
        """Return what all entries come to, or those up to some.

        Args:
            at: entries of the log; they and all before them count, None: all.

        Raises:
            BadMembershipError: one of them is not in the log.
        """
        heads = self.heads if at is None else frozenset(at)
        found = self._states.get(heads)
        if found is None:
            nodes = [self._node(each) for each in heads]
            inside = self._graph.up_to(nodes)
            found = state_of(self._graph, inside, self.collection, heads)
            while len(self._states) >= KEPT_STATES:
                del self._states[next(iter(self._states))]
            self._states[heads] = found
        return found

    def valid_at(
        self, at: Iterable[EntryId], device: DeviceId, now: Instant | None = None
    ) -> Certificate | None:
        """Return the certificate of `device` as it stood at some entries of the log.

        Args:
            at: entries of the log; they and all before them count.
            device: whose certificate it is.
            now: if given, a certificate that is over by then is none.

        Raises:
            BadMembershipError: one of the entries is not in the log.
        """
        found = self.state(at).certificate(device)
        return None if found is None or (now is not None and found.is_over(now)) else found

    def write(self, keys: DeviceKeys, kind: EntryKind, body: Body, time: LogicalTime) -> bytes:
        """Return a new entry by an admin, behind all that is known; it is not taken in yet.

        Raises:
            DeniedError: the device is no admin in good standing.
            InvalidEncodingError: the body is not of that kind, or too long.
        """
        state = self.state()
        grant = state.admin_grant(keys.id)
        if grant is None:
            raise DeniedError("this device may not change who is a member")
        return self._signed(keys, grant, kind, body, time)

    def enter(self, keys: DeviceKeys, certified: Certified, time: LogicalTime) -> bytes:
        """Return the entry by which a device enters that the root itself certified.

        Raises:
            InvalidEncodingError: the body is too long.
        """
        return self._signed(keys, SELF, EntryKind.ADD, certified, time)

    def _signed(
        self, keys: DeviceKeys, grant: EntryId, kind: EntryKind, body: Body, time: LogicalTime
    ) -> bytes:
        parents = sorted(self.heads, key=lambda each: (not self._rests(each, grant), each))
        draft = Draft(
            collection=self.collection,
            parents=frozenset(parents[:MAX_PARENTS]),
            actor=keys.id,
            grant=grant,
            kind=kind,
            body=body,
            time=time,
        )
        return sign_entry(draft, keys.signer)

    def _rests(self, head: EntryId, grant: EntryId) -> bool:
        """Return whether a head is the grant, or comes after it."""
        node = self._node(head)
        return grant != SELF and bool((node.past | node.bit) & self._node(grant).bit)

    def _node(self, entry: EntryId) -> Node:
        if entry not in self._graph.index:
            raise BadMembershipError("an entry that is not in the log")
        return self._graph.nodes[self._graph.index[entry]]

    # --- taking in ---

    def _waits(self, entry: Entry, data: bytes) -> bool:
        missed = entry.draft.parents - self._graph.index.keys()
        if not missed:
            return False
        size = sum(len(waiting) for _, waiting in self._waiting.values()) + len(data)
        if len(self._waiting) >= MAX_WAITING or size > MAX_WAITING_BYTES:
            raise ExhaustedError(f"{len(self._waiting)} entries wait for others already")
        self._waiting[entry.id] = entry, data
        for each in missed:
            self._missed.setdefault(each, []).append(entry.id)
        return True

    def _follow(self, entry: EntryId) -> Iterable[EntryId]:
        """Take in what waited for an entry, and for those that waited; yield what came in."""
        came = [entry]
        while came:
            for name in self._missed.pop(came.pop(), ()):
                waiting, data = self._waiting.get(name, (None, b""))
                if waiting is None or waiting.draft.parents - self._graph.index.keys():
                    continue
                del self._waiting[name]
                try:
                    self._take(waiting)
                except (TamperedError, ExhaustedError) as err:
                    if len(self.refused) < MAX_REFUSED:
                        self.refused.append(Refused(data, str(err)))
                else:
                    came.append(name)
                    yield name

    def _take(self, entry: Entry) -> None:
        # THREAT T455: an entry stands in the log by those before it, or never
        past = self._graph.past_of(entry)
        if entry.draft.grant == SELF:
            actor = self._entering(entry, past)
        else:
            actor = self._acting(entry, past)
        try:
            entry.check(actor.signing)
        except BadSignatureError as err:
            raise BadMembershipError("an entry that its author did not sign") from err
        if actor.is_over(Instant(entry.draft.time.ms)):
            raise BadMembershipError("an entry by a device whose certificate is over")
        if entry.draft.grant != SELF:
            self._says(entry, past, actor)
        # THREAT T455: who fills a log does not keep out whom the root certifies then
        if self._is_full(entry, past) and not self._graph.has_reserve(entry, RESERVE):
            raise ExhaustedError("a membership log is full")
        self._graph.put(entry, past, actor)

    def _is_full(self, entry: Entry, past: int) -> bool:
        removes = self._graph.struck_by(entry, past) is not None
        return len(self._graph.nodes) >= MAX_ENTRIES or (
            removes and len(self._graph.strikes) >= MAX_REMOVALS
        )

    def _entering(self, entry: Entry, past: int) -> Certificate:
        """Return the certificate by the root on which an entry stands.

        Raises:
            BadMembershipError: there is none, it is another device's, or it was used before.
        """
        body = entry.draft.body
        if not isinstance(body, Certified) or entry.draft.kind is not EntryKind.ADD:
            raise BadMembershipError("an entry that stands on no grant")
        found = check(body.signed, self.root, None)
        if found.device != entry.draft.actor:
            raise BadMembershipError("an entry by another device than it certifies")
        # THREAT T457: an old certificate by the root brings nobody back
        if not self._graph.is_fresh(found, past):
            raise BadMembershipError("a certificate by the root that was used before")
        return found

    def _acting(self, entry: Entry, past: int) -> Certificate:
        """Return the certificate that makes the author an admin.

        Raises:
            BadMembershipError: no entry before this one does.
        """
        grant = self._graph.index.get(entry.draft.grant)
        if grant is None or not past >> grant & 1:
            raise BadMembershipError("an entry that stands on no grant before it")
        found = self._graph.nodes[grant].certified
        if found is None or found.device != entry.draft.actor or found.role is not Role.ADMIN:
            raise BadMembershipError("an entry by a device that is no admin")
        return found

    def _says(self, entry: Entry, past: int, actor: Certificate) -> None:
        """Return if the body is one that this admin may write there.

        Raises:
            BadMembershipError: it is not.
        """
        match entry.draft.body:
            case Certified(signed=signed):
                found = check(signed, self.root, actor)
                if not found.covers(self.collection):
                    raise BadMembershipError("a certificate that is not for this collection")
                known = self._graph.knows(found.device, past)
                if entry.draft.kind is EntryKind.ROLE and not known:
                    raise BadMembershipError("a role for a device that is not known")
            case Removal(device=device):
                if not self._graph.knows(device, past):
                    raise BadMembershipError("a removal of a device that is not known")
            case LedgerDevice(ledger=ledger, term=term):
                if term != self._graph.term(ledger, past) + 1:
                    raise BadMembershipError("a term that does not follow the last one")
            case _:
                pass


def parents_first(entries: Iterable[bytes]) -> list[bytes]:
    """Return entries in an order in which none waits for another; what is none is left out."""
    found: dict[EntryId, tuple[Entry, list[bytes]]] = {}  # what is signed otherwise has one name
    for data in entries:
        try:
            entry = read_entry(data)
        except InvalidEncodingError:
            continue
        found.setdefault(entry.id, (entry, []))[1].append(data)
    missed = {name: len(each.draft.parents & found.keys()) for name, (each, _) in found.items()}
    behind: dict[EntryId, list[EntryId]] = {}
    for name, (each, _) in found.items():
        for parent in each.draft.parents & found.keys():
            behind.setdefault(parent, []).append(name)
    ready, ordered = [name for name, count in missed.items() if not count], list[bytes]()
    while ready:
        name = ready.pop()
        ordered += found[name][1]
        for each_behind in behind.get(name, ()):
            missed[each_behind] -= 1
            if not missed[each_behind]:
                ready.append(each_behind)
    return ordered


def state(entries: Iterable[bytes], collection: CollectionId, root: RootId) -> Membership:
    """Return what a set of entries comes to, in whatever order; what cannot stand is left out.

    Raises:
        ExhaustedError: more entries than a log has, or than may wait for others.
    """
    log = MembershipLog(collection, root)
    for data in parents_first(entries):
        try:
            log.add(data)
        except (InvalidEncodingError, TamperedError):
            continue
    return log.state()
