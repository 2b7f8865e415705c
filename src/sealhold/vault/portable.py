"""What is kept of one person, as files: profile, records with their versions, what they said, uses.

- All of it is read from one snapshot, a page at a time, and opened at the one door.
- Each page looks whether the person is still here: no byte leaves behind their erasure.
- A cell of a table that a spreadsheet would take for a formula gets a quote before it.

Source: docs/spec/27-rights.md section 8.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

import msgspec

from sealhold.audit.event import Event
from sealhold.audit.log import Head
from sealhold.audit.reading import open_leaf
from sealhold.audit.spans import leaves_of
from sealhold.crypto.seal import Sealer
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import ID_BYTES, Collection, FieldName, Id16, canonical
from sealhold.model.people import Rules
from sealhold.model.quantities import Instant, rfc3339
from sealhold.policy.profiles import decide_own
from sealhold.stores.spec import Found, ReadView, TableSpec
from sealhold.vault.attachments import ATTACHMENTS, Attached
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.firewall import open_attachment, open_profile, open_records
from sealhold.vault.identifiable import FIELDS, is_over
from sealhold.vault.keyblocks import block_rows
from sealhold.vault.keyslots import For
from sealhold.vault.personrows import OLDER, RECORDS, Stand
from sealhold.vault.says import Says
from sealhold.vault.subjects import ACTIVE, SUBJECTS
from sealhold.vault.using import Use

AT_ONCE = 64  # rows of records in one page, which has 4 MiB at most
LINES = 256  # of a table, in one piece
ACTIVE_CELLS = ("=", "+", "-", "@", "\t", "\r", "\n")
USES = ("at", "what", "outcome", "by", "purpose", "fields", "collection", "items", "reason")
README = """This is all that is kept of you here, as of the moment that `manifest.json` names.

