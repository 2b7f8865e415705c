"""Signed notes and checkpoints: text that a person can read and any log tool can check.

- A note is text that ends in a newline, an empty line, and signature lines
  `— name base64(key id || signature)`. What is signed is the text with its last newline.
- A checkpoint's text is three lines: origin, number of leaves, root in base64. Extension lines
  are refused: nobody audits them.
- A signature by a known key must fit, else the whole note is refused; one by an unknown key is
  ignored, as the format wants it, and never counted.
- Ed25519 only (signature type 1).

Source: docs/spec/05-audit-log.md section 4; c2sp.org/signed-note, c2sp.org/tlog-checkpoint.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sealhold.crypto.digest import sha256
from sealhold.crypto.merkle import HASH_BYTES
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify_raw
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, InvalidError

MAX_NOTE = 65_536  # bytes; ours have about 300
MAX_SIGNATURES = 16  # the least that the format asks a reader to accept
KEY_ID_BYTES = 4
ED25519 = b"\x01"  # the signature type

_DASH = "\u2014 "  # em dash and space: how a signature line begins
_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+")
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # control characters, lone surrogates
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")  # no leading zero; below 2^63


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key by which notes are checked: its name and 32 public bytes."""

    name: str
    public: PublicKey

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that stand before each signature of this key."""
        return sha256(self.name.encode(), b"\n", ED25519, self.public)[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note whose signatures were checked."""

    text: str  # with its last newline
    signers: tuple[VerifierKey, ...]  # of those the caller named


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log commits to at one size."""

    origin: str
    size: int
    root: bytes  # 32 bytes

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key that `name+id+key` writes.

    Raises:
        InvalidEncodingError: not an Ed25519 verifier key, or its id is of another key.
    """
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    key = _base64(encoded)
    if len(key) != 1 + PUBLIC_BYTES or not key.startswith(ED25519) or not _NAME.fullmatch(name):
        raise InvalidEncodingError("not an Ed25519 verifier key")
    found = VerifierKey(name, PublicKey(key[1:]))
    if digits != found.key_id.hex():
        raise InvalidEncodingError("the key id is of another key")
    return found


def make_note(text: str, name: str, key: SigningKey) -> str:
    """Return `text` signed by `key` under `name`.

    Raises:
        InvalidError: a text or name that a note cannot hold.
    """
    if not text.endswith("\n") or _UNFIT.search(text) or not _NAME.fullmatch(name):
        raise InvalidError("a note is lines of text, signed under a name without spaces or `+`")
    return f"{text}\n{_signed(text, name, key)}"


def cosign(note: str, name: str, key: SigningKey) -> str:
    """Return `note`, whose text `key` signs as well, under `name`.

    Raises:
        InvalidEncodingError: not a note.
    """
    text, _ = _split(note)
    return note + _signed(text, name, key)


def open_note(note: str, known: Collection[VerifierKey]) -> OpenedNote:
    """Return the text that at least one of `known` signed.

    Raises:
        InvalidEncodingError: not a note.
        BadSignatureError: no known key signed it, or a signature of one does not fit.
    """
    text, lines = _split(note)
    keys = {(key.name, key.key_id): key for key in known}
    signers: list[VerifierKey] = []
    for line in lines:
        name, key_id, signature = _signature(line)
        if (key := keys.get((name, key_id))) is None:
            continue
        # THREAT T52: a forged checkpoint, or one signed by another key under this name.
        verify_raw(key.public, text.encode(), signature)
        if key in signers:
            raise InvalidEncodingError("a key signed twice")
        signers.append(key)
    if not signers:
        raise BadSignatureError("no key that is trusted here signed this note")
    return OpenedNote(text, tuple(signers))


def parse_checkpoint(text: str) -> Checkpoint:
    """Return what the text of a note says about a log.

    Raises:
        InvalidEncodingError: not a checkpoint in its one form.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):  # noqa: PLR2004  # reason: three lines, each ended
        raise InvalidEncodingError("not a checkpoint")
    found = Checkpoint(origin=lines[0], size=int(lines[1]), root=_base64(lines[2]))
    if len(found.root) != HASH_BYTES or found.size >= 1 << 63:
        raise InvalidEncodingError("not a checkpoint")
    return found


def _signed(text: str, name: str, key: SigningKey) -> str:
    key_id = VerifierKey(name, key.public).key_id
    signature = b64encode(key_id + key.sign_raw(text.encode())).decode()
    return f"{_DASH}{name} {signature}\n"


def _split(note: str) -> tuple[str, Sequence[str]]:
    if len(note) > MAX_NOTE or _UNFIT.search(note):
        raise InvalidEncodingError("not a signed note")
    text, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or len(lines) < 2 or lines[-1]:  # noqa: PLR2004  # reason: one line and its end
        raise InvalidEncodingError("not a signed note")
    if len(lines) - 1 > MAX_SIGNATURES:
        raise InvalidEncodingError(f"{len(lines) - 1} signatures, at most {MAX_SIGNATURES}")
    return text + "\n", lines[:-1]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
        raise InvalidEncodingError("not a signature line")
    value = _base64(encoded)
    if len(value) <= KEY_ID_BYTES:
        raise InvalidEncodingError("not a signature line")
    return name, value[:KEY_ID_BYTES], value[KEY_ID_BYTES:]


def _base64(text: str) -> bytes:
    try:
        value = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("not base64") from err
    if b64encode(value).decode() != text:  # unused bits set: a second text for the same bytes
        raise InvalidEncodingError("not the one form of base64")
    return value
