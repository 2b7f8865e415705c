"""Taking a person's export in: the same profile and records, in the same versions, as a new person.

- The person gets another id here, under an app whose schema must know each field and collection.
- What they said is kept as it was: objections and restrictions hold, and no consent permits.
- If anything does not fit, the person is erased again: there is the whole of them, or nobody.

Source: docs/spec/27-rights.md section 9.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.contents import read_object
from sealhold.model.encoding import Plain
from sealhold.model.errors import BusyError, ConflictError, InvalidError
from sealhold.model.ids import (
    ID_BYTES,
    AppId,
    Collection,
    FieldName,
    Id16,
    Kind,
    RecordId,
    SubjectId,
    parse_id,
    random_id,
)
from sealhold.model.people import Lookup
from sealhold.model.quantities import Instant
from sealhold.model.rights import BroughtView
from sealhold.policy.contents import check_types
from sealhold.policy.profiles import decide_person
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.attaching import MAX_SIZE, MEDIA
from sealhold.vault.attaching import MOST as MOST_ATTACHED
from sealhold.vault.attachments import ATTACHMENTS, Attached, Paper, put_packs, seal_paper
from sealhold.vault.bringingsaid import FILE, said_in, taken_in
from sealhold.vault.collectionrules import Collections, Laid
from sealhold.vault.core import Core
from sealhold.vault.identifiable import seal_field
from sealhold.vault.keyblocks import Held, KeyBlocks
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For
from sealhold.vault.lookups import Tags
from sealhold.vault.parcel import Parcel
from sealhold.vault.people import People, check_value
from sealhold.vault.personpacks import Packed, PersonPacks, drop_packs
from sealhold.vault.personrecords import packed_content
from sealhold.vault.personrows import OLDER, RECORDS, Stand, seal_version
from sealhold.vault.pieces import is_unwritten
from sealhold.vault.says import Says
from sealhold.vault.strays import about_to_name
from sealhold.vault.subjects import Subjects
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work, bytes_of

LISTED = "attachments.ndjson"
AT_ONCE, BYTES_AT_ONCE = 32, 2_097_152  # records of one commit, and bytes of their lines
MOST = 200_000  # records of one export; their ids are in memory
MAX_VERSION = 2**53 - 1
_START = datetime(1970, 1, 1, tzinfo=UTC)


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of records."""

    id: str
    version: int
    current: bool
    written_at: str
    retain_until: str | None
    content: msgspec.Raw


class _AttachedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of attachments."""

    collection: str
    record: str
    number: int
    version: int
    media: str
    size: int
    written_at: str
    retain_until: str | None
    file: str


class _Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a profile."""

    value: str | int | bool
    category: str
    purposes: list[str]
    version: int
    retain_until: str | None


