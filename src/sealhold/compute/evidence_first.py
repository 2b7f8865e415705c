"""The software token that proofs bore before the token of `attest.eat`: read, no longer made.

- It has 244 bytes, is bound to the recipient's nonce itself, and names neither time nor program.
- It says that the device's software says so, and no more.

Source: docs/spec/10-proof.md section 7.
"""

from typing import Final

from sealhold.compute.evidence import Claim, check_software
from sealhold.crypto.digest import equal, report_data, sha256
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, verify_raw
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import BadProofError, InvalidEncodingError

BYTES: Final = 244  # of every such token, and of no other
RANDOM_ID: Final = b"\x01"  # the type of a UEID that is drawn: here the device's public key
_PROTECTED: Final = pack({1: -8})  # algorithm: EdDSA
_SIGN1: Final = b"\xd2"  # CBOR tag 18: COSE_Sign1


def appraise_first(
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
