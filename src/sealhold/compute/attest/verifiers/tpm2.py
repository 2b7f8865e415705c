"""A quote of a TPM 2.0: registers, signed by a key that the reader knows.

- The evidence is deterministic CBOR of quote, signature and the values of the registers; the key
  is the reader's to bring. Measurement: the 32-byte digest over the registers.
- It is rooted in hardware only if the reader saw the key activated under the endorsement key of a
  TPM whose certificate leads to a pinned vendor. A TPM in software signs just the same.
- A TPM measures what a machine started. It hides nothing from the machine's owner.

Source: docs/spec/21-evidence.md section 9.
"""

from typing import Final

from sealhold.compute.attest import tpmforms
from sealhold.compute.attest.collateral import Collateral, TpmCollateral
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind
from sealhold.crypto import x509
from sealhold.model.encoding import Plain, unpack
from sealhold.model.errors import BadChainError, InvalidEncodingError

MAX_DATA: Final = 8_192  # bytes; a quote of all registers has about 1,500


class Tpm2Verifier(JudgedVerifier):
    """Appraises quotes of TPMs."""

    kind = Kind.TPM2

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        _look(look, case, collateral)


def _look(look: Look, case: Case, collateral: Collateral | None) -> None:
    attest, signature, registers = _read(case.evidence.data)
    quoted = tpmforms.read_quote(attest)
    wanted = case.reference.binding.challenge(case.nonce)
    look.fault("the challenge in it is another", unless=quoted.challenge == wanted)
    same = tuple(sorted(registers)) == quoted.registers
    look.fault("other registers than were quoted", unless=same)
    # THREAT T157: values that do not give the signed digest are not those that were quoted.
    fits = tpmforms.composite(registers) == quoted.digest
    look.fault("the registers differ from the quote", unless=fits)
    if not isinstance(collateral, TpmCollateral):
        raise look.needs("the key that signs")
    tpmforms.verify(attest, signature, collateral.key)
    look.verified = same and fits
    look.measurement = quoted.digest
    look.claims |= {
        "firmware": f"{quoted.firmware:#x}",
        "resets": f"{quoted.resets}.{quoted.restarts}",
        **{f"pcr{place}": value.hex() for place, value in sorted(registers.items())},
    }
    for place in sorted(tpmforms.RESETTABLE & registers.keys()):
        look.doubt(f"register {place} can be set back by any program")
    if collateral.chain:
        _root(look, case, collateral)


def _root(look: Look, case: Case, collateral: TpmCollateral) -> None:
    """Note that the key is one of a vendor's TPM.

    Raises:
        BadChainError: it is not.
        InvalidEncodingError: its description is not of its form.
    """
    area = tpmforms.read_area(collateral.area)
    # THREAT T157: a key outside the TPM, or one that signs whatever it is given, proves nothing.
    if area.key != collateral.key or not area.signs_quotes_only:
        raise BadChainError("the key is not one that only its TPM can use, and only for quotes")
    roots = case.policy.roots.get(case.kind, frozenset())
    look.ends.append(x509.check_chain(collateral.chain, roots, case.now))
    look.hw_rooted = True


def _read(data: bytes) -> tuple[bytes, bytes, dict[int, bytes]]:
    if len(data) > MAX_DATA:
        raise InvalidEncodingError(f"{len(data)} bytes, at most {MAX_DATA}")
    tree = unpack(data)
    if not isinstance(tree, dict) or tree.keys() != {"attest", "pcrs", "signature"}:
        raise InvalidEncodingError("not a quote with its registers")
    match tree:
        case {
            "attest": bytes() as attest,
            "signature": bytes() as signature,
            "pcrs": dict() as pcrs,
        }:
            pass
        case _:
            raise InvalidEncodingError("a part of the quote is not of its form")
    if not all(_is_register(place, value) for place, value in pcrs.items()):
        raise InvalidEncodingError("a register is not of its form")
    return attest, signature, pcrs


def _is_register(place: Plain, value: Plain) -> bool:
    return (
        type(place) is int
        and 0 <= place < tpmforms.PCRS
        and isinstance(value, bytes)
        and len(value) == tpmforms.PCR_BYTES
    )
