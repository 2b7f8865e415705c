"""An unlock slot: the root key under a secret of the owner, in a small document.

- Deterministic CBOR, a map of small integers, at most 1 KiB. The last entry is a plain checksum
  over the others: it tells damage (TAMPERED) apart from a wrong secret (DENIED), and nothing
  more. Whoever can write the file can write a fitting checksum.
- The root key is sealed with all other entries as associated data.

Source: docs/spec/03-keys.md section 8.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from sealhold.crypto.digest import equal, framed, tagged
from sealhold.crypto.kdf import SALT_BYTES, Stretch
from sealhold.crypto.seal import WRAP_BYTES, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidError, SealBrokenError, TamperedError

FORMAT = 1
MAX_SLOT = 1024  # bytes; a passphrase slot has about 150
CHECK_BYTES = 16  # against accidents, so half a digest is plenty
ROOT_NAME = "root key"


class SlotKind(StrEnum):
    """Which secret opens a slot."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the word, not one of them
    KEYFILE = "keyfile"
    ENVIRONMENT = "environment"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHead:
    """What a slot says in the clear."""

    kind: SlotKind
    salt: bytes  # 16 bytes
    stretch: Stretch | None  # for a passphrase alone

    def fields(self) -> dict[int, Plain]:
        """Return the entries that the seal covers."""
        work = self.stretch
        numbers = [work.memory_kib, work.passes, work.lanes] if work else None
        return {0: FORMAT, 1: self.kind.value, 2: self.salt, 3: numbers}


def close_slot(head: SlotHead, lock: Secret, root: Secret, entropy: Entropy) -> bytes:
    """Return the slot document that gives `root` to whoever has `lock`, a 32-byte key."""
    return _write(head, Sealer(lock).wrap(root, _aad(head), entropy))


def read_slot(slot: bytes, name: str) -> tuple[SlotHead, bytes]:
    """Return head and sealed root key of a slot; `name` stands in the error.

    Raises:
        TamperedError: not a slot in its one form, or its checksum does not fit.
    """
    # THREAT T03: size, form, checksum and cost bounds are checked before any memory is spent.
    if len(slot) > MAX_SLOT:
        _damaged(name)
    try:
        fields = unpack(slot)
        if not isinstance(fields, dict) or set(fields) != set(range(6)):
            _damaged(name)
        sealed = _sized(fields[4], WRAP_BYTES, name)
        head = SlotHead(
            kind=SlotKind(fields[1]),
            salt=_sized(fields[2], SALT_BYTES, name),
            stretch=_stretch(fields[3], name),
        )
    except (InvalidError, ValueError, TypeError) as err:
        raise TamperedError(f"unlock slot `{name}` is damaged") from err
    if (head.kind is SlotKind.PASSPHRASE) is not (head.stretch is not None):
        _damaged(name)
    # INVARIANT: a slot has one written form; this compares format, checksum and every type.
    if not equal(slot, _write(head, sealed)):
        _damaged(name)
    return head, sealed


def open_slot(head: SlotHead, sealed: bytes, lock: Secret) -> Secret | None:
    """Return the root key, or None if `lock` is not the key of this slot."""
    try:
        return Sealer(lock).unwrap(sealed, _aad(head), ROOT_NAME)
    except SealBrokenError:
        return None


def _aad(head: SlotHead) -> bytes:
    return framed(Tag.SLOT, pack(head.fields()))


def _write(head: SlotHead, sealed: bytes) -> bytes:
    fields = head.fields() | {4: sealed}
    return pack(fields | {5: tagged(Tag.SLOT_CHECK, pack(fields))[:CHECK_BYTES]})


def _sized(value: Plain, size: int, name: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        _damaged(name)
    return value


def _stretch(numbers: Plain, name: str) -> Stretch | None:
    if numbers is None:
        return None
    if not isinstance(numbers, list) or any(type(number) is not int for number in numbers):
        _damaged(name)
    memory_kib, passes, lanes = numbers
    return Stretch(memory_kib=memory_kib, passes=passes, lanes=lanes)


def _damaged(name: str) -> NoReturn:
    raise TamperedError(f"unlock slot `{name}` is damaged")
