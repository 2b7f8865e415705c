"""Partitions: which k objects share one evaluation, fixed for good and chosen by nobody.

- An object gets its partition once, at the first task of that k over its collection after it came:
  all that are new then are put into the order of a keyed hash of their names, and each goes into
  one of 16 open partitions that the hash picks among those not full. No app, task, selection or
  order of import chooses neighbours.
- Then all are closed: what is not full is evaluated with null objects in the free places, whose
  results are thrown away. So nothing open is kept, and each partition that is kept can be run.
- k = 1 needs none of this: an object is its own partition.
- All members are one subject's, as the collection is.

Source: docs/spec/09-leakage.md section 8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.model.ids import Collection
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of

PARTITIONS = TableSpec(
    name="partition",
    columns={
        "tag": ColumnKind.TAG16,  # of collection and k
        "pid": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("tag", "pid"),
    indexes={},
)
OPEN = 16  # partitions filled at once
NAME = 16  # bytes of an object's name


@dataclass(slots=True)
class Partitions:
    """The partitions of one collection and k."""

    members: list[tuple[bytes, ...]] = field(default_factory=list)  # by number
    place: dict[bytes, int] = field(default_factory=dict)  # object to number

    def mates(self, logical: bytes) -> tuple[bytes, ...]:
        """Return the objects of the partition that an object is in; itself if it is in none."""
        number = self.place.get(logical)
        return (logical,) if number is None else self.members[number]

    def take(self, members: Sequence[bytes]) -> None:
        """Take one partition in, as the next number."""
        number = len(self.members)
        self.members.append(tuple(members))
        self.place.update(dict.fromkeys(members, number))


def read(core: Core, collection: Collection, k: int) -> Partitions:
    """Return the partitions as they are kept."""
    found = Partitions()
    if k > 1:
        for row in rows_of(core.store, PARTITIONS, "key", _tag(core, collection, k)):
            joined: bytes = core.papers.open(PARTITIONS.name, row.row[:2], row.row[2])
            found.take([joined[at : at + NAME] for at in range(0, len(joined), NAME)])
    return found


def assigned(core: Core, collection: Collection, k: int, objects: Iterable[bytes]) -> list[Op]:
    """Return the operations that give a partition to each of `objects` that has none."""
    if k == 1:
        return []
    known = read(core, collection, k)
    order = core.keys.identities.after(b"partition", collection.encode(), bytes([k]))
    # THREAT T166: keyed, over all that came, so that whoever asks or brings data chooses nobody
    hashed = {order.mac16(name): name for name in objects if name not in known.place}
    ops: list[Op] = []
    tag = _tag(core, collection, k)
    for number, members in enumerate(distributed(hashed, k), len(known.members)):
        clear = (tag, number)
        paper = core.papers.seal(PARTITIONS.name, clear, b"".join(members))
        # INVARIANT: the members of a partition never change: it is put once.
        ops.append(Put(PARTITIONS.name, (*clear, paper), Expect.ABSENT))
    return ops


def distributed(hashed: Mapping[bytes, bytes], k: int) -> list[list[bytes]]:
    """Return the partitions of k that objects fall into, given each one's keyed hash."""
    full: list[list[bytes]] = []
    filling: list[list[bytes]] = [[] for _ in range(OPEN)]
    for drawn in sorted(hashed):
        at = int.from_bytes(drawn) % OPEN  # a full one is taken out at once, so none is full
        filling[at].append(hashed[drawn])
        if len(filling[at]) == k:
            full.append(filling[at])
            filling[at] = []
    return full + [members for members in filling if members]


def _tag(core: Core, collection: Collection, k: int) -> bytes:
    return core.keys.identities.mac16(b"partitions", collection.encode(), bytes([k]))
