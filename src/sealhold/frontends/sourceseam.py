"""What a face may ask of the vault about sources: files, tables, places that are read again.

A part of the contract in `seam.py`, whose rules hold here too.

Source: docs/spec/20-faces.md section 1; docs/spec/36-sources.md section 7.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from sealhold.model.shown import (
    ImportReport,
    MapPreview,
    Recognised,
    SourceView,
    TableLook,
)
from sealhold.model.shown.steering import PlaceDraft, PlaceKind, PlaceLook, PlaceView


class Progress(Protocol):
    """Hears how far an import is."""

    def __call__(self, done: int, total: int, /) -> None:
        """Take note that `done` of `total` bytes were read."""
        ...


class Mappings(Protocol):
    """What the owner said about tables."""

    def names(self) -> tuple[str, ...]:
        """Return what each mapping is called."""
        ...

    def keep(self, preview: MapPreview, /) -> object:
        """Keep a mapping: files with its header become bookings from now on.

        Raises:
            ConflictError: there is one for this header.
        """
        ...

    def forget(self, name: str, /) -> object:
        """Forget a mapping; what came by it stays.

        Raises:
            NotFoundError: there is none of that name.
        """
        ...


class Places(Protocol):
    """What the owner does about sources.

    `shown` is the digest of the source as its owner read it. `WrongPassphraseError` is raised
    where the passphrase is no proof, `NotFoundError` where there is no such source.
    """

    def kinds(self) -> tuple[PlaceKind, ...]:
        """Return the kinds of places that a source may be."""
        ...

    def all(self) -> tuple[PlaceView, ...]:
        """Return every source, the one that ran last first."""
        ...

    def show(self, id_text: str) -> PlaceView:
        """Return one source."""
        ...

    def lying(self, id_text: str) -> tuple[Recognised, ...]:
        """Return what the first 50 files are that lie in a folder; nothing is taken in.

        Raises:
            SourceAwayError: the folder is not there.
        """
        ...

    def look(self, draft: PlaceDraft, passphrase: str) -> PlaceLook:
        """Look whether a place can be read; nothing is kept.

        Raises:
            InvalidError: no such kind, or options that it does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        ...

    def add(self, draft: PlaceDraft, passphrase: str) -> PlaceView:
        """Add a place under a name, once it was seen that it can be read.

        Raises:
            ConflictError: another source has the name.
            InvalidError: no such kind, mode or schedule, or options that it does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        ...

    def run(self, id_text: str) -> PlaceView:
        """Begin to read a source now, and return at once.

        Raises:
            ConflictError: it is paused, or is being read at this moment.
        """
        ...

    def pause(self, id_text: str) -> PlaceView:
        """Read a source no more until it is resumed."""
        ...

    def resume(self, id_text: str) -> PlaceView:
        """Go on reading a source.

        Raises:
            ConflictError: it is not paused.
        """
        ...

    def schedule(self, id_text: str, schedule: str) -> PlaceView:
        """Say when a source is read by itself; empty: when it is told to.

        Raises:
            InvalidError: it is no schedule.
        """
        ...

    def login(self, id_text: str, secret: str, passphrase: str) -> PlaceView:
        """Take the secret of an account anew, once the place takes it.

        Raises:
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        ...

    def accept(self, id_text: str, shown: str, passphrase: str) -> PlaceView:
        """Take the shape that a place has now for the right one; it is read whole next time.

        Raises:
            ConflictError: the source is not as it was shown.
            SourceAwayError: it cannot be reached.
        """
        ...

    def set_mode(self, id_text: str, mode: str, shown: str, passphrase: str) -> PlaceView:
        """Keep a source's items here, or leave them where they lie and destroy what is kept.

        Raises:
            ConflictError: the source is not as it was shown, or is being read.
            InvalidError: no such mode, or not for this kind.
            SourceAwayError: to keep them they must be read, and it cannot be reached.
        """
        ...

    def remove(self, id_text: str, shown: str, passphrase: str) -> None:
        """Forget a place and its account; items that were kept from it stay.

        Raises:
            ConflictError: the source is not as it was shown, or is being read.
        """
        ...

    def take_back(self, id_text: str, job_text: str, shown: str, passphrase: str) -> int:
        """Take back what one reading of a source brought, and return how many items that were.

        Raises:
            ConflictError: the source is not as it was shown, or a later reading changed its items.
        """
        ...


class Sources(Protocol):
    """Where the data comes from."""

    def list(self) -> tuple[SourceView, ...]:
        """Return each source once, the one that ran last first."""
        ...

    def import_file(self, name: str, path: Path, progress: Progress) -> ImportReport:
        """Read the file at `path`, called `name` by its owner, into the vault.

        A file that no connector reads is reported, not raised.
        """
        ...

    def recognise(self, files: Mapping[Path, str]) -> tuple[Recognised, ...]:
        """Return what each file is, called so by its owner; of an archive, each in it.

        Nothing is taken in.
        """
        ...

    def table_look(self, path: Path) -> TableLook:
        """Return the columns of the table at `path`, with samples and what each may be.

        Raises:
            UnreadableSourceError: the file is no table.
        """
        ...

    def map_preview(self, path: Path, said: Mapping[str, str]) -> MapPreview:
        """Return what the table at `path` would be as bookings, by what the owner says of it.

        Raises:
            InvalidError: the words do not fit the table, or leave open how it is written.
            UnreadableSourceError: the file is no table.
        """
        ...

    @property
    def maps(self) -> Mappings:
        """What the owner said about tables."""
        ...

    @property
    def places(self) -> Places:
        """What the owner does about sources."""
        ...
