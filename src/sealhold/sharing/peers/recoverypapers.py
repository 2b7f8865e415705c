"""Papers of a recovery: the notices of holders, what is carried between them, a veto, a use.

- A notice says that a holder opened a recovery, and that their share is one of the set: it shows a
  digest of the share, to which the policy commits together with the holder. So whoever has the
  policy counts notices of holders whom nobody named before.
- Whoever opens a recovery draws something, and what it is called follows from that, its set and for
  whom it is: what was drawn before, or for another set or person, never passes for it.
- Who asks for their shares carries the notices from holder to holder, in one text.

Source: docs/spec/54-recovery-by-people.md section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.crypto.cards import MOST
from sealhold.crypto.digest import DIGEST_BYTES, fingerprint, tagged
from sealhold.crypto.rootid import RootId
from sealhold.crypto.sign import verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    DeniedError,
    InvalidEncodingError,
    NotFoundError,
)
from sealhold.model.ids import ID_BYTES, ContactId
from sealhold.sharing.devices.certs import MAX_CHAIN, Role, check_chain, read_certificate
from sealhold.sharing.devices.me import MAX_NAME, Me
from sealhold.sharing.peers.recoveryshares import SetPolicy, commitment

MAX_NOTICE = 32_768  # bytes
MAX_CARRIED = 262_144  # bytes
_FORM = 1
_GENERATION = 8  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderNotice:
    """That a holder opened a recovery, for their share; read, and checked against a policy."""

    recovery: bytes  # 16: what it is called
    drawn: bytes  # 16, by whoever opened it
    by_heir: bool
    holder: ContactId
    place: int  # of the share in the set, from 1
    data: bytes  # as it travels


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidVeto:
    """A device's no, as it travels to holders."""

    notices: tuple[bytes, ...]  # of the recovery: who has not heard of it yet hears of it so
    name: str  # of the device
    verified: int  # milliseconds between the verification of its user and the veto


def called(policy: SetPolicy, drawn: bytes, *, by_heir: bool) -> bytes:
    """Return what a recovery of a set is called, by what was drawn for it: 16 bytes."""
    generation = policy.generation.to_bytes(_GENERATION, "big")
    # THREAT T578: one that is known, vetoed or over hides none of another set, person or kind
    parts = (policy.root, generation, bytes([by_heir]), drawn)
    return tagged(Tag.RECOVERY_CALLED, *parts)[:ID_BYTES]


def write_notice(me: Me, policy: SetPolicy, drawn: bytes, digest: bytes, *, heir: bool) -> bytes:
    """Return the notice of a holder, signed by this device of theirs."""
    about: list[Plain] = [_FORM, drawn, policy.root, policy.generation, heir, digest]
    said = pack([*about, list(me.chain)])
    return pack([said, me.keys.signer.sign(Tag.RECOVERY_NOTICE, said)])


def read_notice(paper: bytes, policy: SetPolicy) -> HolderNotice:
    """Return a notice of a holder of a set.

    Raises:
        InvalidEncodingError: it is none.
        BadCertificateError: by a device of nobody, or one that may not speak for its person.
        BadSignatureError: it was changed since it was signed.
        DeniedError: it is about another set, or its signer holds no share of this one.
        NotFoundError: it is about a newer set.
    """
    if len(paper) > MAX_NOTICE:
        raise InvalidEncodingError("no notice of a recovery")
    match unpack(paper):
        case [bytes(said), bytes(signature)]:
            pass
        case _:
            raise InvalidEncodingError("no notice of a recovery")
    match unpack(said):
        case [
            1,
            bytes(drawn),
            bytes(owner),
            int(generation),
            bool(by_heir),
            bytes(digest),
            list(chain),
        ] if (
            len(drawn) == ID_BYTES
            and len(digest) == DIGEST_BYTES
            and 1 <= len(chain) <= MAX_CHAIN
            and all(isinstance(each, bytes) for each in chain)
        ):
            pass
        case _:
            raise InvalidEncodingError("no notice of a recovery")
    links = tuple(each for each in chain if isinstance(each, bytes))
    holder = RootId(fingerprint(read_certificate(links[0]).root_public))
    certificate = check_chain(links, holder)
    if certificate.role not in {Role.ADMIN, Role.FULL}:
        raise BadCertificateError("a notice by a device that may give none")
    verify(certificate.signing, Tag.RECOVERY_NOTICE, said, signature)
    if owner == policy.root and generation > policy.generation:
        raise NotFoundError("a notice about a newer set of shares than is known here")
    if (owner, generation) != (policy.root, policy.generation):
        raise DeniedError("a notice about another set of shares")
    committed = commitment(holder, digest)
    # THREAT T581: who holds no share of the set opens nothing, and a holder counts once
    if committed not in policy.shares:
        raise DeniedError("a notice by somebody who holds no share of the set")
    return HolderNotice(
        recovery=called(policy, drawn, by_heir=by_heir),
        drawn=drawn,
        by_heir=by_heir,
        holder=ContactId(holder),
        place=policy.shares.index(committed) + 1,
        data=paper,
    )


def write_carried(notices: Sequence[bytes]) -> bytes:
    """Return notices as they are carried from holder to holder."""
    return pack([_FORM, list(notices)])


def read_carried(data: bytes) -> tuple[bytes, ...]:
    """Return the notices that were carried here; each is read by itself.

    Raises:
        InvalidEncodingError: they are none.
    """
    match unpack(data):
        case [1, list(notices)] if 1 <= len(notices) <= MOST:
            found = tuple(each for each in notices if isinstance(each, bytes))
            if len(found) == len(notices):
                return found
        case _:
            pass
    raise InvalidEncodingError("no notices of a recovery")


def read_all(papers: Sequence[bytes], policy: SetPolicy) -> tuple[HolderNotice, ...]:
    """Return notices that are all of one recovery, one of each share.

    Raises:
        InvalidEncodingError: one is none, or they are of several recoveries.
        BadCertificateError: one is by a device of nobody.
        BadSignatureError: one was changed.
        DeniedError: one is about another set, or by somebody who holds no share of it.
        NotFoundError: one is about a newer set.
    """
    found = [read_notice(each, policy) for each in papers]
    if len({each.recovery for each in found}) > 1:
        raise InvalidEncodingError("notices of several recoveries")
    return tuple({each.place: each for each in found}.values())


def write_veto(veto: SaidVeto) -> bytes:
    """Return what the letter of a veto says."""
    return pack([_FORM, list(veto.notices), veto.name, veto.verified])


def read_veto(body: bytes) -> SaidVeto:
    """Return what the letter of a veto says; its notices are read by themselves.

    Raises:
        InvalidEncodingError: it is none.
    """
    match unpack(body):
        case [1, list(notices), str(name), int(verified)] if (
            1 <= len(notices) <= MOST and len(name) <= MAX_NAME and 0 <= verified < 1 << 63
        ):
            papers = tuple(each for each in notices if isinstance(each, bytes))
            if len(papers) == len(notices):
                return SaidVeto(notices=papers, name=name, verified=verified)
        case _:
            pass
    raise InvalidEncodingError("no veto")


def write_use(verified: int) -> bytes:
    """Return what the letter of a use says: how long before it its user was verified, in ms."""
    return pack([_FORM, verified])


def read_use(body: bytes) -> int:
    """Return how long before a use its user was verified, in milliseconds.

    Raises:
        InvalidEncodingError: it is none.
    """
    match unpack(body):
        case [1, int(verified)] if 0 <= verified < 1 << 63:
            return verified
        case _:
            raise InvalidEncodingError("no use of a device")
