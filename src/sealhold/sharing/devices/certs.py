"""Certificates of devices: who a device is, what it may do, and who says so.

- The root certifies admins alone; an admin certifies any device, with a number above its own.
- A certificate names the root it stands under, so it is worth nothing under another.
- A chain leads from the root to a device, each link signed by the one before it.

Source: docs/spec/12-membership.md section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sealhold.crypto import rootid, sign
from sealhold.crypto.hybrid import BoxPublic, box_public
from sealhold.crypto.rootid import RootId, RootIdentity
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    BadSignatureError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.identity import MAX_MS, DeviceKeys, device_id

MAX_CERTIFICATE = 16_384  # bytes; by the root with 256 collections about 11 KB
MAX_COLLECTIONS = 256  # that a limited device is named for
MAX_SEQ = (1 << 31) - 1
MAX_CHAIN = 8  # a device enrolled by a device enrolled by ...
ROOT_ID_BYTES = 32

_FORM = 1


class Role(StrEnum):
    """What a device may do."""

    ADMIN = "admin"  # changes membership; reads and writes all
    FULL = "full"  # reads and writes all
    LIMITED = "limited"  # some collections
    BLIND = "blind"  # hosts ciphertext, and holds no key
    EDITOR = "editor"  # of another person: reads and writes some collections
    GUEST = "guest"  # of another person: reads some collections


OF_OTHERS = frozenset({Role.EDITOR, Role.GUEST})
SPEAKERS = frozenset({Role.ADMIN, Role.FULL})  # whose word on rules and grants others act on


class KeyUse(StrEnum):
    """What a device holds of a collection's keys."""

    HELD = "held"
    PER_USE = "per-use"  # none: an own device opens each object for it
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is certified of a device."""

    root: RootId
    device: DeviceId
    signing: PublicKey
    box: BoxPublic
    role: Role
    seq: int  # in which order devices were enrolled, from 1; a new certificate has a new number
    keys: KeyUse = KeyUse.HELD
    collections: frozenset[CollectionId] | None = None  # None: all
    not_after: Instant | None = None  # from when on it does not count
    issuer: DeviceId | None = None  # None: the root itself

    @classmethod
    def of(  # a certificate has that many fields
        cls, keys: DeviceKeys, *, root: RootId, role: Role, seq: int, issuer: DeviceId | None
    ) -> "Certificate":
        """Return the certificate of a device that holds all keys, or none if it is blind."""
        return cls(
            root=root,
            device=keys.id,
            signing=keys.signer.public,
            box=keys.box.public,
            role=role,
            seq=seq,
            keys=KeyUse.NONE if role is Role.BLIND else KeyUse.HELD,
            issuer=issuer,
        )

    def covers(self, collection: CollectionId) -> bool:
        """Return whether the device may be a member of `collection`."""
        return self.collections is None or collection in self.collections

    def is_over(self, now: Instant) -> bool:
        """Return whether the certificate's time has come."""
        return self.not_after is not None and now >= self.not_after


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate as it travels; whether its signature fits is for `check` to say."""

    certificate: Certificate
    told: bytes
    signature: bytes
    root_public: bytes  # empty, unless the root signed


def issue(certificate: Certificate, signer: SigningKey) -> bytes:
    """Return a certificate signed by the admin whose key is given.

    Raises:
        InvalidError: its issuer is another one, or its fields do not fit each other.
    """
    if certificate.issuer != device_id(signer.public):
        raise InvalidError("a certificate names another issuer than the one who signs")
    told = _pack(certificate)
    return pack([told, signer.sign(Tag.CERTIFICATE, told), b""])


def issue_by_root(certificate: Certificate, root: RootIdentity) -> bytes:
    """Return an admin's certificate signed by the root.

    Raises:
        InvalidError: not an admin's, of another root, or its fields do not fit each other.
    """
    if certificate.issuer is not None or certificate.root != rootid.root_id(root.public):
        raise InvalidError("a certificate of another issuer than this root")
    told = _pack(certificate)
    return pack([told, root.sign(Tag.CERTIFICATE, told), root.public])


def read_certificate(data: bytes) -> SignedCertificate:
    """Return what `data` certifies, its signature still to be checked.

    Raises:
        InvalidEncodingError: not as a certificate is.
    """
    if len(data) > MAX_CERTIFICATE:
        raise InvalidEncodingError(f"a certificate of {len(data)} bytes, at most {MAX_CERTIFICATE}")
    match unpack(data):
        case [bytes(told), bytes(signature), bytes(public)]:
            return SignedCertificate(_read(told), told, signature, public)
        case _:
            raise InvalidEncodingError("not a certificate")


def check(signed: SignedCertificate, root: RootId, issuer: Certificate | None) -> Certificate:
    """Return the certificate, if the root or `issuer` signed it and may have.

    Args:
        signed: the certificate as it came.
        root: the root that the reader trusts.
        issuer: the checked certificate of the admin that it names; None if it names the root.

    Raises:
        BadCertificateError: of another root or issuer, or more than the issuer may give.
    """
    found = signed.certificate
    # THREAT T454: nothing is believed of a certificate before root, issuer and signature fit
    if found.root != root or found.issuer != (issuer.device if issuer else None):
        raise BadCertificateError("a certificate of another root or issuer")
    try:
        if issuer is None:
            _check_root(signed, root)
        else:
            _check_admin(signed, issuer)
    except BadSignatureError as err:
        raise BadCertificateError("a certificate that its issuer did not sign") from err
    return found


def check_chain(chain: Sequence[bytes], root: RootId, now: Instant | None = None) -> Certificate:
    """Return the certificate at the end of a chain that begins at the root.

    It says nothing of devices that were removed since: a membership log does.

    Args:
        chain: certificates, the one by the root first.
        root: the root that the reader trusts.
        now: if given, no certificate may be over.

    Raises:
        BadCertificateError: a link is missing, over, or not by the one before.
        InvalidEncodingError: a link is no certificate.
    """
    if not 1 <= len(chain) <= MAX_CHAIN:
        raise BadCertificateError(f"a chain of {len(chain)} certificates")
    found = [check(read_certificate(chain[0]), root, None)]
    for data in chain[1:]:
        found.append(check(read_certificate(data), root, found[-1]))
    if now is not None and any(each.is_over(now) for each in found):
        raise BadCertificateError("a certificate of the chain is over")
    return found[-1]


def _check_root(signed: SignedCertificate, root: RootId) -> None:
    if rootid.root_id(signed.root_public) != root:
        raise BadCertificateError("a certificate by another root")
    rootid.verify(signed.root_public, Tag.CERTIFICATE, signed.told, signed.signature)


def _check_admin(signed: SignedCertificate, issuer: Certificate) -> None:
    if signed.root_public or issuer.role is not Role.ADMIN:
        raise BadCertificateError("a certificate by a device that is no admin")
    # THREAT T454: who is enrolled by a device is never senior to it
    if signed.certificate.seq <= issuer.seq:
        raise BadCertificateError("a certificate with a number not above its issuer's")
    sign.verify(issuer.signing, Tag.CERTIFICATE, signed.told, signed.signature)


def _pack(certificate: Certificate) -> bytes:
    some = certificate.collections
    told = pack(
        {
            "c": None if some is None else sorted(some),
            "d": certificate.device,
            "e": certificate.not_after,
            "i": certificate.issuer or b"",
            "k": certificate.signing,
            "m": certificate.box,
            "r": certificate.role.value,
            "s": certificate.seq,
            "u": certificate.keys.value,
            "v": _FORM,
            "w": certificate.root,
        }
    )
    _read(told)  # what a reader would refuse is not written
    return told


def _read(told: bytes) -> Certificate:
    match unpack(told):
        case {
            "c": some,
            "d": bytes(device),
            "e": end,
            "i": bytes(issuer),
            "k": bytes(signing),
            "m": bytes(box),
            "r": str(role),
            "s": int(seq),
            "u": str(use),
            "v": 1,
            "w": bytes(root),
            **rest,
        } if (
            not rest
            and role in tuple(Role)
            and use in tuple(KeyUse)
            and len(issuer) in {0, ID_BYTES}
            and len(root) == ROOT_ID_BYTES
            and 0 < seq <= MAX_SEQ
            and device == device_id(PublicKey(signing))
        ):
            found = Certificate(
                root=RootId(root),
                device=DeviceId(Id16(device)),
                signing=PublicKey(signing),
                box=box_public(box),
                role=Role(role),
                seq=seq,
                keys=KeyUse(use),
                collections=_collections(some),
                not_after=_end(end),
                issuer=DeviceId(Id16(issuer)) if issuer else None,
            )
            _fit(found)
            return found
        case _:
            raise InvalidEncodingError("a certificate does not tell what it must")


def _collections(told: Plain) -> frozenset[CollectionId] | None:
    if told is None:
        return None
    if (
        not isinstance(told, list)
        or not 1 <= len(told) <= MAX_COLLECTIONS
        or any(not isinstance(each, bytes) or len(each) != ID_BYTES for each in told)
        or told != sorted(set(told))
    ):
        raise InvalidEncodingError("collections of a certificate are not as they are told")
    return frozenset(CollectionId(Id16(each)) for each in told)


def _end(told: Plain) -> Instant | None:
    if told is None:
        return None
    if type(told) is not int or not 0 <= told < MAX_MS:
        raise InvalidEncodingError("the end of a certificate is not a time")
    return Instant(told)


def _fit(found: Certificate) -> None:
    limited = found.role is Role.LIMITED or found.role in OF_OTHERS
    uses = {
        Role.ADMIN: {KeyUse.HELD},
        Role.FULL: {KeyUse.HELD},
        Role.LIMITED: {KeyUse.HELD, KeyUse.PER_USE},
        Role.BLIND: {KeyUse.NONE},
        Role.EDITOR: {KeyUse.HELD},
        Role.GUEST: {KeyUse.HELD},
    }
    if found.keys not in uses[found.role] or (found.collections is None) is limited:
        raise InvalidEncodingError("a certificate whose role and keys do not fit each other")
    # THREAT T454: the root makes admins and nothing else
    if found.issuer is None and found.role is not Role.ADMIN:
        raise InvalidEncodingError("the root certifies admins alone")
