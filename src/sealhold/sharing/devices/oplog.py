"""Entries of a log: sealed, signed inside the seal, bound to the entry before.

- What travels in clear is a version, the id of the epoch and a salt; whose log it is, its number
  and the entry before are part of the place, which the reader knows.
- Key and nonce are of one entry. A length is one of 57.

Source: docs/spec/11-exchange-and-op-log.md section 2.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from sealhold.crypto.digest import fingerprint, framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import GCM_TAG_BYTES, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError, TamperedError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.logicaltime import LogicalTime, checked_time
from sealhold.sharing.devices.ops import Operation, decode, encode
from sealhold.stores.packs import padded

FORM = b"\x01"
FIRST = bytes(32)  # what stands before a log's first entry
HASH_BYTES = 32
SIGNATURE_BYTES = 64
MAX_ENTRY = 917_504  # bytes, one of the lengths of a pack; it stands in one row
MAX_TOLD = MAX_ENTRY - 256  # bytes of what an entry tells
MAX_HEADS = 4_096
MAX_SEQ = 1 << 53

_HEAD = len(FORM) + 2 * ID_BYTES
_LENGTH = struct.Struct(">I")
_AROUND = _HEAD + _LENGTH.size + SIGNATURE_BYTES + GCM_TAG_BYTES

EpochSecrets = Callable[[bytes], Secret | None]  # by the id of the epoch


@dataclass(frozen=True, slots=True, order=True)
class LogId:
    """Whose log: a device in one incarnation."""

    device: bytes  # 16
    incarnation: bytes  # 16


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a log that somebody knows."""

    seq: int  # 0 before the first
    hash: bytes  # 32


NO_HEAD = Head(0, FIRST)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands."""

    collection: bytes  # 16
    log: LogId
    seq: int
    prev: bytes  # 32

    def framed(self) -> bytes:
        """Return the bytes that seal and signature are bound to."""
        number = self.seq.to_bytes(8, "big")
        return framed(
            Tag.LOG_ENTRY,
            self.collection,
            self.log.device,
            self.log.incarnation,
            number,
            self.prev,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry tells."""

    time: LogicalTime
    heads: tuple[tuple[LogId, Head], ...]  # of other logs that moved since the writer's last entry
    ops: tuple[Operation, ...]


def entry_hash(entry: bytes) -> bytes:
    """Return the 32 bytes by which the next entry names this one."""
    return fingerprint(entry)


def size_told(told: Told) -> int:
    """Return how many bytes `told` has before it is sealed."""
    return len(_pack(told))


def seal_entry(
    told: Told, place: Place, epoch: bytes, secret: Secret, signer: SigningKey, entropy: Entropy
) -> bytes:
    """Return an entry ready to be carried.

    Raises:
        InvalidError: it tells more than an entry may.
    """
    body = _pack(told)
    if len(body) > MAX_TOLD:
        raise InvalidError(f"an entry tells {len(body)} bytes, at most {MAX_TOLD}")
    salt = entropy(ID_BYTES)
    at = place.framed()
    signature = signer.sign(Tag.LOG_ENTRY_SIGNATURE, framed(at, epoch, salt, body))
    plain = _LENGTH.pack(len(body)) + body + signature
    plain = plain.ljust(_padded(len(body)) - _HEAD - GCM_TAG_BYTES, b"\x00")
    key = derive(secret, Tag.LOG_ENTRY_KEY, salt, at)
    return FORM + epoch + salt + seal_once(key, plain, at)


def epoch_of(entry: bytes) -> bytes:
    """Return the id of the epoch that an entry is sealed under.

    Raises:
        TamperedError: this is no entry.
    """
    if not _AROUND <= len(entry) <= MAX_ENTRY or entry[: len(FORM)] != FORM:
        raise TamperedError("not an entry of a log")
    return entry[len(FORM) : len(FORM) + ID_BYTES]


def open_entry(entry: bytes, place: Place, secret: Secret, public: PublicKey) -> Told:
    """Return what the entry at `place` tells, by the device whose key is `public`.

    Raises:
        SealBrokenError: changed, or not the entry of that place.
        BadSignatureError: not by that device.
        TamperedError: signed, and not padded as an entry is.
        InvalidEncodingError: signed, and not told as an entry tells.
    """
    epoch = epoch_of(entry)
    salt = entry[len(FORM) + ID_BYTES : _HEAD]
    at = place.framed()
    # THREAT T489: number, log and the entry before are the place: what was moved does not open
    plain = open_once(derive(secret, Tag.LOG_ENTRY_KEY, salt, at), entry[_HEAD:], at)
    (length,) = _LENGTH.unpack_from(plain)
    end = _LENGTH.size + length
    if length > MAX_TOLD or end + SIGNATURE_BYTES > len(plain):
        raise TamperedError("an entry is cut off")
    body = plain[_LENGTH.size : end]
    if len(entry) != _padded(length) or any(plain[end + SIGNATURE_BYTES :]):
        raise TamperedError("an entry's padding is not as it is written")
    signature = plain[end : end + SIGNATURE_BYTES]
    # THREAT T490: the signature is inside the seal; it is checked before a byte is understood
    verify(public, Tag.LOG_ENTRY_SIGNATURE, framed(at, epoch, salt, body), signature)
    return _unpack(body)


