"""How two devices find each other: an invitation as QR code or pasted text, or twice six digits.

- An invitation holds a secret of 16 bytes and is good once, for ten minutes. It also says whose
  keys come, so nobody else can answer in the name of the device that showed it.
- Twice six digits: where, which is no secret, and the code. The code is a password of SPAKE2 and
  never hashed, sent or derived from by itself.
- What is read was written by whoever shows it: form, lengths and time are checked, and the carrier
  is a text to show to the person before anything is connected to.

Source: docs/spec/13-pairing.md section 3.
"""

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Protocol

from sealhold.crypto.digest import equal, framed, tagged
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.quantities import Instant

VALID_MS = 600_000  # an invitation and a code: ten minutes
SKEW_MS = 120_000  # by how much the clock of the device that shows it may be ahead
MAX_TEXT = 512  # characters of an invitation; one has about 220
RENDEZVOUS_BYTES = 16
SECRET_BYTES = 16
KEYS_BYTES = 32
CODE_TRIES = 3
Digits = Secret  # six of them, as a person typed them
_VERSION = 1
_PREFIX = "SEALHOLD-PAIR:"
_CHECK_BYTES = 4
_FIELDS = frozenset(range(1, 7))
_DIGITS = 1_000_000
_HINT = re.compile(r"[!-?A-~]{1,96}")  # printable ASCII without space and `@`
_CODE = re.compile(r"([0-9]{6})[- ]?([0-9]{6})")
_SIX = re.compile(r"[0-9]{6}")


class Way(Protocol):
    """What both sides know before they meet."""

    @property
    def rendezvous(self) -> bytes:
        """The 16 bytes from which the rooms of the key exchange are named."""
        ...

    @property
    def secret(self) -> Secret:
        """The password."""
        ...

    @property
    def tries(self) -> int:
        """How many wrong tries burn it."""
        ...

    @property
    def until(self) -> Instant:
        """When it is over, in any case."""
        ...

    @property
    def keys(self) -> bytes | None:
        """The hash of the introduction that must come, if it is known."""
        ...

    def context(self, attempt: int) -> bytes:
        """Return what both sides agree on beside the password, in a try."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a QR code holds."""

    rendezvous: bytes
    carrier: str  # 1 to 96 characters, for instance `https://relay.example`
    keys: bytes
    secret: Secret
    until: Instant

    @property
    def tries(self) -> int:
        """One: it is used up by being answered."""
        return 1

    def context(self, attempt: int) -> bytes:
        """Return what both sides agree on beside the secret."""
        fields = self._fields()
        del fields[5]
        return framed(b"qr", pack(fields), bytes([attempt]))

    def text(self) -> str:
        """Return the text that the QR code holds, and that can be pasted."""
        payload = self.payload()
        whole = payload + tagged(Tag.PAIRING_TEXT, payload)[:_CHECK_BYTES]
        return _PREFIX + b32encode(whole).decode().rstrip("=")

    def payload(self) -> bytes:
        """Return the encoded fields."""
        return pack(self._fields())

    def _fields(self) -> dict[int, object]:
        return {
            1: _VERSION,
            2: self.rendezvous,
            3: self.carrier,
            4: self.keys,
            5: self.secret.reveal(),
            6: self.until,
        }


def keys_hash(introduction: bytes) -> bytes:
    """Return the 32 bytes by which an invitation names an introduction."""
    return tagged(Tag.PAIRING_KEYS, introduction)


def invite(introduction: bytes, carrier: str, now: Instant, entropy: Entropy) -> Invitation:
    """Return a fresh invitation of a device that will introduce itself by `introduction`.

    Raises:
        InvalidError: `carrier` is no hint.
    """
    return Invitation(
        rendezvous=entropy(RENDEZVOUS_BYTES),
        carrier=_hint(carrier),
        keys=keys_hash(introduction),
        secret=Secret(entropy(SECRET_BYTES), "secret of an invitation"),
        until=Instant(now + VALID_MS),
    )


