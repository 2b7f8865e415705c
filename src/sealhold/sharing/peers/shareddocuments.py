"""Documents in a share space: copied into it once, and edited there by all who may.

- A document begins there with what it says then, under another id and in a lineage of its own, so
  nobody is given what it said before.
- Of the people of one share some may edit and some may only look: each of both is told by a paper
  of its own what they may.

Source: docs/spec/52-share-spaces.md section 7.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from sealhold.crypto.digest import mac16
from sealhold.crypto.tags import Tag
from sealhold.model.ids import ContactId, GrantId, Id16
from sealhold.policy.shareterms import Action
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.docbegun import begin
from sealhold.sharing.devices.docops import Value
from sealhold.sharing.devices.joining import has
from sealhold.sharing.peers.admitting import dismiss, guests
from sealhold.sharing.peers.mirror import shown_id
from sealhold.sharing.peers.sharepaper import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document that is to be in a space."""

    source: bytes  # what it is at the owner: an id that stays
    name: str
    read: Callable[[], dict[str, Value]]  # what it holds now


def copy_in(opened: Open, record: Record, documents: Iterable[Shown]) -> int:
    """Have documents begin in a space that were not there yet, durably; return how many.

    Raises:
        NoEpochError: nothing can be written now.
    """
    came = 0
    for each in documents:
        thing = shown_id(record, each.source)
        state = opened.replica.state
        # INVARIANT: a document is copied once; what people wrote in it is never written over
        if thing in state.erased or state.tree.place_of(thing) is not None:
            continue
        # THREAT T562: what it said before stays with its owner
        begin(opened, each.name, thing=thing, content=each.read())
        came += 1
    return came


def things(opened: Open, record: Record, sources: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the ids in a space of the documents that stand there, by their sources."""
    shown = opened.replica.state.tree.shown()
    every = {source: shown_id(record, source) for source in sources}
    return {source: thing for source, thing in every.items() if thing in shown}


def role_in(record: Record, who: ContactId) -> Role:
    """Return what a person of a share is in its space."""
    may_edit = Action.EDIT in record.clauses.actions and who not in record.lookers
    return Role.EDITOR if may_edit else Role.GUEST


def parts(record: Record) -> Iterator[Record]:
    """Yield a share once for all who may the same, each part with its grant and clauses."""
    clauses = record.clauses
    if others := clauses.who - record.lookers:
        yield replace(record, clauses=replace(clauses, who=others))
    if looking := clauses.who & record.lookers:
        seen = replace(clauses, who=looking, actions=frozenset({Action.VIEW}), reshare=0)
        yield replace(record, grant=lookers_grant(record), clauses=seen)


def lookers_grant(record: Record) -> GrantId:
    """Return the id of the paper for those who may only look."""
    return GrantId(Id16(mac16(record.secret, Tag.SHOWN, b"lookers", record.grant)))


def let_go(devices: Devices, opened: Open, stay: Collection[ContactId]) -> int:
    """Remove who is in a space and is not to stay, durably; return how many people.

    Raises:
        DeniedError: this device is no admin.
    """
    inside = {root for one, root in guests(opened).items() if has(opened, one)}
    gone = sorted(root for root in inside if ContactId(root) not in stay)
    for root in gone:
        # THREAT T563: what they write from here on, and nobody had, is a suggestion
        dismiss(devices, opened, root)
    return len(gone)
