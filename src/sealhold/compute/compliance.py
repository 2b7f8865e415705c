"""The proof of compliance: which program gave this answer, under which bounds, signed by the vault.

- An in-toto statement in a DSSE envelope, by the vault's Ed25519 proof key. Its subject is the
  answer document; its predicate names program, runtime, purpose, bounds, isolation and evidence.
- Each field of a proof is an output. It depends on the manifest, the answer, the slot time, what
  the owner agreed to, and public keys; what depends on the data stands behind a 32-byte salt.
  Number of objects, memo hits, bits told and the place in the log are not in it.
- A proof file holds all that a stranger needs, in one exact byte form of at most 16 KiB: the
  statement, the answer, the evidence, the task as its author signed it, and the keys.
- `proof_forms` and `proof_checks` read what is written here.

Source: docs/spec/10-proof.md; in-toto Statement v1.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from sealhold.compute.evidence import Attester, Claim, Occasion
from sealhold.compute.leakage import function_price, query_price
from sealhold.compute.measuring import Measured
from sealhold.compute.task import SignedTask
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256, tagged
from sealhold.crypto.merkle import leaf_hash, root
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidError
from sealhold.model.ids import TaskDigest
from sealhold.model.quantities import Instant, rfc3339

FILE_SCHEMA = "sealhold.proof/2"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:sealhold:predicate:computation:2"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_PROOF = 16_384  # bytes of the file; a manifest of 8 KiB and all beside it fit
MAX_OWN = 4_096  # bytes of the file without the author's task and the evidence
SALT_BYTES = 32
DIGEST_BYTES = 32
SHORT_TEXT = re.compile(r"[!-~]([ -~]{0,198}[!-~])?")  # printable ASCII, no space at the ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What left the vault, for whom, and when."""

    task: TaskDigest
    param: str
    selection: str
    value: int
    slot_time: Instant  # the boundary at which it left
    recipient: str
    nonce: str  # what the recipient sent along, as text; it makes the answer theirs

    def document(self) -> dict[str, Plain]:
        """Return the answer as it stands in a proof file."""
        return {
            "manifest": self.task.hex(),
            "nonce": self.nonce,
            "param": self.param,
            "recipient": self.recipient,
            "selection": self.selection,
            "slot_time": rfc3339(self.slot_time),
            "value": self.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitments:
    """What depends on the data: each 32 bytes that `commitment` gives, to be opened by its salt."""

    account: bytes  # to what the answer cost, and what was told before
    entry: bytes  # to the leaf hash of the entry in the audit log
    inputs: bytes  # to `inputs_root` of the objects that were read
    provenance: bytes  # to `inputs_root` of the imports that brought them

    def document(self) -> dict[str, Plain]:
        """Return them as they stand in a statement."""
        return {
            "account": self.account.hex(),
            "entry": self.entry.hex(),
            "inputs": self.inputs.hex(),
            "provenance": self.provenance.hex(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the vault says it ran the program; no field of it may depend on the data."""

    terms: bytes  # 32-byte digest of what the owner agreed to
    coarsen: int  # every n-th answer was kept
    isolation: str  # a `broker.Mode`
    runtime: Measured  # the program that runs programs
    resources: tuple[bytes, ...]  # 32-byte digests, in the manifest's order
    hidden: Commitments
    evidence: Claim


def commitment(value: bytes, salt: bytes) -> bytes:
    """Return 32 bytes that bind `value` and hide it until the salt is shown.

    Raises:
        InvalidError: the salt does not have its 32 bytes.
    """
    # THREAT T43: without a full salt, whoever guesses the inputs could test the guess.
    if len(salt) != SALT_BYTES:
        raise InvalidError(f"a salt of {len(salt)} bytes, not {SALT_BYTES}")
    return tagged(Tag.COMMITMENT, salt, value)


def inputs_root(digests: Iterable[bytes]) -> bytes:
    """Return the Merkle root over the digests of what was read, in any order."""
    return root([leaf_hash(digest) for digest in sorted(digests)])


def build_proof(
    task: SignedTask, answer: Answer, conduct: Conduct, key: SigningKey, attester: Attester
) -> bytes:
    """Return the proof file of `answer`: what the recipient gets and anyone can verify.

    Raises:
        InvalidError: the answer belongs to another task, a text or digest has not its form, or
            the file would be too long.
        EvidenceUnavailableError: this machine cannot vouch now.
    """
    check(task, answer, conduct)
    statement = to_json(statement_of(task, answer, conduct))
    evidence = attester.evidence(
        Occasion(
            nonce=answer.nonce,
            statement=sha256(statement),
            session=key.public,
            left=answer.slot_time,
            runtime=conduct.runtime.binary,
            code=task.task.code_digest,
        )
    )
    file = proof_file(
        answer=answer.document(),
        evidence=evidence,
        proof=dsse.sign(PAYLOAD_TYPE, statement, [key]),
        task=task.envelope,
        proof_key=key.public,
        author_key=bytes.fromhex(task.task.author.key),
    )
    if len(file) > MAX_PROOF or own_size(file) > MAX_OWN:
        raise InvalidError(f"a proof of {len(file)} bytes, at most {MAX_PROOF}")
    return file


def own_size(file: bytes) -> int:
    """Return how many bytes of a proof file are the vault's: all but the task and the evidence."""
    parts = from_json(file)
    return len(file) - len(to_json(parts["task"])) - len(parts["evidence"])


def proof_file(
    *,
    answer: dict[str, Plain],
    evidence: bytes,
    proof: bytes,
    task: bytes,
    proof_key: bytes,
    author_key: bytes,
) -> bytes:
    """Return the one byte form of a proof file with these parts; `proof` and `task` are DSSE."""
    return to_json(
        {
            "$schema": FILE_SCHEMA,
            "answer": answer,
            "evidence": b64encode(evidence).decode(),
            "keys": {"author": author_key.hex(), "proof": proof_key.hex()},
            "proof": from_json(proof),
            "task": from_json(task),
        }
    )


def statement_of(task: SignedTask, answer: Answer, conduct: Conduct) -> dict[str, Plain]:
    """Return the in-toto statement about `answer`."""
    # THREAT T43: every field below is a function of manifest, answer, agreement and public keys,
    # or a salted commitment; a count or a log index would tell of the data.
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"digest": {"sha256": answer_digest(answer.document()).hex()}, "name": "answer"}
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            **shared_claims(task, conduct),
            "commitments": conduct.hidden.document(),
        },
    }


