"""The proof whose owner shows it claim by claim: an SD-JWT with key binding beside the DSSE form.

- Every reader sees what the statement says of program, bounds, terms and machine, and the digest
  of that statement. The answer itself, and what only the owner knows, are hidden claims.
- What the app was told with the answer costs nothing to open again. What it was not told is data:
  its price is the number of values that the claim can have, known from the manifest.
- There are always equally many digests, and a holder key of each answer's own.

Source: docs/spec/10-proof.md section 6; RFC 9901.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.compute.compliance import Answer, Conduct, shared_claims
from sealhold.compute.leakage import bits_of_choice
from sealhold.compute.task import SignedTask, Task
from sealhold.crypto import sdjwt
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain
from sealhold.model.quantities import MicroBits, rfc3339

KIND: Final = "sealhold-proof+sd-jwt"
VCT: Final = "urn:sealhold:proof:2"
DIGESTS: Final = 16  # of which ten open something
MAX_INDEX: Final = 2**20  # an entry beyond has no claim of its place
MAX_BITS: Final = 16  # whole bits of one object, for life: what a vault allows at most

NOTHING: Final = MicroBits(0)


def _free(_task: Task) -> MicroBits:
    return NOTHING


def _count(task: Task) -> MicroBits:
    return bits_of_choice(task.input.max_objects + 1)


def _bits(_task: Task) -> MicroBits:
    return bits_of_choice(MAX_BITS + 1)


def _index(_task: Task) -> MicroBits:
    return bits_of_choice(MAX_INDEX)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKind:
    """One claim that can be opened."""

    about: str  # in a few words
    price: Callable[[Task], MicroBits]


CLAIMS: Final[Mapping[str, ClaimKind]] = {
    "value": ClaimKind(about="the answer", price=_free),
    "recipient": ClaimKind(about="whom it left for", price=_free),
    "nonce": ClaimKind(about="what the recipient sent along", price=_free),
    "param": ClaimKind(about="the parameter", price=_free),
    "selection": ClaimKind(about="which objects were asked about", price=_free),
    "entry": ClaimKind(about="the salted hash of the entry in the log", price=_free),
    "receipt": ClaimKind(about="the id of the receipt", price=_free),
    "objects": ClaimKind(about="how many objects were read", price=_count),
    "object_bits": ClaimKind(about="what all tasks may tell of one object, in bits", price=_bits),
    "log_index": ClaimKind(about="the place in the log", price=_index),
}
TOLD: Final = ("nonce", "param", "recipient", "selection", "value")  # with the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFacts:
    """What the owner alone knows of an answer."""

    receipt: str  # id, written out
    entry: bytes  # 32 bytes: leaf hash in the audit log
    log_index: int
    objects: int
    object_bits: int  # whole bits, rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the DSSE form of the proof says, and what came with it."""

    task: SignedTask
    answer: Answer
    conduct: Conduct
    statement: bytes  # 32-byte digest of what was signed
    attestation: bytes  # the evidence


def issue(
    stated: Stated, own: OwnFacts, *, key: SigningKey, holder: PublicKey, entropy: Entropy
) -> str:
    """Return the credential of an answer: the owner's, who opens of it what they choose.

    Args:
        stated: what the DSSE form says.
        own: what the owner alone knows.
        key: the vault's proof key.
        holder: what presentations are signed with.
        entropy: for salts and decoys.
    """
    answer = stated.answer
    hidden: dict[str, Plain] = {
        "nonce": answer.nonce,
        "param": answer.param,
        "recipient": answer.recipient,
        "selection": answer.selection,
        "value": answer.value,
        "entry": own.entry.hex(),
        "objects": own.objects,
        "receipt": own.receipt,
    }
    if own.log_index < MAX_INDEX:
        hidden["log_index"] = own.log_index
    if own.object_bits <= MAX_BITS:
        hidden["object_bits"] = own.object_bits
    return sdjwt.issue(
        KIND,
        visible_claims(stated, key.public),
        hidden,
        key=key,
        holder=holder,
        digests=DIGESTS,
        entropy=entropy,
    )


def visible_claims(stated: Stated, proof_key: PublicKey) -> dict[str, Plain]:
    """Return what every reader of a presentation sees."""
    # THREAT T177: nothing here depends on the data, the answer or the choice of objects.
    return {
        **shared_claims(stated.task, stated.conduct),
        "attestation": b64encode(stated.attestation).decode(),
        "keys": {"author": stated.task.task.author.key, "proof": proof_key.hex()},
        "slot_time": rfc3339(stated.answer.slot_time),
        "statement": stated.statement.hex(),
        "vct": VCT,
    }
