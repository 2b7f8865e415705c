"""Whatever bytes come in of devices and members, they are read, or refused by a typed error."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.digest import fingerprint, framed
from sealhold.crypto.entropy import seeded
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import read_certificate
from sealhold.sharing.devices.epochs import new_epoch
from sealhold.sharing.devices.identity import read_prekey
from sealhold.sharing.devices.memberentries import read_entry
from sealhold.sharing.devices.slices import first_term, read_hand_over
from sealhold.sharing.devices.wraps import Recipient, read_wrap_set
from tests.unit.member_devices import COLLECTION, NOW, by, device
from tests.unit.member_story import family

LAPTOP = device("laptop")
ENTRIES = [*family().data.values()]
CERTIFICATE = by("laptop", "desk", 2)
SET = new_epoch(
    COLLECTION, [Recipient(LAPTOP.id, LAPTOP.box.public)], LAPTOP.signer, seeded(b"fuzz")
).wraps
BOOK, _ = first_term(Id16(b"l" * 16), 9).lease(LAPTOP.id, Id16(b"i" * 16), 9, Instant(NOW))
HAND_OVER = BOOK.hand_over(LAPTOP.signer)
READERS: list[tuple[bytes, Callable[[bytes], object]]] = [
    *((data, read_entry) for data in ENTRIES),
    (CERTIFICATE, read_certificate),
    (SET, lambda data: read_wrap_set(data, LAPTOP.signer.public)),
    (LAPTOP.published(), lambda data: read_prekey(data, LAPTOP.id, LAPTOP.signer.public)),
    (HAND_OVER, lambda data: read_hand_over(data, LAPTOP.signer.public)),
]
SIGNED = [  # what is read behind a signature: its tag
    (LAPTOP.published(), Tag.PREKEY, READERS[-2][1]),
    (HAND_OVER, Tag.HAND_OVER, READERS[-1][1]),
    (ENTRIES[0], Tag.MEMBERSHIP, read_entry),
    (ENTRIES[-1], Tag.MEMBERSHIP, read_entry),
]

odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 1 << 65)
    | st.binary(max_size=40)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def reads(read: Callable[[bytes], object], data: bytes) -> None:
    try:
        read(data)
    except (InvalidEncodingError, TamperedError):
        return


@given(st.sampled_from(READERS), st.data())
def test_edited_bytes_of_members_are_read_or_refused(
    known: tuple[bytes, Callable[[bytes], object]], data: st.DataObject
) -> None:
    whole, read = known
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    reads(read, whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])


@given(st.sampled_from(SIGNED), odd, st.data())
def test_odd_values_under_a_good_signature_are_read_or_refused(
    known: tuple[bytes, Tag, Callable[[bytes], object]], value: object, data: st.DataObject
) -> None:
    whole, tag, read = known
    told = unpack(whole[:-64])
    keys = sorted(told) if isinstance(told, dict) else list(range(len(told)))
    told[data.draw(st.sampled_from(keys))] = value
    changed = pack(told)
    reads(read, changed + LAPTOP.signer.sign(tag, changed))


@given(st.sampled_from("cdeikmrsuvw"), odd)
def test_odd_values_of_a_certificate_are_read_or_refused(field: str, value: object) -> None:
    told, signature, public = unpack(CERTIFICATE)
    reads(read_certificate, pack([pack(unpack(told) | {field: value}), signature, public]))


@given(st.sampled_from("cilprsv"), odd)
def test_odd_values_of_a_set_are_read_or_refused(field: str, value: object) -> None:
    told, wraps, _ = unpack(SET)
    changed = pack(unpack(told) | {field: value})
    signature = LAPTOP.signer.sign(Tag.WRAP_SET, framed(changed, fingerprint(wraps)))
    reads(READERS[-3][1], pack([changed, wraps, signature]))
