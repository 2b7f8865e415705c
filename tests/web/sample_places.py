"""What the sample vault's owner does about sources: it keeps the contract, and reads nothing."""

from dataclasses import replace
from hashlib import sha256

from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    LoginNeededError,
    NotFoundError,
    SourceAwayError,
    WrongPassphraseError,
)
from sealhold.model.ids import JobId, Kind, SourceId, parse_id
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.model.shown import MapPreview, Recognised, SourceView
from sealhold.model.shown.steering import (
    PlaceDraft,
    PlaceKind,
    PlaceLook,
    PlaceView,
    ReadingView,
)
from tests.web.sample_data import NOW, id_of
from tests.web.sample_state import SampleState

KINDS = (
    ("folder", "A folder of this machine, each file by what it is.", "~/Rides", True, True),
    ("drop", "A folder that you drop files into.", "~/Drop", True, False),
    ("imap", "Mail on a server, over IMAP.", "imaps://alice@mail.example.org", False, True),
)
OPTIONS = {"folders": "which folders, by name, with commas; without it all but `Junk`"}


class SampleMappings:
    """What was said about tables."""

    def __init__(self, vault: SampleState) -> None:
        self._vault = vault

    def names(self) -> tuple[str, ...]:
        return tuple(self._vault.mappings)

    def keep(self, preview: MapPreview, /) -> object:
        self._vault.mappings.append(preview.name)
        return preview

    def forget(self, name: str, /) -> object:
        if name not in self._vault.mappings:
            raise NotFoundError(f"no mapping `{name}`")
        self._vault.mappings.remove(name)
        return name


