"""T01: who can write the store moves a record's ciphertext or key to another place."""

from dataclasses import dataclass, replace

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import (
    KeyKind,
    Sealer,
    body_aad,
    new_key,
    open_once,
    seal_once,
    wrap_aad,
)
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Collection, SealedBytes

ENTROPY = seeded(b"attack")
SUBJECT_KEY = new_key(ENTROPY, "subject key")


@dataclass(frozen=True)
class Place:
    """Where a record version lies."""

    app: bytes = b"a" * 16
    subject: bytes = b"s" * 16
    collection: Collection = Collection("trips")  # noqa: RUF009  # a plain text
    record: bytes = b"r" * 16
    part: int = 0
    version: int = 2
    key_version: int = 1

    def wrap(self) -> bytes:
        return wrap_aad(KeyKind.DEK, self.app, self.subject, self.record, self.key_version)

    def body(self) -> bytes:
        return body_aad(
            KeyKind.DEK,
            self.app,
            self.subject,
            self.collection,
            self.record,
            self.part,
            self.version,
        )


HOME = Place()
DEK = new_key(ENTROPY, "data key")
BODY = seal_once(DEK, b"to the clinic, 08:10", HOME.body())
WRAP = Sealer(SUBJECT_KEY).wrap(DEK, HOME.wrap(), ENTROPY)


def read(place: Place, wrap: SealedBytes, body: SealedBytes) -> bytes:
    dek = Sealer(SUBJECT_KEY).unwrap(wrap, place.wrap(), "data key")
    return open_once(dek, body, place.body())


@pytest.mark.threat("T01")
def test_a_record_opens_in_its_own_place() -> None:
    assert read(HOME, WRAP, BODY) == b"to the clinic, 08:10"


@pytest.mark.threat("T01")
@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param(replace(HOME, app=b"b" * 16), id="another app"),
        pytest.param(replace(HOME, subject=b"t" * 16), id="another subject"),
        pytest.param(replace(HOME, record=b"q" * 16), id="another row"),
        pytest.param(replace(HOME, collection=Collection("trip")), id="another collection"),
        pytest.param(replace(HOME, part=1), id="another part"),
        pytest.param(replace(HOME, version=3), id="a later version"),
        pytest.param(replace(HOME, version=1), id="an earlier version"),
        pytest.param(replace(HOME, key_version=2), id="another version of the wrapping key"),
        pytest.param(
            replace(HOME, app=HOME.subject, subject=HOME.app), id="app and subject exchanged"
        ),
    ],
)
def test_a_row_copied_elsewhere_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(SealBrokenError):
        read(elsewhere, WRAP, BODY)


@pytest.mark.threat("T01")
def test_a_body_beside_another_rows_key_does_not_open() -> None:
    other = replace(HOME, record=b"q" * 16)
    other_dek = new_key(ENTROPY, "data key")
    other_wrap = Sealer(SUBJECT_KEY).wrap(other_dek, other.wrap(), ENTROPY)

    with pytest.raises(SealBrokenError):
        read(other, other_wrap, BODY)


@pytest.mark.threat("T01")
def test_a_key_of_one_kind_is_not_taken_for_another_kind() -> None:
    as_subject = wrap_aad(KeyKind.SUBJECT, HOME.app, HOME.subject, HOME.record, HOME.key_version)

    with pytest.raises(SealBrokenError):
        Sealer(SUBJECT_KEY).unwrap(WRAP, as_subject, "subject key")


@pytest.mark.threat("T01")
def test_a_rotated_subject_key_leaves_the_body_as_it_is() -> None:
    new_subject_key = new_key(ENTROPY, "subject key 2")
    moved = replace(HOME, key_version=2)
    dek = Sealer(SUBJECT_KEY).unwrap(WRAP, HOME.wrap(), "data key")
    rewrapped = Sealer(new_subject_key).wrap(dek, moved.wrap(), ENTROPY)

    opened = Sealer(new_subject_key).unwrap(rewrapped, moved.wrap(), "data key")

    assert open_once(opened, BODY, moved.body()) == b"to the clinic, 08:10"
