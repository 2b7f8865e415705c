"""The sample vault's parts for reading: sources, records, log, budgets."""

import json
from collections import Counter
from dataclasses import replace

from sealhold.model.errors import (
    CapTooHighError,
    ConflictError,
    InvalidError,
    NotFoundError,
)
from sealhold.model.ids import (
    JobId,
    Kind,
    parse_id,
)
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import (
    Hits,
    ItemView,
    LedgerLine,
    LogState,
    Meter,
    RequestState,
)
from sealhold.model.shown.budgets import CapLook, CapView, Opening
from sealhold.model.shown.keys import LogKeysView, LogKeyView
from sealhold.model.shown.origins import OriginView, VersionView
from tests.web import sample_data as data
from tests.web.sample_state import Part, merkle


class SampleOrigins(Part):
    """Why items are here."""

    def why(self, id_text: str) -> OriginView:
        item = SampleRecords(self._vault).get(id_text)
        versions = tuple(
            VersionView(
                version=number,
                job=JobId(data.id_of(f"job {number}")),
                file="" if number == 1 else f"calendar.ics{self._vault.stranger}",
                at=None if number == 1 else data.NOW,
                input="ab" * 16,
                snapshot=None if number == 1 else number,
            )
            for number in range(item.version, 0, -1)
        )
        return OriginView(
            id=item.id,
            collection=item.collection,
            version=item.version,
            source=item.source,
            connector=item.provenance.connector,
            connector_version=item.provenance.connector_version,
            position=item.provenance.position,
            original_id=item.provenance.original_id,
            content=item.provenance.content_hash.hex(),
            versions=versions,
        )


class SampleRecords(Part):
    """The owner's own reading."""

    @property
    def origins(self) -> SampleOrigins:
        return SampleOrigins(self._vault)

    def search(self, words: str, cursor: str | None, limit: int) -> Hits:
        found = tuple(
            line
            for line in self._vault.item_lines
            if all(word.lower() in f"{line.title} {line.snippet}".lower() for word in words.split())
        )
        return self._page(found, cursor, limit)

    def timeline(self, cursor: str | None, limit: int) -> Hits:
        return self._page(self._vault.item_lines, cursor, limit)

    def get(self, id_text: str) -> ItemView:
        wanted = parse_id(Kind.RECORD, id_text)
        for line in self._vault.item_lines:
            if line.id.endswith(wanted):
                return data.item_view(line, tuple(self._vault.lines[-2:]))
        raise NotFoundError(f"no item `{id_text}`")

    def today(self) -> tuple[tuple[int, int], ...]:
        if not self._vault.item_lines:
            return ()
        return ((7, 31), (8, 12), (9, 6), (10, 4), (11, 9), (12, 14), (13, 22), (14, 3))

    def _page(self, lines: tuple[object, ...], cursor: str | None, limit: int) -> Hits:
        if cursor is not None and not cursor.isdigit():
            raise InvalidError("not a cursor")
        start = int(cursor or 0)
        shown = self._vault.item_lines if lines is self._vault.item_lines else lines
        page = tuple(line for line in shown[start : start + limit])
        end = start + limit
        return Hits(
            items=page,  # type: ignore[arg-type]  # reason: narrowed by the callers
            total=len(shown),
            by_collection=dict(Counter(line.collection for line in shown)),  # type: ignore[attr-defined]
            cursor=str(end) if end < len(shown) else None,
        )


class SampleAudit(Part):
    """What happened."""

    def ledger(self, before: int | None, limit: int) -> tuple[LedgerLine, ...]:
        below = [one for one in self._vault.lines if before is None or one.seq < before]
        return tuple(reversed(below[-limit:]))

    def state(self) -> LogState:
        leaves = [bytes.fromhex(line.leaf) for line in self._vault.lines]
        root = merkle(leaves).hex()
        return LogState(
            size=len(leaves),
            root=root,
            at=data.NOW,
            key_digest=data.digest("log key"),
            checkpoint=f"sealhold.example/alice\n{len(leaves)}\n{root}\n\n— sig AAAA\n",
            whole=self._vault.whole,
            faults=() if self._vault.whole is not False else ("entry 2 does not fit its leaf",),
        )

    def verify(self) -> LogState:
        self._vault.whole = self._vault.broken_leaf is None
        return self.state()

    def proof(self, seq: int) -> bytes:
        if not 0 <= seq < len(self._vault.lines):
            raise NotFoundError(f"no entry {seq}")
        return json.dumps({"seq": seq}).encode()

    def keys(self) -> LogKeysView:
        key = LogKeyView(1, "ab" * 32, "sealhold/0123+89ab+key", "active")
        return LogKeysView(origin="sealhold/0123", keys=(key,), notes=())

    def keys_file(self) -> bytes:
        raise NotFoundError("the log has its first key still")

    def leaf_hashes(self) -> tuple[str, ...]:
        return tuple(
            line.leaf if line.seq != self._vault.broken_leaf else data.digest("forged")
            for line in self._vault.lines
        )


class SampleBudgets(Part):
    """How much was told."""

    def meters(self) -> tuple[Meter, ...]:
        waiting = sum(
            card.cost_per_answer
            for card in self._vault.cards.values()
            if card.state is RequestState.WAITING
        )
        used = self._vault.used()
        return (
            Meter(label="All askers", used=used, pending=MicroBits(waiting), cap=data.YEAR_CAP),
        )

    def caps(self) -> tuple[CapView, ...]:
        return tuple(
            CapView(
                kind=kind,
                cap=cap,
                default=data.DEFAULTS[kind],
                highest=data.bits(1_024),
                budgets=self._told(kind, cap),
            )
            for kind, cap in self._vault.caps.items()
        )

    def look(self, kind_text: str, cap: MicroBits) -> CapLook:
        if kind_text not in self._vault.caps:
            raise NotFoundError(f"no cap `{kind_text}`")
        if cap > data.bits(1_024):
            raise CapTooHighError("too high")
        before = self._vault.caps[kind_text]
        return CapLook(
            kind=kind_text,
            before=before,
            after=cap,
            budgets=self._told(kind_text, cap),
            opens=tuple(
                Opening(request=card.id, asker=card.asker.name, label=card.answer.label)
                for card in self._vault.cards.values()
                if card.state is RequestState.WAITING and before < card.cost_per_answer <= cap
            ),
        )

    def set_cap(
        self,
        kind_text: str,
        cap: MicroBits,
        shown: MicroBits,
        passphrase: str,
        *,
        confirmed: bool = False,
    ) -> CapView:
        look = self.look(kind_text, cap)
        if look.before != shown:
            raise ConflictError("the cap is no longer the one that was shown")
        if look.raises and not confirmed:
            raise InvalidError("`raise` was not confirmed")
        self._vault.need(passphrase)
        self._vault.caps[kind_text] = cap
        return next(view for view in self.caps() if view.kind == kind_text)

    def _told(self, kind: str, cap: MicroBits) -> tuple[Meter, ...]:
        if kind == "all":
            return (replace(self.meters()[0], pending=MicroBits(0), cap=cap),)
        if kind == "app":
            apps = self._vault.app_views.values()
            return tuple(replace(app.meter, label=app.name, cap=cap) for app in apps)
        return ()
