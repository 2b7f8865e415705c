"""Files that somebody would like to pass off as signed by their source."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.spec import Batch, Item
from sealhold.model.errors import InvalidError, UnreadableSourceError
from sealhold.model.shown import FileReport
from sealhold.node import Node, look
from sealhold.vault import signed
from tests.scenarios.vaults import new_home, opened

KEY = Ed25519PrivateKey.from_private_bytes(b"bike computer, 32 bytes of seed.")
OTHER = Ed25519PrivateKey.from_private_bytes(b"somebody else, 32 bytes of seed.")
PUBLIC = KEY.public_key().public_bytes_raw()
RIDE = b"""<gpx version="1.1"><trk><trkseg>
<trkpt lat="38.50" lon="-11.20"><time>2026-10-01T07:00:00Z</time></trkpt>
<trkpt lat="38.51" lon="-11.20"><time>2026-10-01T07:05:00Z</time></trkpt>
</trkseg></trk></gpx>
"""
WALK = RIDE.replace(b"10-01", b"10-02")
EDITS: dict[str, Callable[[bytes], bytes]] = {
    "a later time": lambda text: text.replace(b"07:05", b"07:55"),
    "another place": lambda text: text.replace(b"38.51", b"38.59"),
    "another day": lambda text: text.replace(b"10-01", b"10-09"),
    "one bit": lambda text: bytes([text[0]]) + bytes([text[1] ^ 1]) + text[2:],
    "one space at the end": lambda text: text + b" ",
    "other line ends": lambda text: text.replace(b"\n", b"\r\n"),
    "cut off": lambda text: text[:-1],
    "a second track": lambda text: text.replace(b"</gpx>", WALK[19:]),
    "empty": lambda _: b"",
}
SIGNATURES: dict[str, bytes] = {
    "of another key": OTHER.sign(RIDE),
    "of another file": KEY.sign(WALK),
    "empty": b"",
    "zeros": bytes(64),
    "cut off": KEY.sign(RIDE)[:-1],
    "one byte more": KEY.sign(RIDE) + b"\n",
    "twice": KEY.sign(RIDE) * 2,
    "in hex digits": KEY.sign(RIDE).hex().encode(),
    "one bit flipped": bytes([KEY.sign(RIDE)[0] ^ 1]) + KEY.sign(RIDE)[1:],
    "with a number that is not reduced": KEY.sign(RIDE)[:32] + b"\xff" * 32,
}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home")) as node:
        yield node


def put(folder: Path, content: bytes, signature: bytes | None) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "ride.gpx"
    path.write_bytes(content)
    if signature is not None:
        (folder / "ride.gpx.sig").write_bytes(signature)
    return path


def refused(node: Node, path: Path) -> FileReport:
    """Return what is told of the one file, of which nothing was taken in."""
    report = node.sources.import_paths([path], None, PUBLIC)
    assert (report.new, report.unreadable, len(report.files)) == (0, 1, 1)
    assert signers(node) == []
    return report.files[0]


def signers(node: Node) -> list[object]:
    """Return who signed, for each trip in the vault."""
    found = node.records.query("SELECT signed_by FROM trips ORDER BY id")
    return [row[0] for row in found.rows]


def test_what_the_source_signed_is_taken_in_and_says_so(vault: Node, tmp_path: Path) -> None:
    path = put(tmp_path / "rides", RIDE, KEY.sign(RIDE))

    report = vault.sources.import_paths([path], None, PUBLIC)

    assert report.new == 1
    assert signers(vault) == [PUBLIC.hex()]
    assert report.files[0].what == f"GPX 1.1, signed by {PUBLIC.hex()[:16]}"
    assert vault.sources.list()[0].name == f"gpx files, signed by {PUBLIC.hex()[:16]}"


@pytest.mark.threat("T192")
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_file_with_its_old_signature_is_refused(
    vault: Node, tmp_path: Path, edit: Callable[[bytes], bytes]
) -> None:
    path = put(tmp_path / "rides", edit(RIDE), KEY.sign(RIDE))

    assert "changed after it was signed" in str(refused(vault, path).error)


@pytest.mark.threat("T192")
@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_that_is_not_by_this_key_of_this_file_is_refused(
    vault: Node, tmp_path: Path, signature: bytes
) -> None:
    path = put(tmp_path / "rides", RIDE, signature)

    assert "does not fit" in str(refused(vault, path).error)


@pytest.mark.threat("T192")
def test_a_file_without_a_signature_is_refused(vault: Node, tmp_path: Path) -> None:
    path = put(tmp_path / "rides", RIDE, None)

    assert "there is no `ride.gpx.sig` beside it" in str(refused(vault, path).error)


@pytest.mark.threat("T192")
def test_a_folder_in_place_of_the_signature_is_refused(vault: Node, tmp_path: Path) -> None:
    path = put(tmp_path / "rides", RIDE, None)
    path.with_name("ride.gpx.sig").mkdir()

    assert "cannot be opened" in str(refused(vault, path).error)


@pytest.mark.threat("T192")
def test_a_file_too_large_to_check_is_refused(
    vault: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed, "MAX_SIGNED", len(RIDE) - 1)
    path = put(tmp_path / "rides", RIDE, KEY.sign(RIDE))

    assert "too large" in str(refused(vault, path).error)


@pytest.mark.threat("T192")
def test_an_edited_file_costs_itself_and_not_its_neighbours(vault: Node, tmp_path: Path) -> None:
    good = put(tmp_path / "good", RIDE, KEY.sign(RIDE))
    bent = put(tmp_path / "bent", WALK, KEY.sign(RIDE))

    report = vault.sources.import_paths([bent.parent, good.parent], None, PUBLIC)

    assert (report.new, report.unreadable, len(report.files)) == (1, 1, 2)


@pytest.mark.threat("T192")
@pytest.mark.parametrize("key", [b"", b"k", PUBLIC[:-1], PUBLIC + b"\x00"])
def test_what_is_no_key_signs_nothing(vault: Node, tmp_path: Path, key: bytes) -> None:
    path = put(tmp_path / "rides", RIDE, KEY.sign(RIDE))

    with pytest.raises(InvalidError, match="32 bytes"):
        vault.sources.import_paths([path], None, key)
    with pytest.raises(InvalidError, match="32 bytes"):
        list(look([path], key))


def test_a_look_beforehand_tells_what_an_import_will_refuse(tmp_path: Path) -> None:
    path = put(tmp_path / "rides", RIDE, OTHER.sign(RIDE))

    (found,) = look([path], PUBLIC)

    assert (found.what, found.size) == (None, len(RIDE))
    assert "does not fit" in found.why


def test_a_signature_beside_its_file_is_no_file_of_its_own(tmp_path: Path) -> None:
    put(tmp_path / "rides", RIDE, KEY.sign(RIDE))
    (tmp_path / "rides" / "alone.sig").write_bytes(b"of nothing")

    found = [each.path.name for each in look([tmp_path / "rides"])]

    assert found == ["alone.sig", "ride.gpx"]


@pytest.mark.threat("T193")
def test_a_file_that_was_taken_in_unsigned_is_not_signed_by_being_there(
    vault: Node, tmp_path: Path
) -> None:
    path = put(tmp_path / "rides", RIDE, KEY.sign(RIDE))

    vault.sources.import_paths([path])
    assert signers(vault) == [None]
    vault.sources.import_paths([path], None, PUBLIC)

    assert {*signers(vault)} == {None, PUBLIC.hex()}


class Captured:
    """A reader that was taken over by its file, and says that somebody signed."""

    def detect(self, path: Path) -> Known:
        return Known("gpx", "1", f"GPX 1.1 of {path.name}", 100)

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        del source_name, cursor
        said = OTHER.public_key().public_bytes_raw().hex()
        items = [
            Item(
                dataset=dataset,
                fields={"start": 1, "name": "ride", "signed_by": said},
                raw=None,
                original_id=None,
                position=dataset,
            )
            for dataset in ("trips", "places")
        ]
        yield Portion(Batch(items=items, rejects=[], cursor=""), path.stat().st_size)


@pytest.mark.threat("T193")
@pytest.mark.parametrize("key", [None, PUBLIC], ids=["unsigned", "signed by another"])
def test_a_reader_cannot_say_who_signed(
    vault: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: bytes | None
) -> None:
    monkeypatch.setattr(vault.sources, "_cell", lambda: nullcontext(Captured()))
    path = put(tmp_path / "rides", RIDE, KEY.sign(RIDE))

    vault.sources.import_paths([path], None, key)

    assert signers(vault) == [None if key is None else key.hex()]
    places = vault.records.query("SELECT * FROM places")
    assert OTHER.public_key().public_bytes_raw().hex() not in repr(places.rows)


class Late:
    """A reader before whose reading somebody changes the file."""

    def __init__(self, path: Path, change: Callable[[], None]) -> None:
        self.seen = b""
        self._path = path
        self._change = change

    def members(self, path: Path) -> Members:
        raise UnreadableSourceError(f"{path} is no archive")

    def detect(self, path: Path) -> Known:
        del path
        return Known("gpx", "1", "GPX", 100)

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        del source_name, cursor
        self._change()
        self.seen = path.read_bytes()
        yield from ()


@pytest.mark.threat("T192")
def test_a_file_that_is_changed_before_it_is_read_is_not_read(tmp_path: Path) -> None:
    path = put(tmp_path / "in", RIDE, KEY.sign(RIDE))
    late = Late(path, lambda: None)
    reader = signed.reading(late, signed.signer_of(PUBLIC))
    reader.detect(path)

    path.write_bytes(WALK)

    with pytest.raises(UnreadableSourceError):
        list(reader.read(path, "rides", None))
    assert late.seen == b""


@pytest.mark.threat("T192")
def test_a_file_that_is_changed_while_it_is_read_is_read_as_it_was_signed(tmp_path: Path) -> None:
    path = put(tmp_path / "in", RIDE, KEY.sign(RIDE))

    def change() -> None:
        path.write_bytes(WALK)

    late = Late(path, change)
    reader = signed.reading(late, signed.signer_of(PUBLIC))

    list(reader.read(path, "rides", None))

    assert path.read_bytes() == WALK
    assert late.seen == RIDE
