"""A person's export: whole, from one moment, in files that anybody can read and check."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.exported import MANIFEST, Manifest, open_manifest
from sealhold.crypto.digest import sha256
from sealhold.model.errors import DeniedError
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.exporting import CHUNK, SHORT, Exports, Wanted
from sealhold.vault.portable import README, quiet_cell
from sealhold.vault.using import Uses
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import AGE, MAIL, NAME, SERVICE, Crowd
from tests.unit.records_vault import NOTES, Shelf, rid, shelf


@pytest.fixture
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


def begun(many: Crowd, subject: SubjectId) -> Iterator[bytes]:
    uses = Uses(many.vault.core, many.registry, many.schemas)
    wanted = Wanted(app=many.one, subject=subject, actor=Actor.PERSON)
    return Exports(many.vault.core, uses).begin(wanted)


def whole(many: Crowd, subject: SubjectId) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(begun(many, subject))))


def manifest(packed: zipfile.ZipFile) -> Manifest:
    return open_manifest(packed.read(MANIFEST))[0]


def told(many: Crowd) -> list[Event]:
    return list(reversed(many.events(EventKind.EXPORT)))


def lines(packed: zipfile.ZipFile, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in packed.read(name).splitlines()]


@pytest.mark.promise("P8")
def test_an_export_holds_all_that_is_kept_and_what_happened_to_it(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()
    for number in range(3):
        kept.put(ada, number, {"text": f"note {number}", "list": [1, "two", None]})
    kept.put(ada, 0, {"text": "note 0, again"}, 1)
    kept.get(ada, 2)
    many.person(name="Bob")

    packed = whole(many, ada)

    assert packed.testzip() is None
    profile = json.loads(packed.read("profile.json"))
    assert {name: each["value"] for name, each in profile["fields"].items()} == {
        NAME: "Ada", MAIL: "ada@example.org",
    }  # fmt: skip
    notes = lines(packed, f"records/{NOTES}.ndjson")
    assert [(each["id"], each["version"], each["current"]) for each in notes] == [
        (canonical(rid(0)), 2, True),
        (canonical(rid(1)), 1, True),
        (canonical(rid(2)), 1, True),
        (canonical(rid(0)), 1, False),
    ]
    assert notes[1]["content"] == {"text": "note 1", "list": [1, "two", None]}
    assert notes[3]["content"] == {"text": "note 0", "list": [1, "two", None]}
    table = list(csv.DictReader(io.StringIO(packed.read("uses.csv").decode())))
    assert {each["reason"] for each in table} >= {"made", "changed", "kept", "read", "begun"}
    assert all("Bob" not in packed.read(name).decode() for name in packed.namelist())
    linked = json.loads(packed.read("profile.jsonld"))
    assert {each["@type"] for each in linked["dpv:hasPersonalData"]} == {
        "pd:Name", "pd:EmailAddress",
    }  # fmt: skip


def test_the_manifest_lists_every_file_with_its_digest_and_counts_what_is_there(
    kept: Shelf,
) -> None:
    many, ada = kept.many, kept.many.person()
    kept.put(ada, 1, {"text": "one"})

    packed = whole(many, ada)

    said = manifest(packed)
    names = [name for name in packed.namelist() if name != MANIFEST]
    assert set(said.files) == set(names)
    assert packed.namelist()[-1] == MANIFEST
    for name in names:
        assert said.files[name].sha256 == sha256(packed.read(name))
        assert said.files[name].size == len(packed.read(name))
    assert (said.app, said.subject, said.at) == (many.one, ada, NOON)
    assert said.counts["records"] == 1
    assert said.counts["fields"] == 2
    assert said.log_size > 0


def test_what_was_kept_as_long_as_it_may_be_is_left_out_and_counted(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()
    many.people.patch(many.one, ada, SERVICE, {AGE: 36}, 1)
    many.time.now = Instant(NOON + 31 * DAY)

    packed = whole(many, ada)

    assert AGE not in json.loads(packed.read("profile.json"))["fields"]
    assert manifest(packed).counts["fields_left_out"] == 1


def test_the_log_tells_of_an_export_and_of_its_end(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()

    data = b"".join(begun(many, ada))

    first, last = told(many)
    assert (first.reason, last.reason, last.bytes_out) == ("begun", "ended", len(data))
    packed = zipfile.ZipFile(io.BytesIO(data))
    assert last.digest == sha256(packed.read(MANIFEST))
    assert first.subject == last.subject is not None


def test_an_export_that_is_cut_off_has_no_end_and_the_log_says_so(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()
    for number in range(12):  # of letters that no packing makes short
        kept.put(ada, number, {"text": many.vault.core.entropy(9_000).hex()})

    stream = begun(many, ada)
    first = next(stream)
    stream.close()  # type: ignore[attr-defined]  # reason: a generator

    assert len(first) >= CHUNK
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(first))
    named = README.count(MANIFEST)  # and nothing else names it
    assert first.count(MANIFEST.encode()) == named
    assert [(each.reason, each.outcome) for each in told(many)] == [
        ("begun", Outcome.DONE), ("aborted", Outcome.FAILED),
    ]  # fmt: skip


def test_a_short_file_is_packed_as_it_is_and_a_long_one_deflated(kept: Shelf) -> None:
    many, ada, bob = kept.many, kept.many.person(), kept.many.person()
    kept.put(ada, 1, {"text": "a" * 9_000})
    for number in range(40):
        kept.put(bob, number, {"text": "b" * 9_000})

    short, long = (whole(many, each).infolist() for each in (ada, bob))

    assert all(each.compress_size >= each.file_size for each in short)
    (records,) = [each for each in long if each.filename.startswith("records/")]
    assert records.file_size > SHORT
    assert records.compress_size < records.file_size // 20


@pytest.mark.threat("T267")
def test_nothing_that_was_read_ahead_is_given_behind_an_erasure(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()
    for number in range(130):
        kept.put(ada, number, {"text": many.vault.core.entropy(500).hex()})
    stream = begun(many, ada)
    sent = next(stream)

    many.people.erase(many.one, ada)

    after: list[bytes] = []
    with pytest.raises(DeniedError):
        after.extend(stream)
    assert len(sent) > 130 * 1_000  # all that was read went in one piece
    assert after == []


@pytest.mark.threat("T267")
def test_an_export_ends_where_its_person_is_erased(kept: Shelf) -> None:
    many, ada = kept.many, kept.many.person()
    for number in range(200):
        kept.put(ada, number, {"text": many.vault.core.entropy(1_000).hex()})
    stream = begun(many, ada)
    next(stream)

    many.people.erase(many.one, ada)

    with pytest.raises(DeniedError):
        list(stream)
    assert [each.reason for each in told(many)] == ["aborted"]  # what named her reads nobody


def test_nobody_gets_an_export_of_another_apps_person(kept: Shelf) -> None:
    many = kept.many
    stranger = many.person(many.other)

    with pytest.raises(DeniedError):
        begun(many, stranger)
    assert [each.outcome for each in told(many)] == [Outcome.DENIED]


@pytest.mark.threat("T266")
@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =HYPERLINK(1)"]
)
def test_no_cell_of_a_table_is_active(kept: Shelf, cell: str) -> None:
    many, ada = kept.many, kept.many.person()
    many.people.patch(many.one, ada, SERVICE, {NAME: cell}, 1)

    packed = whole(many, ada)

    rows = csv.reader(io.StringIO(packed.read("profile.csv").decode(), newline=""))
    cells = [each for row in rows for each in row]
    assert f"'{cell}" in cells
    assert not any(each.lstrip(" ").startswith(("=", "+", "-", "@")) for each in cells)
    assert quiet_cell("a=b") == "a=b"
