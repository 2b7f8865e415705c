"""Texts that people are shown for a processing: their digests, languages and versions.

- A text belongs to one edition; of another edition nobody saw it. The vault keeps no text, so what
  was shown is shown again by whoever keeps it, and compared by its digest.
- Notices are only added. Each is sealed and bound to its row.

Source: docs/spec/26-processings.md section 6.
"""

import re
from collections.abc import Iterator

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ExhaustedError, InvalidError
from sealhold.model.ids import Id16, NoticeId, ProcessingId, random_id
from sealhold.model.processing import NoticeView
from sealhold.stores.spec import ColumnKind, Expect, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.processings import Processing
from sealhold.vault.writer import Work

NOTICES = TableSpec(
    name="notice",
    columns={
        "id": ColumnKind.ID16,
        "processing": ColumnKind.ID16,
        "edition": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"processing": ("processing", "id")},
)
MOST = 200  # of one processing: 24 languages, and room for corrections
DIGEST = re.compile(r"[0-9a-f]{64}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class Notices:
    """The notices of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add(
        self, processing: Processing, digest: str, language: str, version: str, actor: Actor
    ) -> NoticeView:
        """Note that people may be shown a text for this edition of a processing.

        Raises:
            InvalidError: a digest, language tag or version of another form.
            ExhaustedError: there are as many as there may be.
            ConflictError: the processing was changed in this very moment.
        """
        if not DIGEST.fullmatch(digest):
            raise InvalidError("a text is named by its SHA-256 digest, in 64 hex digits")
        if not (LANGUAGE.fullmatch(language) and VERSION.fullmatch(version)):
            raise InvalidError("a language is a tag such as `de`, a version such as `1.0`")
        if sum(1 for _ in self.of(processing.id)) >= MOST:
            raise ExhaustedError(f"a processing has at most {MOST} notices")
        core, made = self._core, NoticeId(random_id(self._core.entropy))
        clear, at = (made, processing.id, processing.edition), core.clock()
        sealed = core.papers.seal(NOTICES.name, clear, [digest, language, version, at])
        event = Event(
            kind=EventKind.PROCESSING,
            actor=actor,
            app=processing.app,
            reason="given_a_notice",
            digest=bytes.fromhex(digest),
        )
        ops = (processing.guard, Put(NOTICES.name, (*clear, sealed), Expect.ABSENT))
        core.writer.commit(Work(ops, (Entry(event=event),)))
        return NoticeView(
            notice=made,
            processing=processing.id,
            edition=processing.edition,
            digest=digest,
            language=language,
            version=version,
            at=at,
        )

    def of(self, processing: ProcessingId) -> Iterator[NoticeView]:
        """Yield the notices of a processing.

        Raises:
            SealBrokenError: one is not as it was written.
        """
        for found in rows_of(self._core.store, NOTICES, "processing", processing):
            *clear, sealed = found.row
            paper = self._core.papers.open(NOTICES.name, tuple(clear), sealed)
            digest, language, version, at = paper
            yield NoticeView(
                notice=NoticeId(Id16(clear[0])),
                processing=processing,
                edition=clear[2],
                digest=digest,
                language=language,
                version=version,
                at=at,
            )

    def find(self, processing: Processing, digest: str) -> NoticeView | None:
        """Return the notice of this edition with that digest."""
        found = (each for each in self.of(processing.id) if each.edition == processing.edition)
        return next((each for each in found if each.digest == digest), None)
