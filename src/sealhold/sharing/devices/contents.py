"""Versions, names and notes: what is sealed inside an operation.

- A version's key seals that version alone; names are sealed under the object's name key, each under
  a key of its own salt. Neither key stands in a log.
- A name is padded, so that its length tells little.

Source: docs/spec/11-exchange-and-op-log.md section 3.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES
from sealhold.vault.chunkplaces import HASH_BYTES, Manifest

INLINE = 4_096  # bytes of content that stand in the version itself
MAX_LISTED = 65_536  # bytes of a manifest; a longer one is itself kept in chunks
FEW_CHUNKS = 400  # whose manifest is never longer
MAX_SIZE = 1 << 53
NAME_STEP = 32
MAX_NAME = 1_024  # bytes of a name, UTF-8
MAX_MODE = 0o7777
NOTHING = bytes(HASH_BYTES)  # the digest of what has no content
_LENGTH = 2  # bytes of the number that tells how long a name is


class Kind(StrEnum):
    """What an object is, as a version of it says."""

    FILE = "file"
    LINK = "link"  # its content is where it points
    FOLDER = "folder"
    GONE = "gone"  # deleted, as far as who wrote this had seen
    DOCUMENT = "document"
    RECORD = "record"
    LINEAGE = "lineage"  # what a document begins from; no name stands for it


_KINDS = {kind.value: kind for kind in Kind}


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a version holds, once it is opened."""

    kind: Kind
    size: int = 0  # bytes of content
    mode: int = 0  # permission bits
    mtime: int = 0  # ns since 1970
    digest: bytes = NOTHING  # 32, keyed, of the content: equal where that is
    inline: bytes | None = b""  # the content itself, if it is short
    manifest: Manifest | None = None  # what it is put together from, if it is not
    is_list: bool = False  # the manifest is that of a manifest that is too long to stand here


def seal_content(
    content: Content, collection: bytes, object_id: bytes, version_id: bytes, key: Secret
) -> bytes:
    """Return what a version holds sealed under its own key, which seals nothing else."""
    return seal_once(key, pack(_told(content)), _place(collection, object_id, version_id))


def open_content(
    sealed: bytes, collection: bytes, object_id: bytes, version_id: bytes, key: Secret
) -> Content:
    """Return what a version says.

    Raises:
        SealBrokenError: changed, or another version.
        InvalidEncodingError: sealed, and not as a version must be.
    """
    return _read(unpack(open_once(key, sealed, _place(collection, object_id, version_id))))


