"""A letter: what one person leaves for another, sealed to a card and signed by a device.

- The signature stands inside the seal and names whom the letter is for: sealed again to somebody
  else it is no letter.
- What it tells of its sender is checked under the sender's root; who that is, contacts say.

Source: docs/spec/51-contacts.md section 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sealhold.crypto.digest import fingerprint, framed
from sealhold.crypto.hybrid import BoxKey, BoxPublic, box_public, seal_to
from sealhold.crypto.rootid import ROOT_PUBLIC_BYTES, RootId, RootPublic
from sealhold.crypto.sign import SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    InvalidEncodingError,
    InvalidError,
    SealBrokenError,
)
from sealhold.model.ids import ID_BYTES, ContactId, DeviceId
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import (
    MAX_CHAIN,
    Certificate,
    Role,
    check_chain,
    read_certificate,
)
from sealhold.sharing.devices.identity import MAX_MS, box_id
from sealhold.sharing.peers.card import Card, is_name, words_of

MAX_BODY = 1_048_576  # bytes
MAX_LETTER = 1_310_720  # sealed
MAX_KIND = 32  # characters
STEP = 4_096  # bytes that lengths are multiples of, before the seal
_FORM = 1


class Kind(StrEnum):
    """What a letter brings that contacts themselves are about; others name kinds of their own."""

    CARD = "card"
    INVITATION = "invitation"  # into a share space
    WITHDRAWN = "withdrawn"  # a share was taken back
    RECOVERY = "recovery-share"  # a share of the sender's recovery secret, or that it ended
    NOTICE = "recovery-notice"  # a recovery of whom it is for was opened
    VETO = "recovery-veto"  # of the sender, against a recovery
    ALIVE = "recovery-alive"  # the sender uses a device: for holders whose set names an heir


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that was opened, its signature checked."""

    id: bytes  # 16
    kind: str
    body: bytes
    at: Instant  # as its sender says
    name: str  # what the sender calls themselves
    root: RootPublic  # of the sender
    box: BoxPublic  # of the sender, as they say
    device: DeviceId  # that signed it
    chain: tuple[bytes, ...]
    plain: bytes  # what was sealed

    @property
    def sender(self) -> ContactId:
        """The sender's root id."""
        return ContactId(fingerprint(self.root))

    @property
    def words(self) -> tuple[str, ...]:
        """The twelve words of the sender's card, as the letter tells it."""
        return words_of(self.root, self.box)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes."""

    name: str
    box: BoxPublic
    chain: tuple[bytes, ...]
    signer: SigningKey


def write(  # reason: whom, what, and by whom
    card: Card, sender: Sender, letter: bytes, kind: str, body: bytes, at: Instant
) -> bytes:
    """Return a letter, sealed to the person whose card is given.

    Raises:
        InvalidError: the kind is no short word, or the body is too long.
    """
    if not 1 <= len(kind) <= MAX_KIND or not (kind.isascii() and kind.isprintable()):
        raise InvalidError("the kind of a letter is a short word")
    if len(body) > MAX_BODY:
        raise InvalidError(f"a letter of {len(body):,} bytes, at most {MAX_BODY:,}")
    to = box_id(card.box)
    told: list[Plain] = [_FORM, letter, card.id, to, kind, body, at, sender.name]
    said = pack([*told, sender.box, list(sender.chain)])
    signed = pack([said, sender.signer.sign(Tag.LETTER, said)])
    plain = len(signed).to_bytes(4, "big") + signed
    padded = plain.ljust(-(-len(plain) // STEP) * STEP, b"\x00")
    return bytes(seal_to(card.box, padded, _info(card.id, to)))


def open_letter(sealed: bytes, boxes: Iterable[BoxKey], root: RootId) -> Letter:
    """Return a letter to the person whose root and box keys are given.

    Raises:
        SealBrokenError: none of the keys opens it.
        InvalidEncodingError: sealed to this person, and no letter to them.
        BadCertificateError: by a device of nobody, or one that may not write letters.
        BadSignatureError: not signed by the device that it names.
    """
    if len(sealed) > MAX_LETTER:
        raise InvalidEncodingError(f"a letter of {len(sealed):,} bytes")
    for box in boxes:
        try:
            padded = box.open(sealed, _info(ContactId(root), box_id(box.public)))
        except SealBrokenError:
            continue
        end = 4 + int.from_bytes(padded[:4], "big")
        if end > len(padded) or any(padded[end:]) or len(padded) - end >= STEP:
            raise InvalidEncodingError("a letter is not padded as it must be")
        return read(padded[4:end], root, {box_id(box.public)})
    raise SealBrokenError("a letter that no key of this person opens")


def read(signed: bytes, root: RootId, boxes: Iterable[bytes] | None = None) -> Letter:
    """Return the letter in what was sealed to the person of `root`.

    Args:
        signed: what was sealed.
        root: of whom it must be for.
        boxes: what the keys are called that it may be sealed to; None: it was opened before.

    Raises:
        InvalidEncodingError: no letter, or one to somebody else.
        BadCertificateError: by a device of nobody, or one that may not write letters.
        BadSignatureError: not signed by the device that it names.
    """
    match unpack(signed):
        case [bytes(said), bytes(signature)]:
            pass
        case _:
            raise InvalidEncodingError("not a letter")
    match unpack(said):
        case [
            1,
            bytes(letter),
            bytes(to),
            bytes(sealed_to),
            str(kind),
            bytes(body),
            int(at),
            str(name),
            bytes(box),
            list(chain),
        ] if (
            len(letter) == ID_BYTES
            and 1 <= len(kind) <= MAX_KIND
            and len(body) <= MAX_BODY
            and 0 <= at < MAX_MS
            and is_name(name)
            and 1 <= len(chain) <= MAX_CHAIN
            and all(isinstance(each, bytes) for each in chain)
        ):
            pass
        case _:
            raise InvalidEncodingError("a letter does not tell what it must")
    # THREAT T542: what was written to somebody else, or sealed again by them, is no letter to us
    if to != root or (boxes is not None and sealed_to not in boxes):
        raise InvalidEncodingError("a letter to somebody else")
    links = tuple(each for each in chain if isinstance(each, bytes))
    public, certificate = _author(links)
    verify(certificate.signing, Tag.LETTER, said, signature)
    return Letter(
        id=letter,
        kind=kind,
        body=body,
        at=Instant(at),
        name=name,
        root=public,
        box=box_public(box),
        device=certificate.device,
        chain=links,
        plain=signed,
    )


def _author(links: tuple[bytes, ...]) -> tuple[RootPublic, Certificate]:
    """Return root key and certificate of the device at the end of a chain.

    Raises:
        BadCertificateError: it leads from no root, or to a device that may not write letters.
        InvalidEncodingError: a link is no certificate.
    """
    public = RootPublic(read_certificate(links[0] if links else b"").root_public)
    if len(public) != ROOT_PUBLIC_BYTES:
        raise BadCertificateError("a letter by a device of nobody")
    certificate = check_chain(links, RootId(fingerprint(public)))
    if certificate.role not in {Role.ADMIN, Role.FULL}:
        raise BadCertificateError("a letter by a device that may not write any")
    return public, certificate


def _info(root: ContactId, box: bytes) -> bytes:
    return framed(Tag.LETTER_BOX, root, box)
