"""Sealing: AES-256-GCM, one key per byte string, each ciphertext bound to its place.

- A wrap is one 32-byte key under another: 12-byte random nonce, ciphertext, tag: 60 bytes.
- A data key (DEK) seals exactly one byte string, with nonce zero; an update draws a new DEK.
- The associated data names the place. A wrap names the version of the *wrapping* key; a body the
  version of the *record*, never of a key: else turning over a key would seal every body anew.
- Whatever does not open is `SealBrokenError`: changed, cut, moved, or under another key.

Source: docs/spec/02-sealing.md sections 3 to 5; NIST SP 800-38D.
"""

import struct
from collections.abc import Callable
from enum import IntEnum, unique

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import ID_BYTES, Collection, Id16, SealedBytes

KEY_BYTES = 32
NONCE_BYTES = 12
GCM_TAG_BYTES = 16
WRAP_BYTES = NONCE_BYTES + KEY_BYTES + GCM_TAG_BYTES
SEAL_BYTES = NONCE_BYTES + GCM_TAG_BYTES  # what `Sealer.seal` adds
ENVELOPE_BYTES = KEY_BYTES + NONCE_BYTES  # what `Sealer.envelope` draws
COUNTED = 65_536  # wraps, on average, from one that is counted to the next
NOBODY = Id16(bytes(ID_BYTES))  # stands where a key or body has no app, subject or record

_NONCE_ZERO = bytes(NONCE_BYTES)
_RARE = bytes(2)  # how one in 65,536 nonces begins
_wrap_tail = struct.Struct(">Q").pack
_body_tail = struct.Struct(">IQH").pack


@unique
class KeyKind(IntEnum):
    """What a key is for. In a wrap: the key inside. In a body: the key that seals it.

    Append only; the number stands in the associated data.
    """

    EPOCH = 1  # wraps app keys
    APP = 2  # wraps subject keys of one app
    SUBJECT = 3  # wraps what belongs to one person
    DEK = 4  # seals one record version
    LOG = 5  # seals and hashes in the audit log
    FIELD = 6  # blind index of one profile field
    CHUNK = 7  # seals one chunk
    INDEX = 8  # word index of one subject
    TOKEN = 9  # mints access tokens
    SIGNING = 10  # the vault's signature seed
    HOLD = 11  # keeps what a duty to keep still needs
    SET = 12  # row MACs and set hash
    BASE = 13  # one subject's tags, index and papers
    NAMED = 14  # one of the vault's own keys
    BLOCK = 15  # several DEKs of one person


def wrap_aad(kind: KeyKind, app: bytes, subject: bytes, record: bytes, version: int) -> bytes:
    """Return the place of a wrapped key: 66 bytes. `version` is that of the wrapping key.

    Raises:
        ValueError: an id that is not 16 bytes.
    """
    if not len(app) == len(subject) == len(record) == ID_BYTES:
        raise ValueError("an id in associated data is not 16 bytes")
    return b"".join((Tag.WRAP, _KIND[kind], app, subject, record, _wrap_tail(version)))


def wrap_places(kind: KeyKind, app: bytes, version: int) -> Callable[[bytes, bytes], bytes]:
    """Return what makes the places that differ in subject and record alone, each of 16 bytes.

    Raises:
        ValueError: an app that is not 16 bytes.
    """
    if len(app) != ID_BYTES:
        raise ValueError("an id in associated data is not 16 bytes")
    head, tail = b"".join((Tag.WRAP, _KIND[kind], app)), _wrap_tail(version)
    return lambda subject, record: head + subject + record + tail


def body_aad(  # a place has seven parts, and this runs for every record
    kind: KeyKind,
    app: bytes,
    subject: bytes,
    collection: Collection,
    record: bytes,
    part: int,
    version: int,
) -> bytes:
    """Return the place of a sealed body. `version` is that of the record, never of a key.

    Raises:
        ValueError: an id that is not 16 bytes.
    """
    if not len(app) == len(subject) == len(record) == ID_BYTES:
        raise ValueError("an id in associated data is not 16 bytes")
    name = collection.encode()
    tail = _body_tail(part, version, len(name))
    return b"".join((Tag.BODY, _KIND[kind], app, subject, record, tail, name))


def body_places(  # a place has seven parts
    kind: KeyKind, app: bytes, subject: bytes, collection: Collection, part: int, version: int
) -> Callable[[bytes], bytes]:
    """Return what makes the places that differ in the record alone, which has 16 bytes.

    Raises:
        ValueError: an app or a subject that is not 16 bytes.
    """
    if not len(app) == len(subject) == ID_BYTES:
        raise ValueError("an id in associated data is not 16 bytes")
    name = collection.encode()
    head, tail = (
        b"".join((Tag.BODY, _KIND[kind], app, subject)),
        _body_tail(part, version, len(name)),
    )
    return lambda record: head + record + tail + name


def new_key(entropy: Entropy, name: str) -> Secret:
    """Return a fresh key of 32 bytes."""
    return Secret(entropy(KEY_BYTES), name)