def seal_name(
    name: str, collection: bytes, object_id: bytes, key: Secret, entropy: Entropy
) -> bytes:
    """Return a name sealed under the object's name key, with its salt of 16 bytes before it.

    Raises:
        InvalidEncodingError: longer than a name may be.
    """
    raw = name.encode("utf-8", "surrogateescape")
    if not 1 <= len(raw) <= MAX_NAME:
        raise InvalidEncodingError(f"a name has 1 to {MAX_NAME} bytes, not {len(raw)}")
    salt = entropy(ID_BYTES)
    plain = len(raw).to_bytes(_LENGTH, "big") + raw
    plain = plain.ljust(-(-len(plain) // NAME_STEP) * NAME_STEP, b"\x00")
    own = derive(key, Tag.NAME, salt)
    return salt + seal_once(own, plain, framed(Tag.NAME, collection, object_id))


def open_name(sealed: bytes, collection: bytes, object_id: bytes, key: Secret) -> str:
    """Return the name that was sealed.

    Raises:
        SealBrokenError: changed, or of another object.
        InvalidEncodingError: sealed, and not as a name must be.
    """
    own = derive(key, Tag.NAME, sealed[:ID_BYTES])
    plain = open_once(own, sealed[ID_BYTES:], framed(Tag.NAME, collection, object_id))
    end = _LENGTH + int.from_bytes(plain[:_LENGTH], "big")
    if end == _LENGTH or end > min(len(plain), MAX_NAME + _LENGTH) or any(plain[end:]):
        raise InvalidEncodingError("a name is not padded as it must be")
    return plain[_LENGTH:end].decode("utf-8", "surrogateescape")


def seal_note(
    note: Plain, collection: bytes, kind: str, epoch: bytes, secret: Secret, entropy: Entropy
) -> bytes:
    """Return a note sealed under an epoch, whose id and a salt stand before it."""
    salt = entropy(ID_BYTES)
    place = framed(Tag.NOTE, collection, kind.encode())
    return epoch + salt + seal_once(derive(secret, Tag.NOTE, salt), pack(note), place)


def epoch_of_note(sealed: bytes) -> bytes:
    """Return the id of the epoch that a note is sealed under."""
    return sealed[:ID_BYTES]


def open_note(sealed: bytes, collection: bytes, kind: str, secret: Secret) -> Plain:
    """Return what a note says.

    Raises:
        SealBrokenError: changed, or of another kind or collection.
        InvalidEncodingError: sealed, and not deterministic CBOR.
    """
    salt, body = sealed[ID_BYTES : 2 * ID_BYTES], sealed[2 * ID_BYTES :]
    place = framed(Tag.NOTE, collection, kind.encode())
    return unpack(open_once(derive(secret, Tag.NOTE, salt), body, place))


def _told(content: Content) -> dict[str, Plain]:
    told: dict[str, Plain] = {
        "d": content.digest,
        "m": content.mode,
        "s": content.size,
        "t": content.kind.value,
        "w": content.mtime,
    }
    if content.manifest is None:
        told["b"] = content.inline
    else:
        told["i" if content.is_list else "c"] = content.manifest.encoded()
    return told


def _read(told: Plain) -> Content:
    match told:
        case {
            "d": bytes(digest),
            "m": int(mode),
            "s": int(size),
            "t": str(kind),
            "w": int(mtime),
            **rest,
        } if (
            len(digest) == HASH_BYTES
            and kind in _KINDS
            and 0 <= mode <= MAX_MODE
            and 0 <= size < MAX_SIZE
            and -MAX_SIZE < mtime >> 10 < MAX_SIZE
            and len(rest) == 1
        ):
            pass
        case _:
            raise InvalidEncodingError("a version is not as it must be")
    inline, manifest = _held(rest, size)
    return Content(
        kind=_KINDS[kind],
        size=size,
        mode=mode,
        mtime=mtime,
        digest=digest,
        inline=inline,
        manifest=manifest,
        is_list="i" in rest,
    )


def is_sound(content: Content) -> bool:
    """Return whether what is sealed of a content opens as just this content."""
    if not (0 <= content.mode <= MAX_MODE and 0 <= content.size < MAX_SIZE):
        return False
    if len(content.digest) != HASH_BYTES or not -MAX_SIZE < content.mtime >> 10 < MAX_SIZE:
        return False
    if content.manifest is None:
        inline = content.inline
        return inline is not None and len(inline) == content.size <= INLINE and not content.is_list
    is_short = len(content.manifest.chunks) <= FEW_CHUNKS
    is_whole = content.is_list or content.manifest.size == content.size
    return content.inline is None and is_short and is_whole


def _held(rest: Mapping[object, Plain], size: int) -> tuple[bytes | None, Manifest | None]:
    """Return the content that stands in a version itself, or what it is put together from.

    Raises:
        InvalidEncodingError: it has neither, or not as it must be.
    """
    match rest:
        case {"b": bytes(inline)} if len(inline) == size <= INLINE:
            return inline, None
        case {"c": bytes(listed)} | {"i": bytes(listed)} if len(listed) <= MAX_LISTED:
            manifest = Manifest.decoded(listed)
            if "c" in rest and manifest.size != size:
                raise InvalidEncodingError("a version is not as long as its chunks")
            return None, manifest
        case _:
            raise InvalidEncodingError("a version has content or chunks")


def _place(collection: bytes, object_id: bytes, version_id: bytes) -> bytes:
    return framed(Tag.VERSION, collection, object_id, version_id)