def read_invitation(text: str, now: Instant) -> Invitation:
    """Return the invitation that a scanned or pasted text holds.

    Raises:
        InvalidEncodingError: it is none, or was cut or changed.
        InvalidError: it is over, or of a time that cannot be.
    """
    if len(text) > MAX_TEXT:
        raise InvalidEncodingError(f"an invitation of {len(text)} characters, at most {MAX_TEXT}")
    whole = _unbased("".join(text.split()).upper())
    payload, check = whole[:-_CHECK_BYTES], whole[-_CHECK_BYTES:]
    if not equal(tagged(Tag.PAIRING_TEXT, payload)[:_CHECK_BYTES], check):
        raise InvalidEncodingError("an invitation was cut or changed")
    found = _from_payload(payload)
    # THREAT T462: an invitation that is over, or that somebody made for a long time, counts not.
    if not now < found.until <= now + VALID_MS + SKEW_MS:
        raise InvalidError(
            "the invitation is over, or the clock of one of the two devices is wrong"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Twice six digits: where, and the code. The person knows the carrier."""

    place: str
    secret: Secret
    until: Instant

    @property
    def rendezvous(self) -> bytes:
        """The 16 bytes that the digits of the place stand for."""
        return tagged(Tag.PAIRING_PLACE, self.place.encode())[:RENDEZVOUS_BYTES]

    @property
    def tries(self) -> int:
        """Three."""
        return CODE_TRIES

    @property
    def keys(self) -> None:
        """Nothing: six digits say not whose keys come."""
        return

    def context(self, attempt: int) -> bytes:
        """Return what both sides agree on beside the code, in a try."""
        return framed(b"code", self.place.encode(), bytes([attempt]))

    def text(self) -> str:
        """Return the digits as the screen shows them: `417203-982114`."""
        return f"{self.place}-{self.secret.reveal().decode()}"


def draw_code(now: Instant, entropy: Entropy) -> Code:
    """Return a fresh place and code."""
    place, code = _six(entropy), _six(entropy)
    return Code(place=place, secret=six_digits(code), until=Instant(now + VALID_MS))


def read_code(text: str, now: Instant) -> Code:
    """Return the place and code that a person typed.

    Raises:
        InvalidError: not twice six digits.
    """
    found = _CODE.fullmatch(text.strip())
    if not found:
        raise InvalidError("a code has twice six digits")
    return Code(place=found[1], secret=six_digits(found[2]), until=Instant(now + VALID_MS))


def six_digits(text: str) -> Secret:
    """Return the six digits of a code alone.

    Raises:
        InvalidError: they are not six digits.
    """
    if not _SIX.fullmatch(text):
        raise InvalidError("a code has six digits")
    return Secret(text.encode(), "code of a pairing")


def as_terminal(text: str) -> str:
    """Return the QR code of a text as lines for a terminal."""
    import segno  # noqa: PLC0415  # loaded when devices are paired

    out = StringIO()
    segno.make_qr(text, error="m").terminal(out=out, border=2, compact=True)
    return out.getvalue()


def as_svg(text: str) -> str:
    """Return the QR code of a text as an SVG document."""
    import segno  # noqa: PLC0415  # loaded when devices are paired

    out = BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", scale=4, border=4, xmldecl=False)
    return out.getvalue().decode()


def is_hint(text: str) -> bool:
    """Return whether a text may stand for a carrier: 1 to 96 printable characters, and no `@`."""
    return bool(_HINT.fullmatch(text))


def _hint(text: str) -> str:
    if not is_hint(text):
        raise InvalidError("a carrier's hint has 1 to 96 printable characters, and no `@`")
    return text


def _unbased(text: str) -> bytes:
    """Return the bytes behind the prefix.

    Raises:
        InvalidEncodingError: another prefix, or not base32 in its one form.
    """
    body = text.removeprefix(_PREFIX)
    if body == text:
        raise InvalidEncodingError("not an invitation")
    try:
        whole = b32decode(body + "=" * (-len(body) % 8))
    except ValueError as err:
        raise InvalidEncodingError("an invitation was cut or changed") from err
    if b32encode(whole).decode().rstrip("=") != body:
        raise InvalidEncodingError("an invitation was cut or changed")
    return whole


def _from_payload(payload: bytes) -> Invitation:
    """Return the invitation of a payload.

    Raises:
        InvalidEncodingError: a field lacks, is of another type or length, or is not known.
    """
    fields = unpack(payload)
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        raise InvalidEncodingError("an invitation of another version or form")
    _version, rendezvous, carrier, keys, secret, until = (fields[key] for key in sorted(_FIELDS))
    if not _are_fit(rendezvous, carrier, keys, secret) or type(until) is not int:
        raise InvalidEncodingError("an invitation of another version or form")
    found = Invitation(
        rendezvous=rendezvous,
        carrier=carrier,
        keys=keys,
        secret=Secret(secret, "secret of an invitation"),
        until=Instant(until),
    )
    if found.payload() != payload:  # so the version too is ours, and each key a whole number
        raise InvalidEncodingError("an invitation of another version or form")
    return found


def _are_fit(rendezvous: object, carrier: object, keys: object, secret: object) -> bool:
    blobs = ((rendezvous, RENDEZVOUS_BYTES), (keys, KEYS_BYTES), (secret, SECRET_BYTES))
    return (
        all(isinstance(blob, bytes) and len(blob) == size for blob, size in blobs)
        and isinstance(carrier, str)
        and is_hint(carrier)
    )


def _six(entropy: Entropy) -> str:
    """Return six digits, each choice as likely as any other."""
    most = (1 << 32) // _DIGITS * _DIGITS
    while (drawn := int.from_bytes(entropy(4))) >= most:
        pass
    return f"{drawn % _DIGITS:06d}"
