"""Who did what with a person's data, and when: read from the log.

- The log's index says which entries are theirs: a page of this tells nothing of how much others
  did, and neither does the place from which the next page goes on, which is sealed.
- A run's entries are those that name it; a person sees their own of them.

Source: docs/spec/26-processings.md section 8.
"""

import base64
import binascii
from collections.abc import Generator
from contextlib import closing
from itertools import islice, takewhile

from sealhold.audit.event import Event, EventKind, Logged
from sealhold.audit.log import size_of
from sealhold.audit.reading import open_leaf, read_entries
from sealhold.audit.spans import leaves_of
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import InvalidError, NotFoundError, SealBrokenError
from sealhold.model.ids import AppId, GrantId, Id16, RunId
from sealhold.model.processing import UseLine, UsesPage
from sealhold.model.quantities import Instant
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.leases import Leases
from sealhold.vault.registry import Registry
from sealhold.vault.speaking import Speaker, Speaking
from sealhold.vault.subjects import events_of
from sealhold.vault.telling import PersonTeller
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work

CURSOR = b"uses"


class UsesOf:
    """Reads uses from the log of one vault."""

    def __init__(self, core: Core, registry: Registry, uses: Uses) -> None:
        self._core = core
        self._registry = registry
        self._speaking = Speaking(core, uses)
        self._processings = uses.processings
        self._leases = Leases(core)
        self._log = Sealer(core.keyring.named("log"))

    def person(self, who: Speaker, before: str, limit: int) -> UsesPage:
        """Return uses of one person's data, the newest first; `before` is where to go on.

        That somebody reads them is an entry too, which the next page from the beginning shows.

        Raises:
            DeniedError: not one of this app's people.
            InvalidError: `before` is no place that an earlier page named.
        """
        use = self._speaking.use(who)
        _, keys = use.whole()
        tag = Id16(PersonTeller(keys).subject)
        with closing(self._of(tag, keys.events, self._place(keys, before))) as mine:
            found = list(islice(mine, limit + 1))
        told = use.entry(use.event(EventKind.SAY, "uses_shown"))
        self._core.writer.commit(Work((*who.guards, *use.guards(())), (told,), releases=True))
        shown = found[:limit]
        return UsesPage(
            uses=tuple(map(self._line, shown)),
            before=self._cursor(keys, shown[-1].seq) if len(found) > limit else "",
        )

    def run(self, run: RunId, only: SubjectKeys | None, limit: int) -> tuple[UseLine, ...]:
        """Return what a run did, the newest first; for a person what it did with their data.

        Raises:
            NotFoundError: there never was such a run.
        """
        _, _, since = self._leases.origin(run)
        with closing(self._since(since, only)) as entries:
            of_run = (each for each in entries if each.event.grant == GrantId(run))
            return tuple(map(self._line, islice(of_run, limit)))

    def _of(self, tag: Id16, sealer: Sealer, before: int | None) -> Generator[Logged, None, None]:
        """Yield the entries of one person, the newest first."""
        known = self._core.writer.load.log_size
        with self._core.store.snapshot() as view:
            size = size_of(view, known)
            for leaf in leaves_of(view, self._log, tag, size, before, newest_first=True):
                logged = open_leaf(leaf, lambda _: sealer).logged
                if logged is not None:
                    yield logged

    def _since(self, since: Instant, only: SubjectKeys | None) -> Generator[Logged, None, None]:
        """Yield entries, or those of one person, the newest first down to a time."""
        if only is not None:
            mine = self._of(Id16(PersonTeller(only).subject), only.events, None)
            with closing(mine):
                yield from takewhile(lambda logged: logged.at >= since, mine)
            return
        for line in read_entries(self._core.store, self._opener):
            logged = line.logged
            if logged is None:
                continue
            if logged.at < since:
                return
            yield logged

    def _opener(self, subject: Id16) -> Sealer | None:
        if subject == NOBODY:
            return self._log
        if subject == self._core.owner:
            return self._core.keys.events
        return events_of(self._core, subject)

    def _line(self, logged: Logged) -> UseLine:
        event = logged.event
        run, processing = self._run_of(event)
        return UseLine(
            at=logged.at,
            app=self._name(event.app),
            actor=event.actor.name.lower(),
            what=f"{event.kind.name.lower()}: {(event.reason or '').replace('_', ' ')}",
            purpose=event.purpose or "",
            collection=event.collection or "",
            fields=tuple(map(str, event.fields)),
            outcome=event.outcome.name.lower(),
            run=run,
            processing=processing,
        )

    def _run_of(self, event: Event) -> tuple[RunId | None, str]:
        if event.grant is None:
            return None, ""
        run = RunId(event.grant)
        try:
            _, processing, _ = self._leases.origin(run)
            return run, self._processings.get(processing).terms.name
        except NotFoundError:
            return None, ""

    def _name(self, app: AppId | None) -> str:
        try:
            return self._registry.get(app).name if app else ""
        except NotFoundError:
            return ""

    def _cursor(self, keys: SubjectKeys, seq: int) -> str:
        sealed = keys.papers.seal(pack(seq), CURSOR, self._core.entropy)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    @staticmethod
    def _place(keys: SubjectKeys, text: str) -> int | None:
        if not text:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            place: int = unpack_own(keys.papers.open(sealed, CURSOR))
        except (binascii.Error, ValueError, SealBrokenError) as err:
            raise InvalidError("`before` is not what an earlier page named") from err
        return place