class Sealer:
    """One wrapping key, prepared for many uses.

    # INVARIANT: a key draws fewer than 2^31 random nonces; the keyring counts and makes a new
    # version before. It counts by chance: of the nonces of wraps one in `COUNTED` begins with two
    # zero bytes, and only then `count` is called.
    """

    __slots__ = ("_cipher", "_count")

    def __init__(self, key: Secret, count: Callable[[], None] | None = None) -> None:
        self._cipher = AESGCM(key.reveal())
        self._count = count

    def wrap(self, key: Secret, aad: bytes, entropy: Entropy) -> SealedBytes:
        """Return `key` under this key: 60 bytes."""
        nonce = entropy(NONCE_BYTES)
        if nonce[:2] == _RARE:
            self._tell()
        return SealedBytes(nonce + self._cipher.encrypt(nonce, key.reveal(), aad))

    def envelope(
        self, plain: bytes, key_place: bytes, body_place: bytes, entropy: Entropy
    ) -> tuple[SealedBytes, SealedBytes]:
        """Seal `plain` under a key drawn for it alone; return that key wrapped here, and the seal.

        What `new_key`, `wrap` and `seal_once` do, in half their time: this runs for every record.
        """
        drawn = entropy(ENVELOPE_BYTES)
        dek, nonce = drawn[:KEY_BYTES], drawn[KEY_BYTES:]
        if nonce[:2] == _RARE:
            self._tell()
        wrap = nonce + self._cipher.encrypt(nonce, dek, key_place)
        return SealedBytes(wrap), SealedBytes(AESGCM(dek).encrypt(_NONCE_ZERO, plain, body_place))

    def open_envelope(
        self, wrap: bytes, sealed: bytes, key_place: bytes, body_place: bytes
    ) -> bytes:
        """Return what `envelope` was given.

        Raises:
            SealBrokenError: one of the two was changed, cut, moved, or is not the other's.
        """
        if len(wrap) != WRAP_BYTES:
            raise SealBrokenError(f"a wrapped key of {len(wrap)} bytes, not {WRAP_BYTES}")
        try:
            # THREAT T01: both places are part of the check, so a row that was put together from
            # others, or stands elsewhere, does not open.
            dek = self._cipher.decrypt(wrap[:NONCE_BYTES], wrap[NONCE_BYTES:], key_place)
            return AESGCM(dek).decrypt(_NONCE_ZERO, sealed, body_place)
        except InvalidTag as err:
            raise SealBrokenError("a sealed body does not open in this place") from err

    def unwrap(self, sealed: bytes, aad: bytes, name: str) -> Secret:
        """Return the key inside `sealed`, called `name`.

        Raises:
            SealBrokenError: not a wrap of this key for this place.
        """
        if len(sealed) != WRAP_BYTES:
            raise SealBrokenError(f"a wrapped key of {len(sealed)} bytes, not {WRAP_BYTES}")
        return Secret(self.open(sealed, aad), name)

    def rewrap(
        self, sealed: bytes, aad: bytes, to: "Sealer", to_aad: bytes, entropy: Entropy
    ) -> SealedBytes:
        """Return what `sealed` holds, sealed under `to`: as long as before.

        Raises:
            SealBrokenError: changed, cut, moved, or sealed under another key.
        """
        return to.seal(self.open(sealed, aad), to_aad, entropy)

    def seal(self, plain: bytes, aad: bytes, entropy: Entropy) -> SealedBytes:
        """Return `plain` sealed, 28 bytes longer."""
        nonce = entropy(NONCE_BYTES)
        if nonce[:2] == _RARE:
            self._tell()
        return SealedBytes(nonce + self._cipher.encrypt(nonce, plain, aad))

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Return what `seal` was given.

        Raises:
            SealBrokenError: changed, cut, moved, or sealed under another key.
        """
        if len(sealed) < SEAL_BYTES:
            raise SealBrokenError(f"{len(sealed)} bytes are too few for a seal")
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except InvalidTag as err:
            raise SealBrokenError("a sealed value does not open in this place") from err

    def _tell(self) -> None:
        if self._count is not None:
            self._count()


def seal_once(dek: Secret, plain: bytes, aad: bytes) -> SealedBytes:
    """Return `plain` sealed under a key that seals nothing else, 16 bytes longer."""
    return SealedBytes(AESGCM(dek.reveal()).encrypt(_NONCE_ZERO, plain, aad))


def open_once(dek: Secret, sealed: bytes, aad: bytes) -> bytes:
    """Return what `seal_once` was given.

    Raises:
        SealBrokenError: changed, cut, moved, or sealed under another key.
    """
    try:
        # THREAT T01: the place is part of the check, so a ciphertext that was moved to another
        # row, subject or version does not open.
        return AESGCM(dek.reveal()).decrypt(_NONCE_ZERO, sealed, aad)
    except InvalidTag as err:
        raise SealBrokenError("a sealed body does not open in this place") from err


_KIND = [bytes([number]) for number in range(max(KeyKind) + 1)]
