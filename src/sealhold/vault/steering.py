"""What their owner does about sources, from a page: looked at, added, read, changed, removed.

- What brings data in anew or destroys what is kept takes the passphrase; what only stops does not.
- What cannot be undone is done to a source as it was shown: whoever says so hands back the digest
  of what they read, and a source that moved on since is left as it is.
- A reading that is begun here goes on by itself; how far it is stands in its job.

Source: docs/spec/36-sources.md section 7.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from sealhold.connectors.pulling import Puller, Where
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import ConflictError, NotFoundError, WrongPassphraseError
from sealhold.model.ids import Kind, SourceId, parse_id
from sealhold.model.shown import Recognised, SourceView
from sealhold.model.shown.steering import (
    PlaceDraft,
    PlaceKind,
    PlaceLook,
    PlaceView,
    ReadingView,
)
from sealhold.vault.accounts import Accounts
from sealhold.vault.catalogue import LEFT, UNDONE, Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.sourcestates import PAUSED
from sealhold.vault.standing import Standing

TOLD = 20  # readings of one source
LOOKED = 50  # files of a folder
_FOLDERS = frozenset({"drop", "folder"})
_KEPT = frozenset({"dataset", "datasets", "shape", "map", "since"})  # settings that no person said


class Steering:
    """The sources of a vault, in the hands of its owner."""

    def __init__(
        self,
        core: Core,
        standing: Standing,
        kinds: Callable[[], Sequence[Puller]],
        verify: Callable[[str], bool],
        aside: Callable[[Callable[[], None]], None],
        undo: Callable[[JobRow], int],
        recognise: Callable[[Mapping[Path, str]], tuple[Recognised, ...]],
    ) -> None:
        """Take the sources, what proves their owner, what runs aside, and what files know."""
        self._standing = standing
        self._kinds = kinds
        self._verify = verify
        self._aside = aside
        self._undo = undo
        self._recognise = recognise
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._accounts = Accounts(core.store, core.papers, core.owner)
        self._begun: set[SourceId] = set()  # readings that were begun here and have not ended

    # --- what there is ---

    def kinds(self) -> tuple[PlaceKind, ...]:
        """Return the kinds of places that a source may be."""
        return tuple(
            PlaceKind(
                kind=each.kind,
                about=each.about,
                place=each.place,
                options=dict(each.options),
                is_local=each.is_local,
                can_stay=each.can_stay,
            )
            for each in self._kinds()
        )

    def all(self) -> tuple[PlaceView, ...]:
        """Return every source, the one that ran last first."""
        rows = {row.id: row for row in self._catalogue.sources()}
        jobs = self._catalogue.jobs()
        return tuple(self._view(rows[each.id], each, jobs) for each in self._catalogue.shown())

    def show(self, id_text: str) -> PlaceView:
        """Return one source.

        Raises:
            NotFoundError: there is none of that id.
        """
        tail = parse_id(Kind.SOURCE, id_text)
        for each in self.all():
            if each.source.id.endswith(tail):
                return each
        raise NotFoundError(f"no source `{id_text}`")

    def lying(self, id_text: str) -> tuple[Recognised, ...]:
        """Return what the first files are that lie in a folder; nothing is taken in.

        Raises:
            NotFoundError: no named source of that id.
            SourceAwayError: the folder is not there.
        """
        source = self._named(id_text)
        if source.kind not in _FOLDERS:
            return ()
        puller = next(each for each in self._kinds() if each.kind == source.kind)
        pieces = puller.pull(Where(settings=source.settings), None)
        return self._recognise({each.path: each.name for each in islice(pieces, LOOKED)})

    # --- a place that is new ---

    def look(self, draft: PlaceDraft, passphrase: str) -> PlaceLook:
        """Look whether a place can be read; nothing is kept.

        Raises:
            WrongPassphraseError: the owner is not proven.
            InvalidError: no such kind, or options that it does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        # THREAT T432: a look opens files and servers, so a session alone gets none
        self._prove(passphrase)
        found = self._standing.check(draft.kind, _settings(draft), draft.secret)
        columns = () if found.dataset is None else found.dataset.columns
        return PlaceLook(
            sentence=found.sentence,
            settings=_told(found.settings),
            columns=tuple(f"{each.name}, {each.type.value}" for each in columns),
            asks=found.asks,
        )

    def add(self, draft: PlaceDraft, passphrase: str) -> PlaceView:
        """Add a place under a name, once it was seen that it can be read.

        Raises:
            WrongPassphraseError: the owner is not proven.
            ConflictError: another source has the name, or its dataset means something else here.
            InvalidError: no such kind, mode or schedule, or options that the kind does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        # THREAT T432: what a place gives is believed to be its owner's
        self._prove(passphrase)
        added = self._standing.add(
            draft.name,
            draft.kind,
            _settings(draft),
            draft.secret,
            mode=draft.mode,
            schedule=draft.schedule,
        )
        return self._shown(added)

    # --- what is easily undone ---

    def run(self, id_text: str) -> PlaceView:
        """Begin to read a source now, and return at once.

        Raises:
            NotFoundError: no named source of that id.
            ConflictError: it is paused, or is being read at this moment.
        """
        source = self._named(id_text)
        if source.state == PAUSED:
            raise ConflictError(f"`{source.name}` is paused")
        if self._is_read(source):
            raise ConflictError(f"`{source.name}` is being read at this moment")
        self._begun.add(source.id)

        def read() -> None:
            try:
                self._standing.pull(source)  # its state says what happened
            finally:
                self._begun.discard(source.id)

        self._aside(read)
        return self._shown(source)

    def pause(self, id_text: str) -> PlaceView:
        """Read a source no more until it is resumed.

        Raises:
            NotFoundError: no named source of that id.
        """
        return self._shown(self._standing.pause(self._named(id_text)))

    def resume(self, id_text: str) -> PlaceView:
        """Go on reading a source.

        Raises:
            NotFoundError: no named source of that id.
            ConflictError: it is not paused.
        """
        return self._shown(self._standing.resume(self._named(id_text)))

    def schedule(self, id_text: str, schedule: str) -> PlaceView:
        """Say when a source is read by itself; empty: when it is told to.

        Raises:
            NotFoundError: no named source of that id.
            InvalidError: it is no schedule.
        """
        return self._shown(self._standing.schedule(self._named(id_text), schedule))

    # --- what needs the passphrase ---

    def login(self, id_text: str, secret: str, passphrase: str) -> PlaceView:
        """Take the secret of an account anew, once the place takes it.

        Raises:
            NotFoundError: no named source of that id.
            WrongPassphraseError: the owner is not proven.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        source = self._named(id_text)
        self._prove(passphrase)
        return self._shown(self._standing.login(source, secret))

    def accept(self, id_text: str, shown: str, passphrase: str) -> PlaceView:
        """Take the shape that a place has now for the right one; it is read whole next time.

        Raises:
            NotFoundError: no named source of that id.
            WrongPassphraseError: the owner is not proven.
            ConflictError: the source is not as it was shown, or its dataset has other columns.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        return self._shown(self._standing.accept(self._proven(id_text, shown, passphrase)))

    def set_mode(self, id_text: str, mode: str, shown: str, passphrase: str) -> PlaceView:
        """Keep a source's items here, or leave them where they lie and destroy what is kept.

        Raises:
            NotFoundError: no named source of that id.
            WrongPassphraseError: the owner is not proven.
            ConflictError: the source is not as it was shown, or is being read.
            InvalidError: no such mode, or not for this kind.
            SourceAwayError: to keep them they must be read, and it cannot be reached.
        """
        return self._shown(self._standing.set_mode(self._proven(id_text, shown, passphrase), mode))

    def remove(self, id_text: str, shown: str, passphrase: str) -> None:
        """Forget a place and its account; items that were kept from it stay.

        Raises:
            NotFoundError: no named source of that id.
            WrongPassphraseError: the owner is not proven.
            ConflictError: the source is not as it was shown, or is being read.
        """
        self._standing.remove(self._proven(id_text, shown, passphrase))

    def take_back(self, id_text: str, job_text: str, shown: str, passphrase: str) -> int:
        """Take back what one reading of a source brought, and return how many items that were.

        Raises:
            NotFoundError: no such source, or none of its readings has that id.
            WrongPassphraseError: the owner is not proven.
            ConflictError: the source is not as it was shown, or a later reading changed its items.
        """
        view = self._same(id_text, shown)
        self._prove(passphrase)
        job = self._catalogue.find_job(job_text)
        if job.source != view.source.id:
            raise NotFoundError(f"no reading `{job_text}` of this source")
        return self._undo(job)

    # --- parts ---

    def _named(self, id_text: str) -> SourceRow:
        """Return a source that can be read again.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._standing.find(self.show(id_text).source.name)

    def _proven(self, id_text: str, shown: str, passphrase: str) -> SourceRow:
        source = self._standing.find(self._same(id_text, shown).source.name)
        self._prove(passphrase)
        return source

    def _same(self, id_text: str, shown: str) -> PlaceView:
        view = self.show(id_text)
        # THREAT T433: what cannot be undone is done to what was read on the page, or not at all
        if view.digest != shown:
            raise ConflictError("this source is not as it was shown any more")
        return view

    def _prove(self, passphrase: str) -> None:
        if not self._verify(passphrase):
            raise WrongPassphraseError

    def _is_read(self, source: SourceRow) -> bool:
        return source.id in self._begun or self._standing.is_read(source)

    def _shown(self, source: SourceRow) -> PlaceView:
        return next(each for each in self.all() if each.source.id == source.id)

    def _view(self, row: SourceRow, source: SourceView, jobs: Sequence[JobRow]) -> PlaceView:
        mine = [job for job in jobs if job.source == row.id]
        is_read = self._is_read(row)
        last = mine[-1] if mine else None
        so_far = 0 if last is None or last.ended else last.new + last.changed + last.same
        told = [[job.id, job.state, job.new, job.changed] for job in mine]
        body: list[Plain] = [row.name, row.state, row.why, row.mode, row.schedule, told]
        return PlaceView(
            source=source,
            digest=sha256(pack([*body, [list(each) for each in _told(row.settings)]])).hex(),
            is_read=is_read,
            so_far=so_far if is_read else 0,
            settings=_told(row.settings),
            datasets=_datasets(row, mine),
            has_account=row.named and self._accounts.has(row.id),
            can_stay=row.named and self._can_stay(row.kind),
            readings=tuple(_reading(job) for job in mine[: -TOLD - 1 : -1]),
            count=len(mine),
        )

    def _can_stay(self, kind: str) -> bool:
        return any(each.kind == kind and each.can_stay for each in self._kinds())


def _settings(draft: PlaceDraft) -> dict[str, Plain]:
    said = {name: text for name, text in draft.options.items() if text}
    return {"place": draft.place, **said}


def _told(settings: Mapping[str, Plain]) -> tuple[tuple[str, str], ...]:
    """Return the settings that a person may read, in order."""
    return tuple(sorted((n, str(v)) for n, v in settings.items() if n not in _KEPT))


def _datasets(row: SourceRow, jobs: Sequence[JobRow]) -> tuple[str, ...]:
    declared, named = row.settings.get("dataset"), row.settings.get("datasets")
    found = {str(name) for job in jobs if job.state != UNDONE for name in job.by_collection}
    if isinstance(declared, dict):
        found.add(str(declared["name"]))
    if isinstance(named, list):
        found |= set(map(str, named))
    return tuple(sorted(found))


def _reading(job: JobRow) -> ReadingView:
    return ReadingView(
        id=job.id,
        file=job.file,
        state=job.state,
        started=job.started,
        ended=job.ended,
        new=job.new,
        changed=job.changed,
        same=job.same,
        rejected=job.rejected,
        error=job.error,
        can_go=job.state not in (UNDONE, LEFT) and job.ended is not None,
    )
