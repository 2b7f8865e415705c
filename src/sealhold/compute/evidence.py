"""What a proof says about the machine, and the seam to whatever vouches for it.

- A `Claim` stands in the statement that the vault signs. Evidence is bytes beside it, bound by 64
  bytes of report data to the recipient's nonce, the statement's digest and the key that signed it.
- Software vouches for itself as a CWT under a key of the device. It never says more than `sw`, and
  what it says of itself is never shown as hardware.
- Evidence that cannot be appraised here counts for nothing, whatever the claim says.

Source: docs/spec/10-proof.md section 5; RFC 8392, RFC 9052, RFC 9711.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from sealhold.crypto.digest import equal, report_data, sha256
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify_raw
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import BadProofError, InvalidEncodingError

Kind = Literal["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]
Integrity = Literal["hw", "sw", "none"]
Confidentiality = Literal["sealed", "glass", "none"]

PROFILE: Final = "urn:sealhold:eat:sw:1"
NONCE, UEID, EAT_PROFILE, MEASUREMENTS = 10, 256, 265, 273  # claims of an EAT
RANDOM_ID: Final = b"\x01"  # the type of a UEID that is drawn: here the device's public key
_PROTECTED: Final = pack({1: -8})  # algorithm: EdDSA
_SIGN1: Final = b"\xd2"  # CBOR tag 18: COSE_Sign1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the vault says about its machine."""

    kind: Kind
    digest: bytes  # 32 bytes: of the key or measurement that the evidence must show
    hw_rooted: bool
    integrity: Integrity
    confidentiality: Confidentiality

    def document(self) -> dict[str, Plain]:
        """Return it as it stands in a statement."""
        return {
            "confidentiality": self.confidentiality,
            "digest": self.digest.hex(),
            "hw_rooted": self.hw_rooted,
            "integrity": self.integrity,
            "kind": self.kind,
        }


class Attester(Protocol):
    """Vouches for the machine that signs a statement."""

    @property
    def claim(self) -> Claim:
        """What every statement says; it may not depend on what is stated."""
        ...

    def evidence(self, nonce: bytes, statement: bytes, session: PublicKey) -> bytes:
        """Return evidence bound to `nonce`, the statement's SHA-256 and the key that signs it."""
        ...


class Software:
    """A key of the device: it says that this vault's software says so, and no more."""

    def __init__(self, device: SigningKey) -> None:
        self._device = device

    @property
    def claim(self) -> Claim:
        """What every statement says."""
        return Claim(
            kind="sw",
            digest=sha256(self._device.public),
            hw_rooted=False,
            integrity="sw",
            confidentiality="glass",
        )

    def evidence(self, nonce: bytes, statement: bytes, session: PublicKey) -> bytes:
        """Return an EAT: a CWT that the device key signs (COSE_Sign1, EdDSA)."""
        payload = pack(
            {
                NONCE: report_data(nonce, statement, session),
                UEID: RANDOM_ID + self._device.public,
                EAT_PROFILE: PROFILE,
                MEASUREMENTS: [statement],
            }
        )
        signature = self._device.sign_raw(_to_be_signed(payload))
        return _SIGN1 + pack([_PROTECTED, {}, payload, signature])


def check_software(claim: Claim) -> None:
    """Return if a claim of kind `sw` says no more than software can.

    Raises:
        BadProofError: it does.
    """
    # THREAT T178: software that calls itself hardware, or sealed, is an altered proof.
    if claim.hw_rooted or claim.integrity == "hw" or claim.confidentiality == "sealed":
        raise BadProofError("software evidence that claims to be more")


def appraise_software(
    evidence: bytes, claim: Claim, nonce: bytes, statement: bytes, session: PublicKey
) -> None:
    """Return if `evidence` is what the device in `claim` says about this statement.

    Raises:
        InvalidEncodingError: not evidence of software in its one form.
        BadSignatureError: the device did not sign it.
        BadProofError: it is about something else, of another device, or claims more than `sw`.
    """
    check_software(claim)
    match unpack(evidence.removeprefix(_SIGN1)):
        case [
            bytes() as protected,
            {} as unprotected,
            bytes() as payload,
            bytes() as signature,
        ] if protected == _PROTECTED and not unprotected and evidence.startswith(_SIGN1):
            told = unpack(payload)
        case _:
            raise InvalidEncodingError("not a CWT of software")
    match told:
        case {
            10: bytes() as bound,
            256: bytes() as device,
            265: "urn:sealhold:eat:sw:1",
            273: [bytes() as measured],
            **more,
        } if not more and len(device) == 1 + PUBLIC_BYTES and device.startswith(RANDOM_ID):
            public = PublicKey(device[1:])
        case _:
            raise InvalidEncodingError("not the claims of software")
    verify_raw(public, _to_be_signed(payload), signature)
    if sha256(public) != claim.digest:
        raise BadProofError("evidence of another device")
    # THREAT T178: evidence of another answer fits neither its nonce nor its statement nor its key.
    if measured != statement or not equal(bound, report_data(nonce, statement, session)):
        raise BadProofError("evidence about another statement, key or nonce")


def _to_be_signed(payload: bytes) -> bytes:
    return pack(["Signature1", _PROTECTED, b"", payload])