class SamplePlaces:
    """The sources of the sample vault, in the hands of its owner."""

    def __init__(self, vault: SampleState) -> None:
        self._vault = vault

    def kinds(self) -> tuple[PlaceKind, ...]:
        return tuple(
            PlaceKind(
                kind=kind,
                about=about,
                place=place,
                options=OPTIONS if kind == "imap" else {},
                is_local=is_local,
                can_stay=can_stay,
            )
            for kind, about, place, is_local, can_stay in KINDS
        )

    def all(self) -> tuple[PlaceView, ...]:
        return tuple(map(self._view, self._vault.source_views))

    def show(self, id_text: str) -> PlaceView:
        tail = parse_id(Kind.SOURCE, id_text)
        for each in self.all():
            if each.source.id.endswith(tail):
                return each
        raise NotFoundError(f"no source `{id_text}`")

    def lying(self, id_text: str) -> tuple[Recognised, ...]:
        if self._named(id_text).kind != "folder":
            raise SourceAwayError("no such folder")
        return (
            Recognised(name="saturday.gpx", size=1_200, what="GPX 1.1", why="", is_table=False),
            Recognised(name="x.bin", size=3, what="", why="no connector knows it", is_table=False),
        )

    def look(self, draft: PlaceDraft, passphrase: str) -> PlaceLook:
        self._prove(passphrase)
        if draft.kind == "imap" and not draft.secret:
            raise LoginNeededError("the server refuses the account")
        if "away" in draft.place:
            raise SourceAwayError("no such folder")
        return PlaceLook(
            sentence="12 files", settings=(("place", draft.place),), columns=(), asks=()
        )

    def add(self, draft: PlaceDraft, passphrase: str) -> PlaceView:
        self.look(draft, passphrase)
        if any(each.name == draft.name for each in self._vault.source_views):
            raise ConflictError(f"a source is called `{draft.name}` already")
        added = SourceView(
            id=SourceId(id_of(draft.name)),
            name=draft.name,
            connector=draft.kind,
            state="added",
            last_run=None,
            items=0,
            rejected=0,
            error=None,
            remedy=None,
            kind=draft.kind,
            mode=draft.mode,
            place=draft.place,
            schedule=draft.schedule,
        )
        self._vault.source_views.append(added)
        return self._view(added)

    def run(self, id_text: str) -> PlaceView:
        source = self._named(id_text)
        if source.state == "paused":
            raise ConflictError(f"`{source.name}` is paused")
        self._vault.being_read.add(source.id)
        return self._view(source)

    def pause(self, id_text: str) -> PlaceView:
        return self._keep(self._named(id_text), state="paused", error=None)

    def resume(self, id_text: str) -> PlaceView:
        return self._keep(self._named(id_text), state="done")

    def schedule(self, id_text: str, schedule: str) -> PlaceView:
        if schedule not in {"", "6h", "daily 03:00 Europe/Paris"}:
            raise InvalidError("say `6h`, `30m`, `2d`, or `daily 03:00 Europe/Paris`")
        return self._keep(self._named(id_text), schedule=schedule)

    def login(self, id_text: str, secret: str, passphrase: str) -> PlaceView:
        source = self._named(id_text)
        self._prove(passphrase)
        if secret != "right":
            raise LoginNeededError("the server refuses the account")
        return self._keep(source, state="done", error=None, remedy=None)

    def accept(self, id_text: str, shown: str, passphrase: str) -> PlaceView:
        source = self._proven(id_text, shown, passphrase)
        return self._keep(source, state="done", error=None, remedy=None)

    def set_mode(self, id_text: str, mode: str, shown: str, passphrase: str) -> PlaceView:
        return self._keep(self._proven(id_text, shown, passphrase), mode=mode, items=0)

    def remove(self, id_text: str, shown: str, passphrase: str) -> None:
        self._vault.source_views.remove(self._proven(id_text, shown, passphrase))

    def take_back(self, id_text: str, job_text: str, shown: str, passphrase: str) -> int:
        source = self._proven(id_text, shown, passphrase, is_named=False)
        parse_id(Kind.JOB, job_text)
        self._keep(source, items=0, state="undone")
        return source.items

    def _named(self, id_text: str) -> SourceView:
        source = self.show(id_text).source
        if source.kind == "file":
            raise NotFoundError(f"no source is called `{source.name}`")
        return source

    def _proven(
        self, id_text: str, shown: str, passphrase: str, *, is_named: bool = True
    ) -> SourceView:
        source = self._named(id_text) if is_named else self.show(id_text).source
        if shown != self._view(source).digest:
            raise ConflictError("this source is not as it was shown any more")
        self._prove(passphrase)
        return source

    def _prove(self, passphrase: str) -> None:
        if not self._vault.verify_passphrase(passphrase):
            raise WrongPassphraseError

    def _keep(self, source: SourceView, **fields: object) -> PlaceView:
        after = replace(source, **fields)  # type: ignore[arg-type]  # reason: names of fields
        views = self._vault.source_views
        views[[each.id for each in views].index(source.id)] = after
        return self._view(after)

    def _view(self, source: SourceView) -> PlaceView:
        is_read = source.id in self._vault.being_read
        readings = () if source.last_run is None else _readings(source, source.last_run)
        return PlaceView(
            source=source,
            digest=sha256(repr(source).encode()).hexdigest(),
            is_read=is_read,
            so_far=1204 if is_read else 0,
            settings=(("place", source.place),) if source.place else (),
            datasets=("messages",) if source.connector == "imap" else (),
            has_account=source.connector == "imap",
            can_stay=source.kind in {"imap", "folder"},
            readings=readings,
            count=len(readings),
        )


def _readings(source: SourceView, last: Instant) -> tuple[ReadingView, ...]:
    return tuple(
        ReadingView(
            id=JobId(id_of(f"reading {age} of {source.name}")),
            file=source.name,
            state=source.state if age == 0 else "done",
            started=Instant(last - age * 24 * HOUR),
            ended=Instant(last - age * 24 * HOUR + MINUTE),
            new=source.items if age else 7,
            changed=age,
            same=2,
            rejected=0 if age else source.rejected,
            error=source.error if age == 0 else None,
            can_go=True,
        )
        for age in range(2)
    )


def being_read(vault: SampleState) -> SourceId:
    """Let a place of the sample vault be read at this moment, and return its id."""
    source = SourceView(
        id=SourceId(id_of("calendar at home")),
        name="Calendar at home",
        connector="caldav",
        state="done",
        last_run=Instant(NOW - HOUR),
        items=861,
        rejected=0,
        error=None,
        remedy=None,
        kind="caldav",
        place="https://alice@cal.example.org/",
        schedule="daily 03:00 Europe/Paris",
        reached=Instant(NOW - HOUR),
    )
    vault.source_views.append(source)
    vault.being_read.add(source.id)
    return source.id
