"""Exports that were made to harm whoever takes them in."""

import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealhold.audit.exported import MANIFEST, Manifest, Packed, sign_manifest
from sealhold.audit.verdict import ALTERED, HELD, NO_PROOF, UNTRUSTED
from sealhold.compute.proof_rules import Policy
from sealhold.compute.verify import verify_files
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidError
from sealhold.model.ids import AppId, Id16, SubjectId, canonical
from sealhold.vault.bringing import Bringing
from sealhold.vault.deciding import scan_all
from sealhold.vault.parcel import MAX_FILES, Parcel
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.using import Uses
from tests.unit.memory_vault import NOON
from tests.unit.records_vault import NOTES, Shelf, rid, shelf

KEY = SigningKey(Secret(bytes(range(32)), "a vault"))
OTHER = SigningKey(Secret(bytes(range(1, 33)), "another"))
RECORDS = f"records/{NOTES}.ndjson"
LINE: dict[str, Any] = {
    "id": canonical(rid(1)),
    "version": 1,
    "current": True,
    "written_at": "2026-11-21T12:00:00.000Z",
    "retain_until": None,
    "content": {"text": "one"},
}
PROFILE: dict[str, Any] = {
    "subject": canonical(Id16(b"\x02" * 16)),
    "version": 1,
    "made_at": "2026-11-21T12:00:00.000Z",
    "fields": {
        "name": {
            "value": "Ada", "category": "Name", "purposes": ["ServiceProvision"], "version": 1,
            "retain_until": None,
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


def lines(*changes: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({**LINE, **each}).encode() + b"\n" for each in changes)


def profile(**changes: Any) -> bytes:  # noqa: ANN401  # reason: a JSON tree
    return json.dumps({**PROFILE, **changes}).encode()


def field(**changes: Any) -> bytes:  # noqa: ANN401  # reason: a JSON tree
    return profile(fields={"name": {**PROFILE["fields"]["name"], **changes}})


def good() -> dict[str, bytes]:
    return {"profile.json": profile(), RECORDS: lines({})}


def listed(files: dict[str, bytes]) -> dict[str, Packed]:
    return {name: Packed(sha256=sha256(data), size=len(data)) for name, data in files.items()}


def parcel(
    files: dict[str, bytes],
    said: dict[str, Packed] | None = None,
    key: SigningKey = KEY,
    write: Callable[[zipfile.ZipFile], None] | None = None,
) -> bytes:
    """Return a ZIP of files, with a manifest that says `said` of them (None: the truth)."""
    manifest = Manifest(
        app=AppId(Id16(b"\x01" * 16)),
        subject=SubjectId(Id16(b"\x02" * 16)),
        at=NOON,
        files=listed(files) if said is None else said,
        counts={},
        log_size=1,
        log_root=bytes(32),
    )
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
        packed.writestr(MANIFEST, sign_manifest(manifest, key))
        if write is not None:
            write(packed)
    return whole.getvalue()


def bring(kept: Shelf, data: bytes) -> object:
    many = kept.many
    uses = Uses(many.vault.core, many.registry, many.schemas)
    return Bringing(many.vault.core, uses, many.people).bring(many.one, data, KEY.public)


def twice() -> bytes:
    data = parcel(good())
    return data.replace(b"profile.json", RECORDS[:12].encode())


def again(packed: zipfile.ZipFile) -> None:
    with warnings.catch_warnings(action="ignore"):
        packed.writestr("profile.json", b"{}")


def encrypted() -> bytes:
    data = bytearray(parcel(good()))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def bomb(size: int) -> bytes:
    """Return an export whose records unpack to `size` bytes, and say that they have 100."""
    files = {**good(), RECORDS: bytes(size)}
    said = listed(good()) | {RECORDS: Packed(sha256=bytes(32), size=100)}
    return parcel(files, said)


def with_more(name: str) -> bytes:
    return parcel({**good(), name: b"more"})


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no ZIP": lambda: b"PK\x03\x04" + bytes(100),
    "cut off": lambda: parcel(good())[:-30],
    "no manifest": lambda: parcel(good()).replace(MANIFEST.encode(), b"manifesto.js!"),
    "a manifest by another key": lambda: parcel(good(), key=OTHER),
    "a file that is not listed": lambda: parcel({**good(), "uses.csv": b""}, listed(good())),
    "a listed file that is missing": lambda: parcel({"profile.json": profile()}, listed(good())),
    "another content": lambda: parcel({**good(), RECORDS: lines({}, {})}, listed(good())),
    "a shorter content": lambda: parcel({**good(), RECORDS: b""}, listed(good())),
    "a bomb": lambda: bomb(40_000_000),
    "a listed size beyond all": lambda: parcel(
        good(), listed(good()) | {RECORDS: Packed(sha256=bytes(32), size=2**62)}
    ),
    "a way out of the folder": lambda: with_more("../../profile.json"),
    "a root": lambda: with_more("/etc/passwd"),
    "a drive": lambda: with_more("C:\\profile.json"),
    "a folder": lambda: with_more("records/"),
    "a deep folder": lambda: with_more("records/a/b.ndjson"),
    "letters of another size": lambda: with_more("Profile.json"),
    "an unknown name": lambda: with_more("more.txt"),
    "too many files": lambda: parcel(
        {**good(), **{f"records/a{n}.ndjson": b"" for n in range(MAX_FILES)}}
    ),
    "a name twice": lambda: parcel(good(), write=again),
    "one file under two names": twice,
    "encrypted": encrypted,
    "packed otherwise": lambda: parcel(
        good(), write=lambda z: z.writestr("uses.csv", b"", zipfile.ZIP_BZIP2)
    ),
    "bytes that do not unpack": lambda: parcel(good()).replace(
        zlib.compress(profile())[2:10], b"\xff" * 8
    ),
}
ATTACHED: dict[str, Any] = {
    "collection": NOTES,
    "record": canonical(rid(1)),
    "number": 1,
    "version": 1,
    "media": "image/png",
    "size": 3,
    "written_at": "2026-11-21T12:00:00.000Z",
    "retain_until": None,
    "file": f"attachments/{NOTES}/{canonical(rid(1))}/1",
}


def attached(*changes: dict[str, Any], content: bytes = b"one") -> dict[str, bytes]:
    lines = b"".join(json.dumps({**ATTACHED, **each}).encode() + b"\n" for each in changes)
    return {"attachments.ndjson": lines, str(ATTACHED["file"]): content}


CONTENTS: dict[str, dict[str, bytes]] = {
    "a profile that is none": {"profile.json": b"[]"},
    "a member twice": {"profile.json": profile()[:-1] + b',"version":2}'},
    "an unknown member": {"profile.json": profile(more=1)},
    "a field of another category": {"profile.json": field(category="Age")},
    "an unknown field": {"profile.json": profile(fields={"other": PROFILE["fields"]["name"]})},
    "a field newer than its profile": {"profile.json": field(version=2)},
    "a version below zero": {"profile.json": profile(version=-1)},
    "a version beyond all": {"profile.json": profile(version=2**60)},
    "a value too long": {"profile.json": field(value="x" * 20_000)},
    "half a character": {"profile.json": field(value="\ud800")},
    "a time that is none": {"profile.json": profile(made_at="soon")},
    "a time without a zone": {"profile.json": profile(made_at="2026-01-01T00:00:00")},
    "a time before all": {"profile.json": profile(made_at="1900-01-01T00:00:00Z")},
    "no profile": {},
    "a record that is none": {RECORDS: b"{}\n"},
    "no JSON": {RECORDS: b"\xff\xfe\n"},
    "a record with a short id": {RECORDS: lines({"id": "r-0123456789ab"})},
    "a record twice": {RECORDS: lines({}, {})},
    "a version of nothing": {RECORDS: lines({"version": 0})},
    "an older version without one in force": {RECORDS: lines({"current": False})},
    "an older version that is newer": {RECORDS: lines({}, {"current": False, "version": 2})},
    "a content that is no object": {RECORDS: lines({"content": []})},
    "a content too large": {RECORDS: lines({"content": {"text": "x" * 1_100_000}})},
    "a number that not all read alike": {RECORDS: lines({"content": {"n": 2**60}})},
    "no number": {RECORDS: b'{"id":"' + canonical(rid(1)).encode() + b'","version":NaN}\n'},
    "too deep": {RECORDS: lines({"content": json.loads('{"a":' * 80 + "1" + "}" * 80)})},
    "a line without an end": {RECORDS: b'"' + b"x" * 2_000_000},
    "a collection that is not there": {"records/other.ndjson": lines({})},
    "an attachment of no record": attached({"record": canonical(rid(2))}),
    "an attachment of another size": attached({}, content=b"other"),
    "an attachment twice": attached({}, {}),
    "an attachment of another collection": attached({"collection": "visits"}),
    "an attachment with no number": attached({"number": 0}),
    "an attachment of no kind": attached({"media": "<script>"}),
    "an attachment that is not there": attached({"file": "uses.csv"}),
    "an attachment that is the profile": attached({"file": "profile.json"}),
    "a record of other types": {"records/visits.ndjson": lines({"content": {"stars": "many"}})},
}


@pytest.mark.threat("T268")
@pytest.mark.threat("T265")
@pytest.mark.parametrize("way", HOSTILE)
def test_a_hostile_export_is_refused_before_anybody_is_made(kept: Shelf, way: str) -> None:
    before = sum(1 for _ in scan_all(kept.many.store, SUBJECTS))

    with pytest.raises(InvalidError):
        bring(kept, HOSTILE[way]())

    assert sum(1 for _ in scan_all(kept.many.store, SUBJECTS)) == before
    assert kept.counts() == (0, 0, 0)


@pytest.mark.threat("T268")
@pytest.mark.parametrize("way", CONTENTS)
def test_what_a_signed_export_cannot_say_is_refused_and_leaves_nobody(
    kept: Shelf, way: str
) -> None:
    changed = CONTENTS[way]
    files = {**good(), **changed} if changed else {RECORDS: lines({})}
    before = sum(1 for _ in scan_all(kept.many.store, SUBJECTS))

    with pytest.raises(InvalidError):
        bring(kept, parcel(files))

    assert sum(1 for _ in scan_all(kept.many.store, SUBJECTS)) == before
    assert kept.counts() == (0, 0, 0)


def test_the_same_export_without_harm_is_taken_in(kept: Shelf) -> None:
    with shelf() as other:
        assert bring(other, parcel(good()))
        assert other.counts() == (1, 0, 1)
        assert bring(other, parcel({**good(), **attached({})}))
    assert Parcel(parcel(good()), KEY.public).names() == ["profile.json", RECORDS]
    assert kept.counts() == (0, 0, 0)


def spots(data: bytes) -> range:
    """Return places in the packed content of a file, behind the bit that ends its last block."""
    start = data.index(b"profile.json") + len(b"profile.json") + 1
    return range(start, start + 60)


def tampered(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.threat("T265")
def test_a_verified_export_is_whole_and_one_that_was_changed_anywhere_is_not() -> None:
    whole, other = parcel(good()), {"receipt": [OTHER.public]}
    pinned = {"receipt": [KEY.public]}
    files = good()
    swapped = {**files, RECORDS: lines({"version": 2})}

    assert verify_files([whole], pinned, at=NOON).exit_code == HELD
    assert verify_files([whole], at=NOON).exit_code == HELD
    assert verify_files([whole], other, at=NOON).exit_code == ALTERED
    assert verify_files([whole], at=NOON, policy=Policy(pinned=True)).exit_code == UNTRUSTED
    for bent in (
        parcel(swapped, listed(files)),
        parcel({"profile.json": files["profile.json"]}, listed(files)),
        parcel({**files, "README.txt": b"more"}, listed(files)),
        parcel(files, key=OTHER).replace(OTHER.public.hex().encode(), KEY.public.hex().encode()),
        whole[:-30],
        parcel(files).replace(b"profile.json", b"profile.jsom"),
    ):
        assert verify_files([bent], pinned, at=NOON).exit_code == ALTERED
    told = {verify_files([tampered(whole, at)], pinned, at=NOON).exit_code for at in spots(whole)}
    assert told <= {ALTERED, NO_PROOF}
