"""Operations as they go into entries: in parts, and told again where an entry counts no more.

- What is told again keeps its time and its operations, so nothing counts twice; a note under an
  epoch that counts no more is sealed anew, since others may not have that epoch.

Source: docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from sealhold.model.clock import Clock, Entropy
from sealhold.sharing.devices.circle import Circle
from sealhold.sharing.devices.contents import epoch_of_note, open_note, seal_note
from sealhold.sharing.devices.logicaltime import LogicalTime, following
from sealhold.sharing.devices.oplog import MAX_TOLD, Head, LogId, Told
from sealhold.sharing.devices.ops import NoteOp, Operation, size_of

ROOM = 4_096  # bytes of an entry that its time and heads may take


def told_in_parts(
    ops: list[Operation], heads: tuple[tuple[LogId, Head], ...], last: LogicalTime, clock: Clock
) -> Iterator[Told]:
    """Yield what entries tell that operations go into; at least one, if there are none.

    Args:
        ops: the operations.
        heads: what the first entry tells of other logs.
        last: the time that all is after.
        clock: what tells the time.
    """
    for number, part in enumerate(_parts(ops)):
        time = following(last, clock())
        yield Told(time, () if number else heads, tuple(part))
        last = time._replace(step=time.step + len(part))


def _parts(ops: list[Operation]) -> Iterator[list[Operation]]:
    """Yield operations in parts that each fit into an entry; at least one, if there are none."""
    part: list[Operation] = []
    size = 0
    for op in ops:
        length = size_of(op)
        if part and size + length > MAX_TOLD - ROOM:
            yield part
            part, size = [], 0
        part.append(op)
        size += length
    yield part


def untold(counts: Iterable[Told], left: Iterable[Told]) -> list[Told]:
    """Return what entries tell that do not count, each once, without what others tell that do."""
    known = {_mark(each) for each in counts}
    found = {_mark(each): each for each in left}
    return [replace(each, heads=()) for mark, each in found.items() if mark not in known]


def told_again(told: Told, collection: bytes, circle: Circle, entropy: Entropy) -> Told:
    """Return what an entry told, as others can read it.

    Raises:
        NoEpochError: there is no epoch that every member has.
    """
    return replace(told, ops=tuple(_again(op, collection, circle, entropy) for op in told.ops))


def _again(op: Operation, collection: bytes, circle: Circle, entropy: Entropy) -> Operation:
    if not isinstance(op, NoteOp) or circle.epoch(epoch_of_note(op.sealed)) is not None:
        return op
    secret = circle.epoch(epoch_of_note(op.sealed), kept=True)
    if secret is None:
        return op
    told = open_note(op.sealed, collection, op.kind, secret)
    epoch, fresh = circle.current()
    return NoteOp(op.kind, op.key, seal_note(told, collection, op.kind, epoch, fresh, entropy))


def _mark(told: Told) -> Hashable:
    """Return what tells an entry from others of a device, however its notes are sealed."""
    ops = ((op.kind, op.key) if isinstance(op, NoteOp) else op for op in told.ops)
    return told.time, tuple(ops)
