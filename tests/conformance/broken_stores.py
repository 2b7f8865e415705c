"""Stores that break one rule each, as a careless backend might, and the check that must notice.

Each is the memory backend with one fault, so nothing else can be what a check complains about.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from time import sleep

from msgspec import structs

from sealhold.model.errors import FenceLostError, InvalidError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords
from sealhold.stores.spec import (
    Bump,
    Cursor,
    Delete,
    Expect,
    Fence,
    Found,
    Guard,
    Kept,
    Key,
    Op,
    Outcome,
    Page,
    Put,
    ReadView,
    Result,
    Unit,
)

_SEEN_GROWING = 1_000_000  # bytes; what takes less time to write is seen by nobody
_WRITES_FOR = 0.005  # seconds
Finish = Callable[[Sequence[Result]], Sequence[Op]]


class TornUnits(MemoryRecords):
    """Applies what stands before the operation that fails."""

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        results = []
        for unit in units:
            result = Result(Outcome.APPLIED)
            for at, op in enumerate(unit.ops):
                [alone] = super().commit([Unit((op,))], lambda _results: [], fence)
                if alone.outcome is not Outcome.APPLIED:
                    result = replace(alone, failed_at=at)
                    break
                result = replace(result, removed=result.removed + alone.removed)
            results.append(result)
        super().commit([], lambda _results: finish(results), fence)
        return results


class DeafToExpect(MemoryRecords):
    """Writes whatever is there."""

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        deaf = [Unit(tuple(_expecting_nothing(op) for op in unit.ops)) for unit in units]
        return super().commit(deaf, finish, fence)


class UncappedBumps(MemoryRecords):
    """Adds beyond the cap."""

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        free = [Unit(tuple(_without_cap(op) for op in unit.ops)) for unit in units]
        return super().commit(free, finish, fence)


class KeepsWhatFinishRefused(MemoryRecords):
    """Commits the units though the closing operations failed."""

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        results = super().commit(units, lambda _results: [], fence)
        super().commit([], lambda _results: finish(results), fence)
        return results


class NoFence(MemoryRecords):
    """Writes for anybody who ever held the lease."""

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        for newer in range(fence, fence + 5):
            with suppress(FenceLostError):
                return super().commit(units, finish, Fence(newer))
        raise FenceLostError


class OneBatchBehind(MemoryRecords):
    """Reads the state before the newest batch."""

    _before: ReadView | None = None

    def commit(self, units: Sequence[Unit], finish: Finish, fence: Fence) -> list[Result]:
        with super().snapshot() as view:
            self._before = view
        return super().commit(units, finish, fence)

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        if self._before is None:
            return super().get(table, keys, most=most)
        return self._before.get(table, keys, most=most)


class MovingSnapshots(MemoryRecords):
    """Gives itself as a snapshot."""

    def snapshot(self) -> AbstractContextManager[ReadView]:
        return nullcontext(self)


class ClosedBounds(MemoryRecords):
    """Takes the upper bound for one that still counts."""

    def scan(  # the contract's
        self,
        table: str,
        index: str,
        lo: Key,
        hi: Key,
        *,
        after: Cursor | None = None,
        limit: int = 1_000,
        reverse: bool = False,
        most: int | None = None,
    ) -> Page:
        open_hi = (*hi[:-1], hi[-1] + 1) if hi and isinstance(hi[-1], int) else hi
        return super().scan(
            table, index, lo, open_hi, after=after, limit=limit, reverse=reverse, most=most
        )


class PagesByCountAlone(MemoryRecords):
    """Gives as many rows as are asked for, however long they are."""

    def scan(  # the contract's
        self,
        table: str,
        index: str,
        lo: Key,
        hi: Key,
        *,
        after: Cursor | None = None,
        limit: int = 1_000,
        reverse: bool = False,
        most: int | None = None,
    ) -> Page:
        ask = partial(super().scan, table, index, lo, hi, reverse=reverse, most=most)
        page = ask(after=after, limit=limit)
        rows = [*page.rows]
        while page.cursor is not None and len(rows) < limit:
            page = ask(after=page.cursor, limit=limit - len(rows))
            rows += page.rows
        return Page(rows, page.cursor)


class WholeRows(MemoryRecords):
    """Gives long cells also to whoever does not want them."""

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        del most
        return super().get(table, keys)


class OverwritingPuts(MemoryObjects):
    """Replaces what is there."""

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        self.delete(name)
        return super().put(name, sealed)


class LostRenames(MemoryObjects):
    """Never gives a new object its name, as after a rename that no folder sync made last."""

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        return super().put(ObjectName(f"{name}.part"), sealed)


class TornPuts(MemoryObjects):
    """Shows an object before all of it is there, as a folder without trailers would."""

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        half = SealedBytes(sealed[: len(sealed) // 2])
        if len(sealed) < _SEEN_GROWING or super().put(name, half) is Kept.EXISTS:
            return super().put(name, sealed)
        sleep(_WRITES_FOR)
        self.delete(name)
        return super().put(name, sealed)


class EverybodyWins(MemoryObjects):
    """Tells each of many writers that the object is theirs."""

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        super().put(name, sealed)
        return Kept.CREATED


class ShortReads(MemoryObjects):
    """Returns what there is of a range."""

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        with suppress(TamperedError):
            return super().get(name, offset, length)
        return SealedBytes(super().get(name)[offset:])


class AnyName(MemoryObjects):
    """Takes every name for a good one."""

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        try:
            return super().put(name, sealed)
        except InvalidError:
            return Kept.CREATED


class NamesAsTheyCame(MemoryObjects):
    """Lists names in the order of their puts."""

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        return iter(sorted(super().names(prefix), key=len))


RECORDS: dict[type[MemoryRecords], str] = {
    TornUnits: "a_failed_unit_leaves_no_trace_and_the_others_whole",
    DeafToExpect: "an_expectation_that_does_not_hold_is_a_conflict_and_changes_nothing",
    UncappedBumps: "a_bump_adds_up_to_its_cap_and_no_further",
    KeepsWhatFinishRefused: "an_operation_of_finish_that_fails_takes_the_whole_batch_back",
    NoFence: "a_lease_that_another_took_over_writes_nothing_more",
    OneBatchBehind: "a_read_after_a_commit_sees_it_in_every_thread",
    MovingSnapshots: "a_snapshot_stays_while_commits_go_on",
    PagesByCountAlone: "a_page_ends_before_its_sealed_cells_have_too_many_bytes",
    WholeRows: "a_long_sealed_cell_is_left_out_where_it_is_not_wanted",
    ClosedBounds: "bounds_take_the_lower_and_leave_the_upper_also_as_prefixes",
}
OBJECTS: dict[type[MemoryObjects], str] = {
    OverwritingPuts: "a_taken_name_keeps_its_first_bytes",
    LostRenames: "objects_of_any_length_come_back_whole",
    TornPuts: "a_reader_sees_all_of_an_object_or_none",
    EverybodyWins: "of_many_writers_at_once_exactly_one_creates",
    ShortReads: "a_range_beyond_the_end_is_an_error_and_no_short_answer",
    AnyName: "a_hostile_name_is_refused_before_anything_is_touched",
    NamesAsTheyCame: "names_come_once_in_byte_order_below_their_prefix",
}


def _expecting_nothing(op: Op) -> Op:
    return structs.replace(op, expect=Expect.ANY) if isinstance(op, Put | Delete | Guard) else op


def _without_cap(op: Op) -> Op:
    return structs.replace(op, cap=2**63 - 1) if isinstance(op, Bump) else op
