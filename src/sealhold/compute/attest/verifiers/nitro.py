"""A document of an AWS Nitro enclave: COSE_Sign1 with ES384, certified up to AWS's root.

- Its certificates stand in it, root first; the root must be the pinned one of the collateral.
  Leaves live about three hours, so a kept document is judged at its own time.
- Measurement: PCR0 to PCR2 joined, 144 bytes (image, kernel, application). All zero is debug.
- The nonce field must be the challenge and the user data the report data, as both were given.

Source: docs/spec/21-evidence.md section 7; AWS Nitro Enclaves attestation document.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.compute.attest.collateral import Collateral, NitroCollateral
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind
from sealhold.crypto import cose, x509
from sealhold.model.encoding import Plain
from sealhold.model.errors import BadChainError, InvalidEncodingError
from sealhold.model.quantities import Instant

PCR_BYTES: Final = 48
PCRS: Final = 32  # there are at most so many
CODE_PCRS: Final = (0, 1, 2)
MAX_FIELD: Final = 1_024  # bytes of nonce, user data and public key each
LATEST: Final = 1 << 50  # milliseconds; far beyond any certificate
FIELDS: Final = frozenset(
    {
        "module_id",
        "digest",
        "timestamp",
        "pcrs",
        "certificate",
        "cabundle",
        "public_key",
        "user_data",
        "nonce",
    }
)
OPTIONAL: Final = frozenset({"public_key", "user_data", "nonce"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    module: str
    made_at: Instant
    pcrs: dict[int, bytes]
    chain: tuple[x509.Certificate, ...]  # leaf first
    user_data: bytes
    nonce: bytes


class NitroVerifier(JudgedVerifier):
    """Appraises documents of Nitro enclaves."""

    kind = Kind.NITRO

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        _look(look, case, collateral)


def _look(look: Look, case: Case, collateral: Collateral | None) -> None:
    message = cose.read(case.evidence.data, tagged=False)
    look.fault("something in it is signed by nobody", unless=not message.unprotected)
    document = _read(cose.exact(message.payload))
    measurement = b"".join(document.pcrs[place] for place in CODE_PCRS)
    look.debug = not any(document.pcrs[0])
    look.fault("the nonce in it is another", unless=document.nonce == case.nonce)
    bound = document.user_data == case.evidence.report_data
    look.fault("the report data differs from what it claims", unless=bound)
    if not isinstance(collateral, NitroCollateral):
        raise look.needs("the root certificate")
    if document.chain[-1].der != collateral.root.der:
        raise BadChainError("its root is not the one that was given")
    roots = case.policy.roots.get(case.kind, frozenset())
    look.ends.append(x509.check_chain(document.chain, roots, case.now))
    leaf = document.chain[0]
    if not leaf.not_before <= document.made_at <= leaf.not_after:
        raise BadChainError("it was made outside the time of its certificate")
    cose.verify(message, leaf.public, algorithm=cose.Algorithm.ES384)
    look.verified = look.hw_rooted = True
    look.signed_at = document.made_at
    look.measurement = measurement
    look.claims |= {
        "module": document.module,
        "report_data": document.user_data.hex(),
        **{f"pcr{place}": value.hex() for place, value in sorted(document.pcrs.items())},
    }


def _read(tree: Plain) -> _Document:
    """Return the document in `tree`.

    Raises:
        InvalidEncodingError: a field is missing, unknown, or not of its form.
    """
    if not isinstance(tree, dict) or not FIELDS - OPTIONAL <= tree.keys() <= FIELDS:
        raise InvalidEncodingError("not the fields of a document")
    match tree:
        case {
            "module_id": str() as module,
            "digest": "SHA384",
            "timestamp": int() as made_at,
            "pcrs": dict() as pcrs,
            "certificate": bytes() as leaf,
            "cabundle": [_, *_] as bundle,
        } if module and 0 < made_at < LATEST:
            pass
        case _:
            raise InvalidEncodingError("a field of the document is not of its form")
    if not all(_is_pcr(place, value) for place, value in pcrs.items()):
        raise InvalidEncodingError("a register of the document is not of its form")
    if not pcrs.keys() >= set(CODE_PCRS) or len(bundle) >= x509.MAX_CHAIN:
        raise InvalidEncodingError("a register is missing, or there are too many certificates")
    if not all(isinstance(each, bytes) for each in bundle):
        raise InvalidEncodingError("a certificate of the document is not of its form")
    return _Document(
        module=module,
        made_at=Instant(made_at),
        pcrs=pcrs,
        chain=tuple(x509.read_der(each) for each in (leaf, *reversed(bundle))),
        user_data=_field(tree, "user_data"),
        nonce=_field(tree, "nonce"),
    )


def _is_pcr(place: Plain, value: Plain) -> bool:
    return (
        type(place) is int
        and 0 <= place < PCRS
        and isinstance(value, bytes)
        and len(value) == PCR_BYTES
    )


def _field(tree: dict[str, Plain], name: str) -> bytes:
    match tree.get(name):
        case None:
            return b""
        case bytes() as value if len(value) <= MAX_FIELD:
            return value
        case _:
            raise InvalidEncodingError("a field of the document is not of its form")