profile.json      what the app knows of you, each field with its category and what it is for
profile.csv       the same, for a spreadsheet
profile.jsonld    the same, in the words of the W3C Data Privacy Vocabulary
records/*.ndjson  records that the app keeps of you: one line each, older versions among them
attachments/      files that belong to records; `attachments.ndjson` lists them
said.json         what you said about the use of your data
uses.csv          who used your data, when and what for; refusals stand there, too
schemas.json      the rules that the app keeps data by
manifest.json     the list of these files with their SHA-256, signed by the vault

Times are UTC. What had been kept as long as it may be is left out, and counted in the manifest.
"""


@dataclass(slots=True)
class Portable:
    """The files of one person's export; each is read once, in their order."""

    core: Core
    use: Use
    view: ReadView
    now: Instant
    head: Head  # of the log, as the view shows it
    counts: Counter[str] = field(default_factory=Counter)

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield name and content of each file.

        Raises:
            DeniedError: the person was erased meanwhile.
            SealBrokenError: a row is not as it was written.
        """
        yield "README.txt", iter([README.encode()])
        profile = self._profile()
        for name, text in (
            ("profile.json", _json(profile)),
            ("profile.csv", table(("field", "category", "value"), _profile_cells(profile))),
            ("profile.jsonld", _json(_linked(profile))),
        ):
            yield name, iter([text])
        for name in self._collections():
            yield f"records/{name}.ndjson", self._records(name)
        yield "attachments.ndjson", self._attachments()
        for found in self._attached():
            yield file_of(Attached.of(found)), self._content(found)
        yield "said.json", self._said()
        yield "uses.csv", self._uses()
        yield "schemas.json", iter([_json(self._schemas())])

    def _check_is_here(self) -> None:
        """Return while the person is here.

        Raises:
            DeniedError: they were erased, or are being erased.
        """
        person, _ = self.use.whole()
        found = self.core.store.get(SUBJECTS.name, [(person.id,)])[0]
        # THREAT T267: an export that is under way when its person is erased ends there
        if found is None or found.row[2] != ACTIVE:
            raise DeniedError("denied")

    def _profile(self) -> dict[str, Plain]:
        person, keys = self.use.whole()
        self._check_is_here()
        names = sorted(person.fields)
        found = self.view.get(FIELDS.name, [(person.id, name) for name in names])
        held = {
            name: row
            for name, row in zip(names, found, strict=True)
            if not is_over(row, self.now) and name in self.use.rules
        }
        self.counts["fields"] += len(held)
        self.counts["fields_left_out"] += len(names) - len(held)
        rules: Rules = self.use.rules
        decision = decide_own(self.use.parties, rules.keys(), frozenset(held))
        values = open_profile(decision, person, keys, held) if held else {}
        return {
            "subject": canonical(person.id),
            "version": person.version,
            "made_at": rfc3339(person.made_at),
            "fields": {
                name: {
                    "value": value,
                    "category": rules[name].category,
                    "purposes": sorted(rules[name].purposes),
                    "version": person.fields[name],
                    "retain_until": _time(Instant(held[name].row[4])),  # type: ignore[union-attr]  # reason: it was opened
                }
                for name, value in values.items()
            },
        }

    def _collections(self) -> list[Collection]:
        person, _ = self.use.whole()
        found: list[Collection] = []
        low: tuple[bytes, ...] | tuple[bytes, str] = (person.id,)
        while True:
            page = self.view.scan(RECORDS.name, "key", low, (), limit=1, most=0)
            if not page.rows or page.rows[0].row[0] != person.id:
                return found
            found.append(Collection(page.rows[0].row[1]))
            low = (person.id, found[-1] + " ")  # behind each id of this collection

    def _records(self, name: Collection) -> Iterator[bytes]:
        for table, kind in ((RECORDS, For.CURRENT), (OLDER, For.OLDER)):
            for some in self._pages(table, name):
                yield from self._lines(some, kind)

    def _pages(self, table: TableSpec, name: Collection) -> Iterator[list[Found]]:
        person, _ = self.use.whole()
        cursor = None
        while True:
            self._check_is_here()
            page = self.view.scan(
                table.name,
                "key",
                (person.id, name),
                (person.id, name + " "),
                after=cursor,
                limit=AT_ONCE,
            )
            yield page.rows
            cursor = page.cursor
            if cursor is None:
                return

    def _lines(self, found: list[Found], kind: For) -> Iterator[bytes]:
        _, keys = self.use.whole()
        stands = [Stand.of(each) for each in found]
        kept = [not stand.is_over(self.now) for stand in stands]
        live, stands = [*compress(found, kept)], [*compress(stands, kept)]
        self.counts["records_left_out"] += len(found) - len(live)
        if not live:
            return
        self.counts["records" if kind is For.CURRENT else "older_versions"] += len(live)
        named = frozenset({FieldName(live[0].row[1])})
        decision = decide_own(self.use.parties, named, named)
        blocks = block_rows(self.view, keys, (stand.key for stand in stands))
        contents = open_records(decision, keys, kind, live, blocks, stands)
        for stand, content in zip(stands, contents, strict=True):
            line = {
                "id": canonical(stand.record),
                "version": stand.version,
                "current": kind is For.CURRENT,
                "written_at": rfc3339(stand.written),
                "retain_until": _time(stand.retain_until),
                "content": content,
            }
            yield msgspec.json.encode(line) + b"\n"

    def _attached(self) -> Iterator[Found]:
        person, _ = self.use.whole()
        for found in rows_of(self.view, ATTACHMENTS, "key", person.id):
            if not Attached.of(found).is_over(self.now):
                yield found

    def _attachments(self) -> Iterator[bytes]:
        self._check_is_here()
        for found in self._attached():
            attached, (media, _) = Attached.of(found), self._opened(found, (0, 0))
            self.counts["attachments"] += 1
            line = {
                "collection": attached.collection,
                "record": canonical(attached.record),
                "number": attached.number,
                "version": attached.version,
                "media": media,
                "size": attached.size,
                "written_at": rfc3339(attached.written),
                "retain_until": _time(attached.retain_until),
                "file": file_of(attached),
            }
            yield msgspec.json.encode(line) + b"\n"

    def _content(self, found: Found) -> Iterator[bytes]:
        self._check_is_here()
        _, pieces = self._opened(found, (0, Attached.of(found).size))
        for piece in pieces:
            yield piece
            self._check_is_here()

    def _opened(self, found: Found, span: tuple[int, int]) -> tuple[str, Iterator[bytes]]:
        _, keys = self.use.whole()
        attached = Attached.of(found)
        named = frozenset({FieldName(attached.collection)})
        decision = decide_own(self.use.parties, named, named)
        blocks = block_rows(self.view, keys, [attached.key])
        return open_attachment(decision, keys, self.core.objects, found, blocks, span)

    def _said(self) -> Iterator[bytes]:
        person, keys = self.use.whole()
        self._check_is_here()
        says = Says(self.core)
        events = says.events(says.of(person.id, keys), keys)
        self.counts["said"] += len(events)
        yield _json([_shown(msgspec.to_builtins(each, builtin_types=(bytes,))) for each in events])

    def _uses(self) -> Iterator[bytes]:
        person, keys = self.use.whole()
        some: list[tuple[str, ...]] = []
        head: tuple[str, ...] | None = USES
        subject, log = Id16(person.leaf), Sealer(self.core.keyring.named("log"))
        self._check_is_here()
        for leaf in leaves_of(self.view, log, subject, self.head.size):
            logged = open_leaf(leaf, lambda _: keys.events).logged
            if logged is not None:
                some.append(_use_cells(logged.at, logged.event))
            if len(some) == LINES:
                yield table(head, some)
                self.counts["uses"] += len(some)
                head, some = None, []
                self._check_is_here()
        self.counts["uses"] += len(some)
        yield table(head, some)

    def _schemas(self) -> dict[str, Plain]:
        person, _ = self.use.whole()
        rules = self.use.rules
        return {
            "profile": {name: _rule(rules[name]) for name in sorted(rules)},
            "collections": {
                each.name: _rule(each.rule) for each in Collections(self.core).all(person.app)
            },
        }


def file_of(attached: Attached) -> str:
    """Return the name that an attachment has in an export."""
    record = canonical(attached.record)
    return f"attachments/{attached.collection}/{record}/{attached.number}"


def _rule(rule: Plain) -> dict[str, Plain]:
    return {
        "category": rule.category,
        "sensitive": rule.sensitive,
        "retention_days": rule.retention_days,
        "purposes": sorted(rule.purposes),
    }


def _profile_cells(profile: dict[str, Plain]) -> list[tuple[str, ...]]:
    return [
        (name, each["category"], str(each["value"])) for name, each in profile["fields"].items()
    ]


def _linked(profile: dict[str, Plain]) -> dict[str, Plain]:
    return {
        "@context": {
            "dpv": "https://w3id.org/dpv#",
            "pd": "https://w3id.org/dpv/pd#",
            "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        },
        "@id": f"urn:uuid:{profile['subject']}",
        "@type": "dpv:DataSubject",
        "dpv:hasPersonalData": [
            {
                "@type": f"pd:{each['category']}",
                "rdf:value": each["value"],
                "dpv:hasPurpose": [{"@id": f"dpv:{purpose}"} for purpose in each["purposes"]],
            }
            for each in profile["fields"].values()
        ],
    }


def _use_cells(at: Instant, event: Event) -> tuple[str, ...]:
    return (
        rfc3339(at),
        event.kind.name.lower(),
        event.outcome.name.lower(),
        event.actor.name.lower(),
        event.purpose or "",
        " ".join(event.fields),
        event.collection or "",
        str(event.rows_out or ""),
        event.reason or "",
    )


def table(head: tuple[str, ...] | None, cells: list[tuple[str, ...]]) -> bytes:
    """Return rows as CSV, with a first row if there is one; no cell is active."""
    text = io.StringIO()
    write = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow
    if head is not None:
        write(head)
    for row in cells:
        write([quiet_cell(each) for each in row])
    return text.getvalue().encode()


def quiet_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    if not text or text[0].isalnum():  # most cells, so the question below is asked of few
        return text
    # THREAT T266: a name such as `=HYPERLINK(...)` would be run by whoever opens the table
    return f"'{text}" if text.lstrip(" ").startswith(ACTIVE_CELLS) else text


def _json(value: Plain) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _time(at: Instant) -> str | None:
    return rfc3339(at) if at else None


def _shown(value: Plain) -> Plain:
    """Return a tree of values with its ids as people read them."""
    match value:
        case bytes() if len(value) == ID_BYTES:
            return canonical(Id16(value))
        case bytes():
            return value.hex()
        case dict():
            return {name: _shown(each) for name, each in value.items()}
        case list() | tuple():
            return [_shown(each) for each in value]
        case _:
            return value