class _Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `profile.json`."""

    subject: str
    version: int
    made_at: str
    fields: dict[str, _Field]


@dataclass(slots=True)
class _Count:
    records: int = 0
    older: int = 0
    attachments: int = 0


class Bringing:
    """Takes exports in."""

    def __init__(self, core: Core, uses: Uses, people: People) -> None:
        self._core = core
        self._uses = uses
        self._people = people
        self._subjects = Subjects(core)
        self._collections = Collections(core)

    def bring(self, app: AppId, data: bytes, key: bytes) -> BroughtView:
        """Take in an export that the holder of `key` signed, as a new person of an app.

        Raises:
            InvalidError: no export, not what was signed, or it does not fit schema or collections.
            DeniedError: the app may keep nobody.
            AuditUnavailableError: the log cannot be written; nothing was taken in.
        """
        parcel = Parcel(data, key)
        profile = _read(parcel.read("profile.json"), _Profile)
        use = self._uses.of(app, None, actor=Actor.OWNER)
        self._uses.need(use, decide_person(use.without_person), EventKind.PERSON)
        subject = SubjectId(random_id(self._core.entropy))
        with about_to_name(self._core, app, subject) as keys:
            self._profile(use, subject, keys, profile)
        try:
            if FILE in parcel.names():
                self._said(app, subject, parcel)
            count = self._records(app, subject, parcel)
            if LISTED in parcel.names():
                for line in parcel.lines(LISTED):
                    self._attach(app, subject, parcel, _read(line, _AttachedLine))
                    count.attachments += 1
        except BaseException:
            self._people.erase(app, subject)
            raise
        return BroughtView(
            subject=subject,
            fields=len(profile.fields),
            records=count.records,
            older_versions=count.older,
            attachments=count.attachments,
        )

    def _profile(self, use: Use, subject: SubjectId, keys: SubjectKeys, profile: _Profile) -> None:
        core = self._core
        fields = {FieldName(name): each for name, each in profile.fields.items()}
        version = _version(profile.version, 0)
        person = replace(
            self._subjects.fresh(use.app_id, subject, keys),
            version=version,
            made_at=_instant(profile.made_at),
            fields={name: _version(each.version, 1) for name, each in fields.items()},
        )
        if any(each > version for each in person.fields.values()):
            raise InvalidError("a field is newer than its profile")
        ops: list[Op] = [self._subjects.put(person, keys)]
        for name, each in fields.items():
            rule = use.rules.get(name)
            if rule is None or rule.category != each.category:
                raise InvalidError("the app's schema has another field of that name, or none")
            check_value(name, each.value)
            until = _instant(each.retain_until) if each.retain_until else Instant(0)
            ops.append(seal_field(keys, name, each.version, each.value, until, core.entropy))
            if rule.lookup is not Lookup.NONE:
                tags = Tags(core, use.app_id, name, rule.lookup)
                ops.append(tags.row(keys, each.version, each.value))
        made = replace(use, person=person, keys=keys)
        told = made.entry(made.event(EventKind.PERSON, "brought in", fields))
        core.writer.commit(Work((*use.guards(()), *ops), (told,)))

    def _said(self, app: AppId, subject: SubjectId, parcel: Parcel) -> None:
        core, use = self._core, self._uses.of(app, subject, actor=Actor.OWNER)
        _, keys = use.whole()
        said = said_in(parcel.read(FILE), use.now)
        if said:
            ops = tuple(taken_in(Says(core), keys, said))
            told = use.entry(use.event(EventKind.SAY, "brought in"))
            core.writer.commit(Work((*use.guards(ops), *ops), (told,)))

    def _records(self, app: AppId, subject: SubjectId, parcel: Parcel) -> _Count:
        blocks, count = KeyBlocks(self._core.store, self._core.entropy), _Count()
        for name in parcel.names():
            if not name.startswith("records/"):
                continue
            laid = self._collections.get(app, name[len("records/") : -len(".ndjson")])
            if laid is None:
                raise InvalidError("the app has no such collection")
            newest: dict[bytes, int] = {}
            for some in _portions(parcel.lines(name)):
                _count(some, count)
                self._commit(app, subject, laid, some, newest, blocks)
        return count

    def _commit(  # reason: some lines, and where they go
        self,
        app: AppId,
        subject: SubjectId,
        laid: Laid,
        lines: list[_Line],
        newest: dict[bytes, int],
        blocks: KeyBlocks,
    ) -> None:
        use = self._uses.of(app, subject, actor=Actor.OWNER)
        _, keys = use.whole()
        held = blocks.hold(keys, (), len(lines))
        if not isinstance(held, Held):
            raise BusyError("somebody else writes records of the same person")
        try:
            ops = [self._row(use, laid, line, newest, held) for line in lines]
            told = use.event(EventKind.RECORD, "brought in")
            entry = use.entry(
                msgspec.structs.replace(told, collection=laid.name, rows_out=len(ops))
            )
            work = (*use.guards(()), laid.guard, *ops, *held.ops())
            self._core.writer.commit(Work(work, (entry,), size=bytes_of(work)))
            held.kept()
        except ConflictError as err:
            raise InvalidError("a record stands twice, or the rules were changed just now") from err
        finally:
            held.release()

    def _attach(self, app: AppId, subject: SubjectId, parcel: Parcel, line: _AttachedLine) -> None:
        core, use = self._core, self._uses.of(app, subject, actor=Actor.OWNER)
        _, keys = use.whole()
        laid, record = self._collections.get(app, line.collection), _record(line.record)
        if laid is None or not 1 <= line.number <= MOST_ATTACHED or not MEDIA.fullmatch(line.media):
            raise InvalidError("an attachment that no record of this app can have")
        of = core.store.get(RECORDS.name, [(subject, laid.name, record)])[0]
        content = parcel.read(line.file, MAX_SIZE)
        if of is None or len(content) != line.size:
            raise InvalidError("an attachment of no record, or of another size")
        held = KeyBlocks(core.store, core.entropy).hold(keys, (), 1)
        if not isinstance(held, Held):
            raise BusyError("somebody else writes records of the same person")
        packed = Packed([], {})
        try:
            packed = PersonPacks(core.objects, keys).put(content, core.entropy)
            ops = self._attached(use, laid, line, packed, held)
            told = msgspec.structs.replace(
                use.event(EventKind.RECORD, "brought in"), collection=laid.name
            )
            record_row = Put(RECORDS.name, of.row, of.v)
            work = (*use.guards(()), record_row, *ops, *held.ops())
            core.writer.commit(Work(work, (use.entry(told),), size=bytes_of(work)))
            held.kept()
        except ConflictError as err:
            drop_packs(core.objects, packed.packs)
            raise InvalidError("an attachment stands twice") from err
        except BaseException as err:
            if is_unwritten(err):
                drop_packs(core.objects, packed.packs)
            raise
        finally:
            held.release()

    def _attached(
        self, use: Use, laid: Laid, line: _AttachedLine, packed: Packed, held: Held
    ) -> tuple[Op, ...]:
        _, keys = use.whole()
        dek = self._core.entropy(KEY_BYTES)
        attached = Attached(
            laid.name,
            _record(line.record),
            line.number,
            _version(line.version, 1),
            held.put(dek, For.ATTACHED),
            line.size,
            _instant(line.retain_until) if line.retain_until else Instant(0),
            _instant(line.written_at),
        )
        row = seal_paper(keys, attached, dek, Paper(line.media, packed.parts))
        put = Put(ATTACHMENTS.name, row, Expect.ABSENT)
        return (put, *put_packs(keys.subject, attached, packed))

    def _row(self, use: Use, laid: Laid, line: _Line, newest: dict[bytes, int], held: Held) -> Put:
        _, keys = use.whole()
        record, version = _record(line.id), _version(line.version, 1)
        if line.current:
            newest[record] = version
        elif version >= newest.get(record, 0):
            raise InvalidError("an older version of a record that has none in force")
        content = read_object(bytes(line.content))
        check_types(laid.rule.fields, content)
        dek = self._core.entropy(KEY_BYTES)
        stand = Stand(
            Collection(laid.name),
            record,
            version,
            held.put(dek, For.CURRENT if line.current else For.OLDER),
            _instant(line.retain_until) if line.retain_until else Instant(0),
            _instant(line.written_at),
        )
        row = seal_version(keys, stand, dek, packed_content(content))
        return Put((RECORDS if line.current else OLDER).name, row, Expect.ABSENT)


def _portions(lines: Iterator[bytes]) -> Iterator[list[_Line]]:
    """Yield the lines that go into one commit."""
    some: list[_Line] = []
    size = 0
    for line in lines:
        size += len(line)
        if some and (len(some) == AT_ONCE or size > BYTES_AT_ONCE):
            yield some
            some, size = [], len(line)
        some.append(_read(line, _Line))
    if some:
        yield some


def _count(lines: list[_Line], count: _Count) -> None:
    count.records += sum(line.current for line in lines)
    count.older += sum(not line.current for line in lines)
    if count.records + count.older > MOST:
        raise InvalidError(f"an export has {MOST} records at most")


def _read(data: bytes, form: type[Plain]) -> Plain:
    try:
        json.loads(data, object_pairs_hook=_once)
        return msgspec.json.decode(data, type=form, strict=True)
    except (ValueError, RecursionError, msgspec.DecodeError) as err:
        raise InvalidError("a file of the export has another form") from err


def _once(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _record(text: str) -> RecordId:
    found = parse_id(Kind.RECORD, text)
    if len(found) != ID_BYTES:
        raise InvalidError("a record of an export has no whole id")
    return RecordId(Id16(found))


def _version(number: int, least: int) -> int:
    if not least <= number <= MAX_VERSION:
        raise InvalidError("a version of an export is none")
    return number


def _instant(text: str) -> Instant:
    try:
        at = datetime.fromisoformat(text)
        found = (at - _START) // timedelta(milliseconds=1)
    except (ValueError, TypeError) as err:
        raise InvalidError("a time of an export is none") from err
    if found < 0:
        raise InvalidError("a time of an export is none")
    return Instant(found)
