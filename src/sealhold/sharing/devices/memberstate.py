"""What a membership log comes to: members, admins, the epoch to write under, settings.

- A device is a member by a grant that counts and that no removal ends; it is suspended where only a
  clash ends it, until the root decides.
- Of what was said at the same time the senior one holds: by the root, then by the admin that was
  enrolled first, then by the lower hash.
- An epoch wins only if all whom it was given to still hold keys, and its maker had seen every
  removal.

Source: docs/spec/12-membership.md sections 6 and 7.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from sealhold.model.ids import CollectionId, DeviceId, Id16
from sealhold.sharing.devices.certs import Certificate, KeyUse, Role
from sealhold.sharing.devices.memberentries import (
    EntryId,
    EntryKind,
    Epoch,
    LedgerDevice,
    Setting,
)
from sealhold.sharing.devices.membergraph import Graph, Node
from sealhold.sharing.devices.memberjudging import Judged, judged, killers
from sealhold.sharing.devices.strikes import Verdict

Key = TypeVar("Key", bound=Hashable)


class Standing(StrEnum):
    """How a device stands."""

    MEMBER = "member"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Reason(StrEnum):
    """Why a device is no member in good standing, or an entry does not count."""

    NONE = ""
    REMOVED = "removed"
    CLASH = "removals clash"  # until the root decides
    DECIDED = "the root decided for another"
    VOID = "its author was removed at the same time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A device as a log knows it."""

    certificate: Certificate
    standing: Standing
    reason: Reason
    grant: EntryId  # the entry that the certificate stands in
    ended_by: frozenset[EntryId]  # removals that ended it

    @property
    def holds_keys(self) -> bool:
        """Whether new secrets are wrapped to the device."""
        return self.standing is Standing.MEMBER and self.certificate.keys is KeyUse.HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a set of entries comes to."""

    collection: CollectionId
    heads: frozenset[EntryId]
    members: Mapping[DeviceId, Member]
    epoch: Epoch | None  # to write under; None: writes wait until an admin makes one
    epochs: Mapping[EntryId, Epoch]  # all that count
    policies: Mapping[str, bytes]
    tokens: Mapping[tuple[str, DeviceId | None], bytes]
    ledgers: Mapping[Id16, LedgerDevice]
    void: Mapping[EntryId, Reason]  # entries that do not count

    def certificate(self, device: DeviceId) -> Certificate | None:
        """Return the certificate of a member in good standing."""
        found = self.members.get(device)
        good = found is not None and found.standing is Standing.MEMBER
        return found.certificate if found is not None and good else None

    def admin_grant(self, device: DeviceId) -> EntryId | None:
        """Return the entry on which acts of an admin stand, None if the device is none."""
        found = self.certificate(device)
        if found is None or found.role is not Role.ADMIN:
            return None
        return self.members[device].grant

    def holders(self) -> dict[DeviceId, Certificate]:
        """Return the devices that a new secret is wrapped to."""
        return {
            device: member.certificate
            for device, member in self.members.items()
            if member.holds_keys
        }


def state_of(
    graph: Graph, inside: int, collection: CollectionId, heads: frozenset[EntryId]
) -> Membership:
    """Return what the entries of a set come to; it holds all before each of them."""
    found = judged(graph, inside)
    members = {
        device: member
        for device, grants in graph.grants.items()
        if (member := _member(graph, found, device, grants)) is not None
    }
    members = {device: _decided(graph, found, each, members) for device, each in members.items()}
    counting = [node for node in graph.within(inside) if found.counts(node)]
    epochs = {
        node.entry.id: node.entry.draft.body
        for node in counting
        if isinstance(node.entry.draft.body, Epoch)
    }
    return Membership(
        collection=collection,
        heads=heads,
        members=members,
        epoch=_winner(graph, found, members, counting),
        epochs=epochs,
        policies=_policies(counting),
        tokens=_tokens(members, counting),
        ledgers=_ledgers(members, counting),
        void={
            node.entry.id: _reason(found, node)
            for node in graph.within(inside)
            if not found.counts(node)
        },
    )


def senior(nodes: Iterable[Node]) -> Node:
    """Return the entry that holds among some: the last said, and of those the senior one."""
    some = list(nodes)
    earlier = 0
    for node in some:
        earlier |= node.past
    return min((node for node in some if not earlier & node.bit), key=lambda node: node.seniority)


def _member(graph: Graph, found: Judged, device: DeviceId, grants: Iterable[Node]) -> Member | None:
    live = [node for node in grants if found.counts(node)]
    if not live:
        return None
    ends = {node.number: killers(graph, found, node, device) for node in live}
    good = [node for node in live if not ends[node.number]]
    best = senior(good or live)
    assert best.certified is not None  # noqa: S101  # reason: a grant certifies
    if good:
        standing, reason = Standing.MEMBER, Reason.NONE
    elif any(Verdict.COUNTS not in each.values() for each in ends.values()):
        standing, reason = Standing.SUSPENDED, Reason.CLASH
    else:
        standing, reason = Standing.REMOVED, Reason.REMOVED
    return Member(
        certificate=best.certified,
        standing=standing,
        reason=reason,
        grant=best.entry.id,
        ended_by=frozenset(
            graph.nodes[number].entry.id
            for each in ends.values()
            for number in (each if not good else ())
        ),
    )


def _decided(
    graph: Graph, found: Judged, member: Member, members: Mapping[DeviceId, Member]
) -> Member:
    """Return a suspended member as removed, once the root decided for another of its ring."""
    if member.standing is not Standing.SUSPENDED:
        return member
    ring = {
        number
        for ended in member.ended_by
        for number in found.rings.get(graph.index[ended], frozenset())
    }
    for number in ring:
        device = graph.nodes[number].strikes
        other = members.get(device) if device is not None else None
        if other is None or other.standing is not Standing.MEMBER:
            continue
        grant = graph.nodes[graph.index[other.grant]]
        if grant.by_root and grant.past & graph.nodes[number].bit:
            return replace(member, standing=Standing.REMOVED, reason=Reason.DECIDED)
    return member


def _winner(
    graph: Graph, found: Judged, members: Mapping[DeviceId, Member], counting: Iterable[Node]
) -> Epoch | None:
    holders = {device for device, member in members.items() if member.holds_keys}
    seen = 0  # removals that whoever makes an epoch must have seen
    for node in graph.strikes:
        if (
            found.verdicts.get(node.number, Verdict.VOID) is not Verdict.VOID
            and node.strikes not in holders
            and any(
                grant.certified is not None and grant.certified.keys is KeyUse.HELD
                for grant in graph.grants_to(node.strikes)
            )
        ):
            seen |= node.bit
    # THREAT T458: what a removed or suspended device may hold is not written under
    fit = [
        node
        for node in counting
        if isinstance(node.entry.draft.body, Epoch)
        and node.entry.draft.body.recipients <= holders
        and node.past & seen == seen
    ]
    best = senior(fit).entry.draft.body if fit else None
    return best if isinstance(best, Epoch) else None


def _reason(found: Judged, node: Node) -> Reason:
    clashes = found.verdicts.get(node.number) is Verdict.CLASHES
    return Reason.CLASH if clashes else Reason.VOID


def _latest(nodes: Iterable[Node], key: Callable[[Node], Key | None]) -> dict[Key, Node]:
    """Return the entry that holds for each key."""
    groups: dict[Key, list[Node]] = {}
    for node in nodes:
        found = key(node)
        if found is not None:
            groups.setdefault(found, []).append(node)
    return {found: senior(group) for found, group in groups.items()}


def _policies(counting: Iterable[Node]) -> dict[str, bytes]:
    def key(node: Node) -> str | None:
        body = node.entry.draft.body
        policy = node.entry.draft.kind is EntryKind.POLICY
        return body.name if policy and isinstance(body, Setting) else None

    return {name: _setting(node).value for name, node in _latest(counting, key).items()}


def _tokens(
    members: Mapping[DeviceId, Member], counting: Iterable[Node]
) -> dict[tuple[str, DeviceId | None], bytes]:
    def key(node: Node) -> tuple[str, DeviceId | None] | None:
        body = node.entry.draft.body
        token = node.entry.draft.kind is EntryKind.TOKEN
        return (body.name, body.device) if token and isinstance(body, Setting) else None

    return {
        (name, device): _setting(node).value
        for (name, device), node in _latest(counting, key).items()
        if device is None or _is_member(members, device)
    }


def _ledgers(
    members: Mapping[DeviceId, Member], counting: Iterable[Node]
) -> dict[Id16, LedgerDevice]:
    def key(node: Node) -> Id16 | None:
        body = node.entry.draft.body
        return body.ledger if isinstance(body, LedgerDevice) else None

    found = {ledger: node.entry.draft.body for ledger, node in _latest(counting, key).items()}
    return {  # never the device of an earlier term: nobody counts until an admin names another
        ledger: body
        for ledger, body in found.items()
        if isinstance(body, LedgerDevice) and _is_member(members, body.device)
    }


def _setting(node: Node) -> Setting:
    assert isinstance(node.entry.draft.body, Setting)  # noqa: S101  # reason: the key chose it
    return node.entry.draft.body


def _is_member(members: Mapping[DeviceId, Member], device: DeviceId) -> bool:
    return device in members and members[device].standing is Standing.MEMBER
