"""The door for records of people: a token, ids, and what the vault gives or refuses.

- A token is looked at first, at each call: an app's, or that of the person themselves. Ids are
  whole; what is none is told before anything is looked up.
- The owner's side, the collections, takes the passphrase: it says what strangers may keep.

Source: docs/spec/25-records-of-people.md.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from sealhold.audit.event import Actor
from sealhold.compute.bulkdoor import BulkDoor
from sealhold.compute.severally import each_of, merged
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    DeniedError,
    InvalidIdError,
    SealholdError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    ID_BYTES,
    AppId,
    Collection,
    Id16,
    Kind,
    RecordId,
    SubjectId,
    parse_id,
)
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
from sealhold.model.repeats import Claim
from sealhold.model.underway import Underway
from sealhold.vault.attaching import Attachments, Given, Of
from sealhold.vault.collectionrules import Collections, Laid
from sealhold.vault.personrecords import At, packed_content
from sealhold.vault.personrecords import PersonRecords as Rows
from sealhold.vault.principals import Principals
from sealhold.vault.recordasking import Asking
from sealhold.vault.recordrounds import New, Read
from sealhold.vault.registry import Registry


class Kept(NamedTuple):
    """What of the vault keeps records."""

    rows: Rows
    bulk: BulkDoor
    attached: Attachments


class PersonRecords:
    """What holders of tokens may do with records of people, and the owner with collections."""

    def __init__(
        self,
        kept: Kept,
        collections: Collections,
        principals: Principals,
        registry: Registry,
        verify: Callable[[str], bool],
        lease: str = "",
    ) -> None:
        self._kept = kept
        self._rows, self._bulk, self._attached = kept
        self._collections = collections
        self._principals = principals
        self._registry = registry
        self._verify = verify
        self._lease = lease

    def under(self, lease: str) -> "PersonRecords":
        """Return the same door for a run that reads by `lease`."""
        parts = (self._kept, self._collections, self._principals, self._registry)
        return PersonRecords(*parts, self._verify, lease)

    def collections(self, app_text: str) -> tuple[CollectionView, ...]:
        """Return the collections of an app, by name.

        Raises:
            NotFoundError: no app of that id or name.
        """
        app = self._registry.find(app_text)
        return tuple(map(_shown, self._collections.all(app.id)))

    def collection(self, app_text: str, name: str) -> CollectionView:
        """Return one collection of an app; without a rule while nothing was laid down.

        Raises:
            NotFoundError: no app of that id or name.
        """
        app = self._registry.find(app_text)
        laid = self._collections.get(app.id, name)
        return _shown(laid) if laid else _empty(app.id, name)

    def lay_down(
        self, app_text: str, name: str, rule: CollectionRule, passphrase: str
    ) -> CollectionView:
        """Lay down a collection of an app.

        Raises:
            NotFoundError: no app of that id or name.
            WrongPassphraseError: the owner is not proven.
            InvalidError: the rule breaks the format, or takes away what is kept already.
        """
        app = self._registry.find(app_text)
        if not self._verify(passphrase):
            raise WrongPassphraseError
        return _shown(self._collections.lay_down(app, name, rule))

    def get(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> Underway[RecordView]:
        """Return a record.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        asking, at = self._asking(token, id_text, purpose), _at(collection, record_text)
        return self._rows.get(asking, at)

    def get_many(
        self, wanted: Sequence[Reading]
    ) -> Underway[list[RecordView | SealholdError | None]]:
        """Return records that are asked for in one moment; None for one to be asked for alone."""

        def read(one: Reading) -> Read:
            asking = self._asking(one.token, one.place.subject, one.place.purpose)
            return Read(asking, one.place.collection, _record(one.place.record))

        came, nths, reads = each_of(wanted, read)
        return self._rows.rounds.get(reads).then(partial(merged, came, nths))

    def put_many(
        self, wanted: Sequence[Making]
    ) -> Underway[list[RecordHead | SealholdError | None]]:
        """Keep new records that come in one moment; None for one that is to be kept alone."""

        def new(one: Making) -> New:
            asking = self._changing(one.token, one.place.subject, one.place.purpose)
            record = _record(one.place.record)
            plain = packed_content(one.content)
            return New(asking, one.place.collection, record, one.content, plain)

        came, nths, made = each_of(wanted, new)
        return self._rows.rounds.put(made).then(partial(merged, came, nths))

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
        asking, at = self._asking(token, id_text, purpose), _at(collection, record_text)
        return self._rows.get_version(asking, at, version)

    def versions(
        self, token: str, id_text: str, collection: str, record_text: str, purpose: str
    ) -> Underway[VersionsView]:
        """Return which versions of a record are kept.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        asking, at = self._asking(token, id_text, purpose), _at(collection, record_text)
        return self._rows.versions(asking, at)

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
        asking = self._asking(token, id_text, purpose)
        after = RecordId(_whole(Kind.RECORD, after_text)) if after_text else None
        return self._rows.page(asking, collection, after, limit)

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
        asking, at = self._changing(token, id_text, purpose), _at(collection, record_text)
        return self._rows.put(asking, at, content, expected)

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
        asking, at = self._changing(token, id_text, purpose), _at(collection, record_text)
        return self._rows.patch(asking, at, patch, expected)

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
        asking, at = self._changing(token, id_text, purpose), _at(collection, record_text)
        return self._rows.delete(asking, at, expected)

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
        return self._bulk.load(token, id_text, lines, purpose, claim)

    def attachments(self, token: str, place: RecordPlace) -> AttachmentsView:
        """Return the attachments of a record, without content.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: one of the ids is no whole one.
        """
        return self._attached.listed(*self._placed(token, place))

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
        asking, at = self._placed_for_change(token, place)
        given = Given(media, content)
        return self._attached.put(asking, Of(at, number), given, expected)

    def attachment(self, token: str, place: RecordPlace, number: int, span: Span) -> AttachmentView:
        """Return an attachment, or of its bytes those of `span`.

        Raises:
            DeniedError: whatever the reason.
            RangeError: it has no such bytes.
            InvalidIdError: one of the ids is no whole one.
        """
        asking, at = self._placed(token, place)
        return self._attached.get(asking, Of(at, number), span)

    def detach(self, token: str, place: RecordPlace, number: int, expected: int) -> AttachmentHead:
        """Take an attachment out.

        Raises:
            DeniedError: whatever the reason.
            StaleError: it is at another version.
            InvalidIdError: one of the ids is no whole one.
        """
        asking, at = self._placed_for_change(token, place)
        return self._attached.delete(asking, Of(at, number), expected)

    def _placed_for_change(self, token: str, place: RecordPlace) -> tuple[Asking, At]:
        asking = self._changing(token, place.subject, place.purpose)
        return asking, _at(place.collection, place.record)

    def _placed(self, token: str, place: RecordPlace) -> tuple[Asking, At]:
        asking = self._asking(token, place.subject, place.purpose)
        return asking, _at(place.collection, place.record)

    def _changing(self, token: str, id_text: str, purpose: str) -> Asking:
        """Return who wants to change something.

        Raises:
            DeniedError: whatever the reason.
        """
        asking = self._asking(token, id_text, purpose)
        # THREAT T298: an app that makes itself a link adds nothing in a person's name, nor takes it
        if asking.actor is Actor.PERSON and not self._principals.person(token).may_choose:
            raise DeniedError("denied")
        return asking

    def _asking(self, token: str, id_text: str, purpose: str) -> Asking:
        acting = self._principals.acting(token, SubjectId(_whole(Kind.SUBJECT, id_text)))
        # an app's own row is guarded by each of its uses
        guards = acting.guards if acting.actor is Actor.PERSON else ()
        return Asking(
            app=acting.app,
            subject=acting.subject,
            purpose=purpose,
            actor=acting.actor,
            guards=guards,
            lease=self._lease,
        )


def _record(text: str) -> RecordId:
    return RecordId(_whole(Kind.RECORD, text))


def _at(collection: str, record_text: str) -> At:
    return At(collection, _record(record_text))


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)


def _shown(laid: Laid) -> CollectionView:
    return CollectionView(app=laid.app, collection=laid.name, version=laid.version, rule=laid.rule)


def _empty(app: AppId, name: str) -> CollectionView:
    return CollectionView(app=app, collection=Collection(name), version=0, rule=None)