def seal_hello(
    place: bytes, log: LogId, epoch: bytes, secret: Secret, signer: SigningKey, entropy: Entropy
) -> bytes:
    """Return what stands as number 0 of a log on a carrier: whose it is.

    Args:
        place: as `hello_place` gives it.
        log: whose log.
        epoch: id of the epoch that it is sealed under, 16 bytes.
        secret: that epoch's.
        signer: of the log's device.
        entropy: what the salt is drawn from.
    """
    salt, body = entropy(ID_BYTES), log.device + log.incarnation
    signature = signer.sign(Tag.HELLO_SIGNATURE, framed(place, epoch, salt, body))
    key = derive(secret, Tag.LOG_ENTRY_KEY, salt, place)
    return FORM + epoch + salt + seal_once(key, body + signature, place)


def open_hello(
    data: bytes,
    place: bytes,
    secret: Callable[[bytes], Secret],
    signer: Callable[[bytes], PublicKey],
) -> LogId:
    """Return whose log a greeting says it is.

    Args:
        data: the greeting.
        place: as `hello_place` gives it.
        secret: gives that of an epoch, by its id.
        signer: gives the key of a device, by its id.

    Raises:
        SealBrokenError: changed, or of another log.
        BadSignatureError: not by the device that it names.
        TamperedError: no greeting.
    """
    if len(data) != _HEAD + 2 * ID_BYTES + SIGNATURE_BYTES + GCM_TAG_BYTES or data[:1] != FORM:
        raise TamperedError("not the greeting of a log")
    epoch, salt = data[1 : 1 + ID_BYTES], data[1 + ID_BYTES : _HEAD]
    plain = open_once(derive(secret(epoch), Tag.LOG_ENTRY_KEY, salt, place), data[_HEAD:], place)
    body, signature = plain[:-SIGNATURE_BYTES], plain[-SIGNATURE_BYTES:]
    log = LogId(body[:ID_BYTES], body[ID_BYTES:])
    at = framed(place, epoch, salt, body)
    verify(signer(log.device), Tag.HELLO_SIGNATURE, at, signature)
    return log


def hello_place(collection: bytes, name: bytes) -> bytes:
    """Return the place of the greeting of the log that a carrier knows by `name`, 16 bytes."""
    return framed(Tag.HELLO, collection, name)


def _padded(length: int) -> int:
    """Return how long an entry is that tells `length` bytes."""
    return padded(_AROUND + length)


def _pack(told: Told) -> bytes:
    heads = [[log.device, log.incarnation, head.seq, head.hash] for log, head in told.heads]
    return pack([[told.time.ms, told.time.step], heads, [encode(op) for op in told.ops]])


def _unpack(body: bytes) -> Told:
    match unpack(body):
        case [[ms, count], list(heads), list(ops)] if len(heads) <= MAX_HEADS:
            return Told(
                _time(ms, count, len(ops)),
                tuple(_head(head) for head in heads),
                tuple(decode(op) for op in ops),
            )
        case _:
            raise InvalidEncodingError("an entry tells a time, heads and operations")


def _time(ms: Plain, count: Plain, ops: int) -> LogicalTime:
    """Return the time of an entry.

    Raises:
        InvalidEncodingError: it is none, or its operations would have none.
    """
    try:
        time = checked_time(ms, count)
        # THREAT T469: what is signed and has no time is refused alone, and stops nothing else
        checked_time(ms, time.step + ops)
    except InvalidError as err:
        raise InvalidEncodingError("an entry at no time") from err
    return time


def _head(told: Plain) -> tuple[LogId, Head]:
    match told:
        case [bytes(device), bytes(incarnation), int(seq), bytes(named)] if (
            len(device) == len(incarnation) == ID_BYTES
            and 0 < seq < MAX_SEQ
            and len(named) == HASH_BYTES
        ):
            return LogId(device, incarnation), Head(seq, named)
        case _:
            raise InvalidEncodingError("a head names a log, a number and a hash")
