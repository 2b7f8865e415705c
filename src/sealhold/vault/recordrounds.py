"""Reads and new records that come in one round: decided each by itself, written together.

- Each rests on its own rows and has its own entry of the log, as if it had come alone. They share
  one piece of work: guards, entries and rows of all.
- What is not plain goes by itself: a refusal, a record that is not there or is over, a lease, long
  content, the second of two for one record. So does each if something changed that one of them was
  decided on.
- Who asks learns nothing of who else was in the round.

Source: docs/spec/25-records-of-people.md section 5.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from sealhold.audit.log import Entry
from sealhold.model.contents import LONG_CONTENT
from sealhold.model.errors import InvalidError, SealBrokenError
from sealhold.model.ids import RecordId
from sealhold.model.personrecords import Content, RecordHead, RecordView
from sealhold.model.underway import Underway
from sealhold.policy.contents import check_types
from sealhold.stores.spec import Found, Guard, Op
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_records
from sealhold.vault.keyblocks import KEY_BLOCKS, Held, KeyBlocks
from sealhold.vault.keyslots import For
from sealhold.vault.personrows import RECORDS, Stand, is_left_out
from sealhold.vault.recordasking import Asking, RecordUse, RecordUses
from sealhold.vault.recordwriting import Before, Fresh, put_ops, until
from sealhold.vault.steps import Steps, begun
from sealhold.vault.writer import Work

MOST_BYTES = 2_097_152  # of content that is written together
NOTHING_THERE = Before(None, ())


class Read(NamedTuple):
    """A record that somebody wants."""

    asking: Asking
    collection: str
    record: RecordId


class New(NamedTuple):
    """A record that is not there yet."""

    asking: Asking
    collection: str
    record: RecordId
    content: Content
    plain: bytes  # packed


class _Chosen(NamedTuple):
    """A read that was decided on, and what it found."""

    nth: int
    use: RecordUse
    found: Found
    stand: Stand


class RecordRounds:
    """Takes many uses of records at once; each gives what it would give alone, or None."""

    def __init__(self, core: Core, uses: RecordUses, blocks: KeyBlocks) -> None:
        self._core = core
        self._uses = uses
        self._blocks = blocks

    def get(self, wanted: Sequence[Read]) -> Underway[list[RecordView | SealBrokenError | None]]:
        """Return records; None for each that is to be asked for alone.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        return begun(self._get(wanted), self._core.writer)

    def put(self, wanted: Sequence[New]) -> Underway[list[RecordHead | InvalidError | None]]:
        """Keep new records; None for each that is to be kept alone.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing was kept.
            StoreFullError: no room; nothing was kept.
        """
        return begun(self._put(wanted), self._core.writer)

    def _get(self, wanted: Sequence[Read]) -> Steps[list[RecordView | SealBrokenError | None]]:
        came: list[RecordView | SealBrokenError | None] = [None] * len(wanted)
        chosen = self._chosen(wanted)
        if not chosen:
            return came
        store = self._core.store
        places = [(use.asking.subject, stand.key.block) for _, use, _, stand in chosen]
        blocks = store.get(KEY_BLOCKS.name, places)
        on = _on([use for _, use, _, _ in chosen])
        guards = tuple([Guard(RECORDS.name, found.row[:3], found.v) for _, _, found, _ in chosen])
        entries = tuple([_entry(use, "read", stand.record) for _, use, _, stand in chosen])
        if not (yield Work(guards, entries, releases=True, on=on)):
            return came
        for (nth, use, found, stand), block in zip(chosen, blocks, strict=True):
            _, keys = use.use.whole()
            rows = {stand.key.block: block}
            try:
                (content,) = open_records(use.decision, keys, For.CURRENT, (found,), rows)
                came[nth] = RecordView(head=stand.head(keys.subject), content=content)
            except SealBrokenError as err:
                came[nth] = err
        return came

    def _chosen(self, wanted: Sequence[Read]) -> list[_Chosen]:
        now = self._core.clock()
        keys = [(each.asking.subject, each.collection, each.record) for each in wanted]
        # THREAT T434: many long contents at once are not read, and each goes by itself
        rows = self._core.store.get(RECORDS.name, keys, most=LONG_CONTENT)
        chosen = []
        for nth, (each, found) in enumerate(zip(wanted, rows, strict=True)):
            if found is None or is_left_out(found):
                continue
            stand = Stand.of(found)
            use = self._permitted(each, reads=True)
            if use is not None and not stand.is_over(now):
                chosen.append(_Chosen(nth, use, found, stand))
        return chosen

    def _put(self, wanted: Sequence[New]) -> Steps[list[RecordHead | InvalidError | None]]:
        came: list[RecordHead | InvalidError | None] = [None] * len(wanted)
        helds: list[Held] = []
        uses: list[RecordUse] = []
        stands: list[tuple[int, Stand]] = []
        ops: list[Op] = []
        size, now, seen = 0, self._core.clock(), set()
        try:
            for nth, each in enumerate(wanted):
                place = (each.asking.subject, each.collection, each.record)
                use = self._permitted(each)
                if use is None or place in seen or size > MOST_BYTES:
                    continue
                seen.add(place)
                (_, keys), laid = use.use.whole(), use.rule_of
                try:
                    check_types(laid.rule.fields, each.content)
                except InvalidError as err:
                    came[nth] = err
                    continue
                held = self._blocks.hold(keys, (), 1)
                if not isinstance(held, Held):
                    continue
                helds.append(held)
                fresh = Fresh(laid.name, each.record, each.plain, until(laid.rule, now), now)
                stand, more = put_ops(self._core, keys, held, NOTHING_THERE, fresh, 0)
                ops += more
                ops += held.ops()
                uses.append(use)
                stands.append((nth, stand))
                size += 2 * len(each.plain)
            if not uses:
                return came
            entries = tuple(
                [_entry(use, "kept", at.record) for use, (_, at) in zip(uses, stands, strict=True)]
            )
            # THREAT T243: a record that is there by now fails the whole, and each goes by itself
            if not (yield Work(tuple(ops), entries, size=size, on=_on(uses))):
                return came
            for held in helds:
                held.kept()
        finally:
            for held in helds:
                held.release()
        for use, (nth, stand) in zip(uses, stands, strict=True):
            came[nth] = stand.head(use.asking.subject)
        return came

    def _permitted(self, each: Read | New, *, reads: bool = False) -> RecordUse | None:
        """Return a use that the policy permits, and that may be decided on together with others."""
        try:
            use = self._uses.of(each.asking, each.collection, reads=reads)
        except SealBrokenError:  # which is told to whoever asks for it alone
            return None
        return use if use.on and use.decision.permit and not use.counted else None


def _entry(use: RecordUse, reason: str, record: RecordId) -> Entry:
    return use.entry(use.event(reason, (record,)))


def _on(uses: Sequence[RecordUse]) -> tuple[Op, ...]:
    """Return what all of them were decided on; of equal uses once."""
    several = {id(use): use.on for use in uses}
    return tuple(chain.from_iterable(several.values()))