def shared_claims(task: SignedTask, conduct: Conduct) -> dict[str, Plain]:
    """Return what every form of a proof says to every reader.

    Raises:
        InvalidManifestError: this kind of answer cannot be coarser.
    """
    manifest = task.task
    return {
        "bounds": bounds_of(task, conduct.coarsen),
        "evidence": conduct.evidence.document(),
        "isolation": conduct.isolation,
        "purpose": manifest.purpose,
        "resources": [digest.hex() for digest in conduct.resources],
        "runtime": {"binary": conduct.runtime.binary.hex(), "name": conduct.runtime.name},
        "task": {
            "code": manifest.code.sha256,
            "manifest": manifest.digest.hex(),
            "tier": manifest.code.tier,
        },
        "terms": conduct.terms.hex(),
    }


def bounds_of(task: SignedTask, coarsen: int) -> dict[str, Plain]:
    """Return the bounds that follow from the manifest when every `coarsen`-th answer is kept.

    Raises:
        InvalidManifestError: this kind of answer cannot be coarser.
    """
    query = query_price(task.task, coarsen)
    return {
        "alternatives": query.alternatives,
        "answer_microbits": query.total,
        "coarsen": coarsen,
        "function_microbits": function_price(task.task),
        "k": task.task.partition.k,
    }


def answer_digest(document: dict[str, Plain]) -> bytes:
    """Return the 32-byte digest of an answer document, over its strict JSON."""
    return sha256(to_json(document))


def check(task: SignedTask, answer: Answer, conduct: Conduct) -> None:
    """Return if a proof can be made of these.

    Raises:
        InvalidError: the answer belongs to another task, or a text or digest has not its form.
    """
    if answer.task != task.task.digest:
        raise InvalidError("the answer is one of another task")
    task.task.param(answer.param)
    task.task.selection(answer.selection)
    for text in (answer.recipient, answer.nonce, conduct.isolation, conduct.runtime.name):
        if not SHORT_TEXT.fullmatch(text):
            raise InvalidError("a text of a proof must be 1 to 200 printable ASCII characters")
    hidden = conduct.hidden
    for digest in (
        conduct.terms, conduct.runtime.binary, *conduct.resources,
        hidden.account, hidden.entry, hidden.inputs, hidden.provenance,
    ):  # fmt: skip
        if len(digest) != DIGEST_BYTES:
            raise InvalidError(f"a digest of {len(digest)} bytes, not {DIGEST_BYTES}")
