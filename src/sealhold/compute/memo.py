"""The sealed memo: what a function said of an object is written once and never said otherwise.

- A function's memo is a list of pages that only grows: page n + 1 is put only if there is none, so
  of two that would write it one fails whole. What stands in an earlier page counts.
- An entry is an object, the how-manieth evaluation of it this is, the version that was read, and
  the value. Functions, selections (is it in?) and presence (was it there?) are kept alike.
- An object is named by the keyed tag by which the vault recognises it: the same trip, deleted and
  imported again, is that object again.
- Only erasing changes a page: values become the default, everywhere in one commit.

Source: docs/spec/09-leakage.md section 7.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.errors import TamperedError
from sealhold.model.ids import Collection, SealedBytes
from sealhold.stores.spec import ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.budget import TOLD
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all

MEMO = TableSpec(
    name="memo",
    columns={"f": ColumnKind.HASH32, "page": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("f", "page"),
    indexes={},
)
PAGE = 1_000  # entries: about 30 KB, so that many pages of an erased object fit one commit
_ENTRY = struct.Struct(">16sBIq")  # object, number of the evaluation, version, value


class Entry(msgspec.Struct, frozen=True):  # one per object: made in a tenth of a dataclass's time
    """What one evaluation said of one object."""

    logical: bytes  # 16
    number: int  # of the evaluation, from 0
    version: int  # of the object that was read
    value: int


def presence_id(collection: Collection) -> bytes:
    """Return what stands for "was it there?" in place of a function: 32 bytes."""
    return tagged(Tag.FAMILY, pack([collection, "presence"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What all entries of one function have in common."""

    f: bytes  # 32: a function, a family of selections, or what stands for presence
    collection: Collection
    k: int
    default: int  # what an erased object's value becomes


@dataclass(slots=True)
class Told:
    """All that a function has said so far."""

    pages: int = 0
    first: dict[bytes, tuple[int, int]] = field(default_factory=dict)  # version, value
    later: dict[bytes, dict[int, tuple[int, int]]] = field(default_factory=dict)  # by number

    def count(self, logical: bytes) -> int:
        """Return how many evaluations there were up to the last that has this object."""
        later = self.later.get(logical)
        return max(later) + 1 if later else int(logical in self.first)

    def at(self, logical: bytes, version: int) -> tuple[int, int] | None:
        """Return version and value of the evaluation that counts for a version of an object.

        The last that read no later version; without one, the first of all.
        """
        first = self.first.get(logical)
        if logical not in self.later:
            return first
        each = [value for _, value in sorted(self.later[logical].items())]
        found = each if first is None else [first, *each]
        return next((one for one in reversed(found) if one[0] <= version), found[0])

    def take_all(self, entries: bytes) -> None:
        """Take a page in."""
        keep = self.first.setdefault  # as `take` does, at a third of its cost
        for entry in _ENTRY.iter_unpack(entries):
            if entry[1]:
                self.take(entry)
            else:
                keep(entry[0], entry[2:])

    def take(self, entry: tuple[bytes, int, int, int]) -> None:
        """Take an entry in; one of that number that came before stays."""
        logical, number, version, value = entry
        # INVARIANT: the value of an evaluation is the one that was kept first.
        if number == 0:
            self.first.setdefault(logical, (version, value))
        else:
            self.later.setdefault(logical, {}).setdefault(number, (version, value))


def read(core: Core, f: bytes) -> Told:
    """Return all that a function has said.

    Raises:
        SealBrokenError: a page is not as it was written, or not where it was written.
        TamperedError: a page is gone that was written.
    """
    told = Told()
    for found in rows_of(core.store, MEMO, "key", f):
        _, entries = _opened(core, found)
        told.pages += 1
        told.take_all(entries)
    counted = core.deciding.get(TOLD.name, f)
    # THREAT T167: older pages of the database, brought back, would have it evaluated again
    if told.pages != (counted.row[1] if counted else 0):
        raise TamperedError("`vault.db`: the memo of a function is not what was written")
    return told


def writing(core: Core, about: About, told: Told, entries: Sequence[Entry]) -> list[Op]:
    """Return the operations that write `entries` behind what was `told`, and take them in there.

    They belong into one commit; if it fails, `told` is of no use any more.
    """
    if not entries:
        return []
    ops: list[Op] = []
    head: list[Plain] = [about.collection, about.k, about.default]
    for start in range(0, len(entries), PAGE):
        some = [
            _ENTRY.pack(each.logical, each.number, each.version, each.value)
            for each in entries[start : start + PAGE]
        ]
        paper = _sealed(core, about.f, told.pages, head, b"".join(some))
        # THREAT T165: a page that is there is never put again, so no second value replaces one
        ops.append(Put(MEMO.name, (about.f, told.pages, paper), Expect.ABSENT))
        told.pages += 1
    counted = core.deciding.get(TOLD.name, about.f)
    expect = counted.v if counted else Expect.ABSENT
    ops.append(Put(TOLD.name, (about.f, told.pages), expect))
    for each in entries:
        told.take((each.logical, each.number, each.version, each.value))
    return ops


def erasing(
    core: Core, collection: Collection, logical: bytes, mates: Callable[[int], Iterable[bytes]]
) -> list[Op]:
    """Return the operations that make every value of an object's partitions the default.

    `mates` says which objects share a partition of k with it, itself included.
    """
    puts: list[Op] = []
    gone: dict[int, frozenset[bytes]] = {}
    for found in scan_all(core.store, MEMO):
        (where, k, default), entries = _opened(core, found)
        if where != collection:
            continue
        if k not in gone:
            gone[k] = frozenset((logical, *mates(k)))
        some = [
            _ENTRY.pack(*each[:3], default if each[0] in gone[k] else each[3])
            for each in _ENTRY.iter_unpack(entries)
        ]
        if (after := b"".join(some)) != entries:
            f, number, _ = found.row
            paper = _sealed(core, f, number, [where, k, default], after)
            puts.append(Put(MEMO.name, (f, number, paper), found.v))
    return puts


def _sealed(core: Core, f: bytes, number: int, head: list[Plain], entries: bytes) -> SealedBytes:
    return core.keys.memo.seal(pack([head, entries]), pack([f, number]), core.entropy)


def _opened(core: Core, found: Found) -> tuple[tuple[Collection, int, int], bytes]:
    f, number, paper = found.row
    head, entries = unpack_own(core.keys.memo.open(paper, pack([f, number])))
    collection, k, default = head
    return (Collection(collection), k, default), entries
