"""What lies in a mailbox, and by which name: the one form in which devices and relays name it.

- `m/BOX/key/ID`, `m/BOX/log/LOG/SEQ`, `m/BOX/member/ID` and `m/BOX/pack/II/ID`, all in lower-case
  hex: so names sort as their parts do, and none leads out of its mailbox.
- A pack and a member are named by 32 bytes, all others by 16; a pack's is BLAKE3 of its bytes.

Source: docs/spec/14-relay.md section 2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.errors import InvalidError, ObjectNotFoundError
from sealhold.model.ids import Id16, ObjectName

MAX_SEQ: Final = (1 << 63) - 1
FIRST: Final = bytes(32)


class Sort(StrEnum):
    """What an object of a mailbox is; in the order of names."""

    KEY = "key"
    LOG = "log"
    MEMBER = "member"
    PACK = "pack"


MOST: Final[Mapping[Sort, int]] = {  # bytes of one object
    Sort.KEY: 1_572_864,
    Sort.LOG: 1_572_864,  # an entry of 1 MiB of plain operations, sealed and padded by a quarter
    Sort.MEMBER: 262_144,
    Sort.PACK: 8_388_608,  # a full pack
}
DELETABLE: Final = (Sort.KEY, Sort.PACK)  # a log and a membership only ever grow

_BOX = r"m/([0-9a-f]{32})/"
_ITEM = re.compile(
    _BOX + r"(?:(key)/([0-9a-f]{32})|(log)/([0-9a-f]{32})/([0-9a-f]{16})"
    r"|(member)/([0-9a-f]{64})|(pack)/([0-9a-f]{2})/(\10[0-9a-f]{62}))"
)
_LOG = re.compile(_BOX + r"log/([0-9a-f]{32})/")
_WITHIN = re.compile(_BOX + r"(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a mailbox."""

    box: Id16
    sort: Sort
    name: bytes  # 16 or 32 bytes
    seq: int = 0  # of an entry in its log; 0 of all else

    def within(self) -> str:
        """Return its name behind `m/BOX/`."""
        digits = self.name.hex()
        match self.sort:
            case Sort.LOG:
                return f"log/{digits}/{self.seq:016x}"
            case Sort.PACK:
                return f"pack/{digits[:2]}/{digits}"
            case _:
                return f"{self.sort.value}/{digits}"

    def whole(self) -> ObjectName:
        """Return its name."""
        return ObjectName(f"m/{self.box.hex()}/{self.within()}")


def item_of(name: str) -> Item:
    """Return what `name` names.

    Raises:
        InvalidError: it is no name of an object of a mailbox.
    """
    # THREAT T444: one written form of fixed lengths; nothing else reaches a store or an address
    found = _ITEM.fullmatch(name)
    if found is None:
        raise InvalidError(f"`{name[:40]}` names nothing in a mailbox")
    box, *parts = (part for part in found.groups() if part is not None)
    sort = Sort(parts[0])
    digits = parts[2] if sort is Sort.PACK else parts[1]
    seq = int(parts[2], 16) if sort is Sort.LOG else 0
    if seq > MAX_SEQ:
        raise InvalidError("an entry's number is too large")
    return Item(Id16(bytes.fromhex(box)), sort, bytes.fromhex(digits), seq)


def item_in(box: Id16, within: str) -> Item:
    """Return what the rest of a name names in a mailbox.

    Raises:
        InvalidError: nothing.
    """
    return item_of(f"m/{box.hex()}/{within}")


def log_of(prefix: str) -> tuple[Id16, bytes]:
    """Return mailbox and log of `m/BOX/log/LOG/`.

    Raises:
        InvalidError: it names no log.
    """
    found = _LOG.fullmatch(prefix)
    if found is None:
        raise InvalidError(f"`{prefix[:40]}` names no log")
    return Id16(bytes.fromhex(found[1])), bytes.fromhex(found[2])


def split(prefix: str) -> tuple[Id16, str]:
    """Return the mailbox of a prefix, and what stands behind `m/BOX/`.

    Raises:
        InvalidError: it is of no mailbox.
    """
    found = _WITHIN.fullmatch(prefix)
    if found is None:
        raise InvalidError(f"`{prefix[:40]}` is in no mailbox")
    return Id16(bytes.fromhex(found[1])), found[2]


def run_of(
    get: Callable[[ObjectName], bytes], box: Id16, log: bytes, first: int, most: int
) -> list[bytes]:
    """Return entries of a log from number `first` on, without a gap.

    Args:
        get: returns an object by its name, or raises ObjectNotFoundError.
        box: the mailbox.
        log: the log in it, 16 bytes.
        first: number of the first one.
        most: bytes; one entry is returned even if it has more.
    """
    found: list[bytes] = []
    item = Item(box, Sort.LOG, log, first)
    while most > 0:
        try:
            data = get(item.whole())
        except ObjectNotFoundError:
            break
        most -= len(data)
        if most >= 0 or not found:
            found.append(data)
        item = Item(box, Sort.LOG, log, item.seq + 1)
    return found
