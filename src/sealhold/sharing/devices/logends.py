"""Where the logs of removed devices end: what was said of it, and what of that counts.

- Of an end each author's word is kept by itself, and one counts that is said for a removal that
  counts, by who wrote that removal, an admin still or not. Of several the highest number holds.
- What came after its author's own end counts for nothing. So the ends follow from the entries that
  are here and the membership log alone, in whichever order those came.

Source: docs/spec/11-exchange-and-op-log.md section 8.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError, SealholdError, TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.circle import Circle
from sealhold.sharing.devices.contents import epoch_of_note, open_note
from sealhold.sharing.devices.membership import MembershipLog
from sealhold.sharing.devices.memberstate import Standing
from sealhold.sharing.devices.oplog import HASH_BYTES, MAX_SEQ, Head, LogId
from sealhold.sharing.devices.ops import NoteOp, Operation

CUT_KIND: Final = "cut"  # of notes, by the device that was removed

Removals = Mapping[bytes, Mapping[bytes, bytes]]  # of a device: each that counts, its author
Ends = dict[bytes, dict[bytes, int]]  # of a device: by incarnation, the last number that counts


def removals(log: MembershipLog) -> Removals:
    """Return the removals of all devices that are removed."""
    state = log.state()
    return {
        device: {
            each: log.entry(each).draft.actor for each in member.ended_by if each not in state.void
        }
        for device, member in state.members.items()
        if member.standing is Standing.REMOVED
    }


class _Said(NamedTuple):
    """A word on where the logs of a device end."""

    device: bytes
    removal: bytes  # the entry of the membership log that it is said for
    ends: dict[bytes, int]
    log: LogId  # whose word it is
    seq: int


class LogEnds:
    """What was said in a collection of the ends of logs. For one thread."""

    def __init__(self, collection: bytes, circle: Circle) -> None:
        self._collection = collection
        self._circle = circle
        self._said: list[_Said] = []

    def took(self, log: LogId, seq: int, ops: Iterable[Operation]) -> None:
        """Note what an entry says, whether the entry counts or not; what is no such note is none.

        Args:
            log: whose entry.
            seq: its number.
            ops: what it tells.
        """
        for op in ops:
            if isinstance(op, NoteOp) and op.kind == CUT_KIND:
                try:
                    removal, ends = _read(self._opened(op))
                except SealholdError:
                    continue
                self._said.append(_Said(op.key, removal, ends, log, seq))

    def counting(self, removals: Removals) -> Ends:
        """Return the ends that count."""
        # THREAT T600: nobody but who removed a device says where its logs end, least of all itself
        said = [
            each
            for each in self._said
            if removals.get(each.device, {}).get(each.removal) == each.log.device != each.device
        ]
        found: Ends = {each.device: {} for each in said}
        ended: set[bytes] = set()
        while more := [each for each in said if _stands(each, found)]:
            for each in more:
                own = found[each.device]
                own.update({name: max(seq, own.get(name, 0)) for name, seq in each.ends.items()})
                ended.add(each.device)
            said = [each for each in said if each not in more]
        return {device: found[device] for device in ended}

    def owed(self, removals: Removals, author: bytes) -> list[tuple[bytes, bytes]]:
        """Return the removals by one author without a word on the end: each device, and removal."""
        said = {(each.device, each.removal) for each in self._said if each.log.device == author}
        return [
            (device, removal)
            for device, found in sorted(removals.items())
            for removal, by in sorted(found.items())
            if by == author != device and (device, removal) not in said
        ]

    def _opened(self, op: NoteOp) -> Plain:
        secret = self._circle.epoch(epoch_of_note(op.sealed))
        if secret is None:
            raise TamperedError("a note under an epoch that is not known here")
        return open_note(op.sealed, self._collection, op.kind, secret)


def told_end(removal: bytes, heads: Iterable[tuple[LogId, Head]]) -> Plain:
    """Return the note on where the logs of a device end, for one removal of it."""
    return [removal, [[log.incarnation, head.seq] for log, head in heads]]


def _stands(said: _Said, found: Ends) -> bool:
    """Return whether a word is not behind the end of its own author's log."""
    own = found.get(said.log.device)
    return own is None or said.seq <= own.get(said.log.incarnation, 0)


def _read(told: Plain) -> tuple[bytes, dict[bytes, int]]:
    match told:
        case [bytes(removal), list(ends)] if len(removal) == HASH_BYTES:
            return removal, dict(_end(each) for each in ends)
        case _:
            raise InvalidEncodingError("an end of logs names a removal and numbers")


def _end(told: Plain) -> tuple[bytes, int]:
    match told:
        case [bytes(incarnation), int(seq)] if len(incarnation) == ID_BYTES and 0 <= seq < MAX_SEQ:
            return incarnation, seq
        case _:
            raise InvalidEncodingError("an end of a log names an incarnation and a number")
