"""The statements of a vault, as its owner has them made: of a month, from the log and nothing else.

- One snapshot of the log is read, from its first entry on; nothing is kept of it.
- An entry that is not what was written ends the reading: then `audit verify` names what is wrong.

Source: docs/spec/40-statement.md.
"""

from collections.abc import Iterator
from itertools import islice

from sealhold.audit.log import Appender, read_head
from sealhold.audit.logexport import write_export
from sealhold.audit.oddities import LOOKED_BACK, is_watched, oddities
from sealhold.audit.reading import Line, read_all, read_entries
from sealhold.audit.statement import draw_up, read_month
from sealhold.audit.statementpaper import sign_statement
from sealhold.audit.sums import Noted
from sealhold.audit.tables import CHECKPOINT, Openers, checkpoint_aad
from sealhold.crypto.merkle import EMPTY_ROOT
from sealhold.crypto.note import VerifierKey, open_note, parse_checkpoint
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.errors import LockedError, TamperedError
from sealhold.model.ids import GrantId
from sealhold.model.quantities import DAY
from sealhold.model.shown.statement import Mark, Odd, Statement
from sealhold.policy.names import visible
from sealhold.stores.spec import ReadView
from sealhold.vault.catalogue import Catalogue
from sealhold.vault.core import Core
from sealhold.vault.registry import Registry

ALERTED = 30 * DAY  # how old an alert may be that is still told


class Statements:
    """Makes statements of one vault's log."""

    def __init__(
        self, core: Core, appender: Appender, openers: Openers, registry: Registry
    ) -> None:
        self._core = core
        self._appender = appender
        self._openers = openers
        self._registry = registry

    def statement(self, month_text: str) -> Statement:
        """Return the statement of a month, written as `2026-10`.

        Raises:
            InvalidError: it is no month.
            TamperedError: the log is not what was written.
        """
        month, now = read_month(month_text), self._core.clock()
        with self._core.store.snapshot() as view:
            drawn = draw_up(map(noted_of, read_all(view, self._openers)), month, now)
            begin, *_ = self._mark(view, drawn.first)
            end, note, signer = self._mark(view, drawn.last)
        return Statement(
            drawn=drawn,
            made=now,
            over=now >= month.end,
            log=str(signer),
            begin=begin,
            end=end,
            note=note,
            names=self._names(),
        )

    def paper(self, statement: Statement) -> bytes:
        """Return a statement as the vault signs it."""
        return sign_statement(statement, self._core.keyring.signer("proof-sign"))

    def export(self) -> Iterator[bytes]:
        """Yield the whole log, as `sealhold verify --log` reads it."""
        with self._core.store.snapshot() as view:
            note = read_head(view, self._own(), self._appender.known).note
            signer = open_note(note, self._appender.known).signers[0]
            yield from write_export(read_all(view, self._openers), note, signer)

    def alerts(self) -> tuple[Odd, ...]:
        """Return the odd uses of the last 30 days, the newest first."""
        with self._core.store.snapshot() as view:
            newest = map(noted_of, islice(read_entries(view, self._openers), LOOKED_BACK))
            told = [each for each in newest if each.logged and is_watched(each.logged.event)]
        since = self._core.clock() - ALERTED
        found = oddities(reversed(told))
        return tuple(each for each in reversed(found) if each.at >= since)

    def grant_of(self, odd: Odd) -> GrantId | None:
        """Return the one grant that all entries of an alert are about, if one is."""
        with self._core.store.snapshot() as view:
            found = {self._grant_at(view, seq) for seq in odd.indices}
        return found.pop() if len(found) == 1 else None

    def _grant_at(self, view: ReadView, seq: int) -> GrantId | None:
        line = next(iter(read_entries(view, self._openers, before=seq + 1)), None)
        if line is None or line.logged is None or line.leaf.seq != seq:
            return None
        return line.logged.event.grant

    def _mark(self, view: ReadView, size: int) -> tuple[Mark, str, VerifierKey]:
        """Return the log at one size, the checkpoint that says so, and the key that signed it.

        Raises:
            TamperedError: there is no such checkpoint.
        """
        if not size:
            return Mark(size=0, root=EMPTY_ROOT.hex()), "", self._appender.key
        found = view.get(CHECKPOINT.name, [(size,)])[0]
        if found is None:
            raise TamperedError(f"the checkpoint of {size} entries is missing")
        note = self._own().open(bytes(found.row[1]), checkpoint_aad(size)).decode()
        opened = open_note(note, self._appender.known)
        root = parse_checkpoint(opened.text).root.hex()
        return Mark(size=size, root=root), note, opened.signers[0]

    def _own(self) -> Sealer:
        own = self._openers(NOBODY)
        if own is None:
            raise LockedError("the log's own key is not at hand")
        return own

    def _names(self) -> dict[str, str]:
        catalogue = Catalogue(self._core.store, self._core.papers, self._core.owner)
        names = {app.id.hex(): visible(app.name) for app in self._registry.all()}
        names |= {source.id.hex(): visible(source.name) for source in catalogue.sources()}
        return names


def noted_of(line: Line) -> Noted:
    """Return an entry in its place."""
    return Noted(line.leaf.seq, line.leaf.hash, line.logged)
