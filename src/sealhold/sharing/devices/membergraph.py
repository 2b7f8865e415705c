"""The graph of a membership log: who came before whom, and on which grants an entry stands.

- A set of entries is one integer, a bit for each; entries are numbered as they came in, so the
  numbers differ between devices and nothing that is shown depends on them.

Source: docs/spec/12-membership.md sections 5 and 6.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealhold.model.ids import DeviceId, Id16
from sealhold.sharing.devices.certs import Certificate, Role
from sealhold.sharing.devices.memberentries import (
    SELF,
    Certified,
    Entry,
    EntryId,
    LedgerDevice,
    Removal,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An entry in the graph."""

    number: int
    entry: Entry
    past: int  # all entries before it
    grant: int  # the number of the grant that it stands on; its own, if it stands on itself
    chain: int  # itself, its grant, the grant of that, to the root's
    actor: Certificate
    certified: Certificate | None  # what it certifies
    strikes: DeviceId | None  # whom it removes, or takes an admin's rights from

    @property
    def bit(self) -> int:
        """The set of this entry alone."""
        return 1 << self.number

    @property
    def by_root(self) -> bool:
        """Whether it stands on a certificate by the root."""
        return self.grant == self.number

    @property
    def makes_admin(self) -> bool:
        """Whether it certifies an admin."""
        return self.certified is not None and self.certified.role is Role.ADMIN

    @property
    def seniority(self) -> tuple[bool, int, EntryId]:
        """By what entries of the same moment are ordered; the least is the senior one."""
        return not self.by_root, self.actor.seq, self.entry.id


class Graph:
    """All entries that were taken in."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.index: dict[EntryId, int] = {}
        self.heads: frozenset[EntryId] = frozenset()
        self.grants: dict[DeviceId, list[Node]] = {}  # entries that certify a device
        self.strikes: list[Node] = []
        self.struck: dict[DeviceId, list[Node]] = {}  # the same by device
        self.resting: dict[int, int] = {}  # by the number of a grant: what stands on it
        self.newest = 0  # the highest number of a certificate by the root
        self._ledgers: dict[Id16, list[tuple[int, LedgerDevice]]] = {}  # number and body

    def past_of(self, entry: Entry) -> int:
        """Return all entries before one whose parents are there."""
        return self.up_to(self.nodes[self.index[each]] for each in entry.draft.parents)

    def up_to(self, nodes: Iterable[Node]) -> int:
        """Return some entries and all before them."""
        found = 0
        for node in nodes:
            found |= node.past | node.bit
        return found

    def put(self, entry: Entry, past: int, actor: Certificate) -> None:
        """Add an entry that was checked."""
        number, bit = len(self.nodes), 1 << len(self.nodes)
        stands_alone = entry.draft.grant == SELF
        grant = number if stands_alone else self.index[entry.draft.grant]
        body = entry.draft.body
        certified = body.signed.certificate if isinstance(body, Certified) else None
        node = Node(
            number=number,
            entry=entry,
            past=past,
            grant=grant,
            chain=bit if stands_alone else bit | self.nodes[grant].chain,
            actor=actor,
            certified=certified,
            strikes=self.struck_by(entry, past),
        )
        self.nodes.append(node)
        self.index[entry.id] = number
        self.heads = (self.heads - entry.draft.parents) | {entry.id}
        self.resting[grant] = self.resting.get(grant, 0) | bit
        if certified is not None:
            self.grants.setdefault(certified.device, []).append(node)
        if node.strikes is not None:
            self.strikes.append(node)
            self.struck.setdefault(node.strikes, []).append(node)
        if node.by_root:
            self.newest = max(self.newest, actor.seq)
        if isinstance(body, LedgerDevice):
            self._ledgers.setdefault(body.ledger, []).append((number, body))

    def grants_to(self, device: DeviceId | None) -> list[Node]:
        """Return the entries that certify a device."""
        return self.grants.get(device, []) if device is not None else []

    def knows(self, device: DeviceId, inside: int) -> bool:
        """Return whether an entry of a set certifies `device`."""
        return any(inside >> node.number & 1 for node in self.grants.get(device, ()))

    def is_fresh(self, certificate: Certificate, inside: int) -> bool:
        """Return whether no entry of a set has as new a certificate by the root for the device."""
        return all(
            not (node.by_root and inside >> node.number & 1) or node.actor.seq < certificate.seq
            for node in self.grants.get(certificate.device, ())
        )

    def term(self, ledger: Id16, inside: int) -> int:
        """Return the highest term of a ledger in a set of entries, 0 if there is none."""
        told = self._ledgers.get(ledger, ())
        return max((body.term for number, body in told if inside >> number & 1), default=0)

    def counted(self, ledger: Id16) -> LedgerDevice | None:
        """Return which device was named last to count a budget, a member still or not."""
        told = self._ledgers.get(ledger, ())
        return max((body for _, body in told), key=lambda body: body.term, default=None)

    def within(self, inside: int) -> Iterator[Node]:
        """Yield the entries of a set, each behind all before it."""
        return (node for node in self.nodes if inside >> node.number & 1)

    def struck_by(self, entry: Entry, past: int) -> DeviceId | None:
        """Return the device that an entry removes, or takes an admin's rights from."""
        body = entry.draft.body
        if isinstance(body, Removal):
            return body.device
        certified = body.signed.certificate if isinstance(body, Certified) else None
        if certified is None or certified.role is Role.ADMIN:
            return None
        return certified.device if self.knows(certified.device, past) else None

    def has_reserve(self, entry: Entry, most: int) -> bool:
        """Return whether an entry stands on the root's newest word, with few others."""
        if entry.draft.grant == SELF:
            return True
        grant = self.nodes[self.index[entry.draft.grant]]
        newest = grant.by_root and grant.actor.seq == self.newest
        return newest and self.resting.get(grant.number, 0).bit_count() < most
