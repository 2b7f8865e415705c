"""What a face may ask of the vault about records of people: a part of the contract in `seam.py`.

Source: docs/spec/25-records-of-people.md section 9.
"""

from collections.abc import Sequence
from typing import Protocol

from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError
from sealhold.model.personrecords import (
    AttachmentHead,
    AttachmentsView,
    AttachmentView,
    CollectionRule,
    CollectionView,
    Content,
    LineView,
    Making,
    Reading,
    RecordHead,
    RecordPage,
    RecordPlace,
    RecordView,
    Span,
    VersionsView,
)
from sealhold.model.repeats import Claim, Once
from sealhold.model.underway import Underway


class PersonRecords(Protocol):
    """Records of apps' people. Whoever holds a token learns an answer or `DeniedError`.

    An id that is no whole one, content of another form and a stale version are explained.
    """

    def collections(self, app_text: str) -> tuple[CollectionView, ...]:
        """Return the collections of an app, by name.

        Raises:
            NotFoundError: no app of that id or name.
        """
        ...

    def collection(self, app_text: str, name: str) -> CollectionView:
        """Return one collection of an app; without a rule while nothing was laid down.

        Raises:
            NotFoundError: no app of that id or name.
        """
        ...

    def lay_down(
        self, app_text: str, name: str, rule: CollectionRule, passphrase: str
    ) -> CollectionView:
        """Lay down a collection of an app.

        Raises:
            NotFoundError: no app of that id or name.
            WrongPassphraseError: the owner is not proven.
            InvalidError: the rule breaks the format, or takes away what is kept already.
        """
        ...

    def under(self, lease: str) -> "PersonRecords":
        """Return the same for a run that reads by `lease`."""
        ...

    def get(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> Underway[RecordView]:
        """Return a record.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def get_many(
        self, wanted: Sequence[Reading]
    ) -> Underway[list[RecordView | SealholdError | None]]:
        """Return records that are asked for in one moment; None for one to be asked for alone."""
        ...

    def put_many(
        self, wanted: Sequence[Making]
    ) -> Underway[list[RecordHead | SealholdError | None]]:
        """Keep new records that come in one moment; None for one that is to be kept alone."""
        ...

    def get_version(  # a place has so many parts
        self,
        token: str,
        id_text: str,
        collection: str,
        record_text: str,
        version: int,
        purpose: str,
    ) -> Underway[RecordView]:
        """Return one version of a record.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def versions(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> Underway[VersionsView]:
        """Return which versions of a record are kept.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def page(  # a page has so many sides
        self,
        token: str,
        id_text: str,
        collection: str,
        after_text: str,
        limit: int,
        purpose: str,
    ) -> Underway[RecordPage]:
        """Return up to `limit` records of a collection, from the one after `after_text` on.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def put(  # a change has so many sides
        self,
        token: str,
        id_text: str,
        collection: str,
        record_text: str,
        content: Content,
        expected: int | None,
        purpose: str,
    ) -> Underway[RecordHead]:
        """Make `content` the whole record, over version `expected`; if None, as a new one.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the record is at another version, or there is one.
            InvalidError: the content or an id has another form.
        """
        ...

    def patch(  # a change has so many sides
        self,
        token: str,
        id_text: str,
        collection: str,
        record_text: str,
        patch: Plain,
        expected: int,
        purpose: str,
    ) -> Underway[RecordHead]:
        """Change a record as a JSON Merge Patch says.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the record is at another version.
            InvalidError: what comes of it, or an id, has another form.
        """
        ...

    def delete(
        self,
        token: str,
        id_text: str,
        collection: str,
        record_text: str,
        expected: int,
        purpose: str,
    ) -> Underway[RecordHead]:
        """Take a record out with all its versions.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the record is at another version.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def bulk(
        self,
        token: str,
        id_text: str | None,
        lines: bytes,
        purpose: str,
        claim: Claim | None = None,
    ) -> tuple[LineView, ...]:
        """Keep a record for each line of JSON; with `id_text`, all of that one person.

        Raises:
            DeniedError: no token of an active app; what else may not be is told in its line.
            InvalidError: too many lines, or `id_text` is no whole id.
        """
        ...

    def attachments(self, token: str, place: RecordPlace) -> AttachmentsView:
        """Return the attachments of a record, without content.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def attach(  # a change has so many sides
        self,
        token: str,
        place: RecordPlace,
        number: int,
        media: str,
        content: bytes,
        expected: int | None,
    ) -> AttachmentHead:
        """Attach content to a record, over version `expected`; if None, as a new attachment.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the attachment is at another version, or there is one.
            InvalidError: too many, too large, no media type, or an id is no whole one.
        """
        ...

    def attachment(self, token: str, place: RecordPlace, number: int, span: Span) -> AttachmentView:
        """Return an attachment, or of its bytes those of `span`.

        Raises:
            DeniedError: whatever the reason.
            RangeError: it has no such bytes.
            InvalidIdError: one of the ids is no whole one.
        """
        ...

    def detach(self, token: str, place: RecordPlace, number: int, expected: int) -> AttachmentHead:
        """Take an attachment out.

        Raises:
            DeniedError: whatever the reason.
            StaleError: it is at another version.
            InvalidIdError: one of the ids is no whole one.
        """
        ...


class Repeats(Protocol):
    """Requests of apps that may come again."""

    def claim(self, token: str, once: Once) -> Claim:
        """Return the right to carry out a request of an app, or what was answered to it.

        Raises:
            DeniedError: no token of an active app, or it may keep nobody.
            StillRunningError: the same request is being carried out.
            OtherBodyError: another request came with this key.
        """
        ...
