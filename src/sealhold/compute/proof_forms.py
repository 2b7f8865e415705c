"""The exact form of a proof file, read: its parts, and the statement that must have been signed.

- A file is its parts written in the one exact form of its format; nothing else is a proof.
- Of what was signed, only what does not follow from task, answer and key is taken from the file.

Source: docs/spec/10-proof.md sections 1, 2 and 7.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from sealhold.compute import compliance, proof_first
from sealhold.compute.compliance import Answer, Commitments, Conduct, proof_file, statement_of
from sealhold.compute.evidence import Claim, Confidentiality, Integrity, Kind
from sealhold.compute.measuring import Measured
from sealhold.compute.proof_first import FirstPredicate, FirstStatement, first_file, first_statement
from sealhold.compute.task import SignedTask
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import TamperedError
from sealhold.model.ids import TaskDigest
from sealhold.policy.documents import parse_instant

Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Short = Annotated[str, msgspec.Meta(pattern=r"^[!-~]([ -~]{0,198}[!-~])?$")]
Isolation = Literal["jailed", "paranoid", "language-only"]  # `broker.Mode`


class AnswerForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An answer as it stands in a file."""

    manifest: Hex32
    nonce: Short
    param: str
    recipient: Short
    selection: str
    slot_time: str
    value: int

    def answer(self) -> Answer | None:
        """Return the answer, or None if its time is no time."""
        try:
            slot_time = parse_instant(self.slot_time)
        except ValueError:
            return None
        return Answer(
            task=TaskDigest(bytes.fromhex(self.manifest)),
            param=self.param,
            selection=self.selection,
            value=self.value,
            slot_time=slot_time,
            recipient=self.recipient,
            nonce=self.nonce,
        )


class KeysForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys that came along."""

    author: Hex32
    proof: Hex32


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["sealhold.proof/1", "sealhold.proof/2"] = msgspec.field(name="$schema")
    answer: AnswerForm
    keys: KeysForm
    proof: dict[str, Plain]
    task: dict[str, Plain]
    evidence: str | None = None  # of format 2


class _Bounds(msgspec.Struct, frozen=True, kw_only=True):
    coarsen: Annotated[int, msgspec.Meta(ge=1)]


class _Commitments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    account: Hex32
    entry: Hex32
    inputs: Hex32
    provenance: Hex32


class _Runtime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    binary: Hex32
    name: Short


class _Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    confidentiality: Confidentiality
    digest: Hex32
    hw_rooted: bool
    integrity: Integrity
    kind: Kind


class SharedForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of `shared_claims` does not follow from the task."""

    bounds: _Bounds
    evidence: _Evidence
    isolation: Isolation
    resources: tuple[Hex32, ...]
    runtime: _Runtime
    terms: Hex32

    def conduct(self, hidden: Commitments) -> Conduct:
        """Return how the vault says it ran the program."""
        told = self.evidence
        return Conduct(
            terms=bytes.fromhex(self.terms),
            coarsen=self.bounds.coarsen,
            isolation=self.isolation,
            runtime=Measured(name=self.runtime.name, binary=bytes.fromhex(self.runtime.binary)),
            resources=tuple(map(bytes.fromhex, self.resources)),
            hidden=hidden,
            evidence=Claim(
                kind=told.kind,
                digest=bytes.fromhex(told.digest),
                hw_rooted=told.hw_rooted,
                integrity=told.integrity,
                confidentiality=told.confidentiality,
            ),
        )


class _Predicate(SharedForm, frozen=True, kw_only=True):
    commitments: _Commitments


class _Statement(msgspec.Struct, frozen=True, kw_only=True):
    predicate: _Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofParts:
    """A proof file, taken apart; nothing of it is checked but its form."""

    is_first: bool  # format 1
    answer: AnswerForm
    keys: KeysForm
    proof: bytes  # DSSE
    task: bytes  # DSSE
    evidence: bytes  # empty in format 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What was signed, and what it says that does not follow from anything else."""

    payload: bytes
    told: "Conduct | FirstPredicate"

    @property
    def digest(self) -> bytes:
        """Return the 32 bytes that name the statement."""
        return sha256(self.payload)

    @property
    def coarsen(self) -> int:
        """Return that every n-th answer was kept."""
        match self.told:
            case Conduct():
                return self.told.coarsen
            case FirstPredicate():
                return self.told.bounds.coarsen

    @property
    def runtime(self) -> str:
        """Return the name of what ran the program."""
        match self.told:
            case Conduct():
                return f"{self.told.runtime.name}, binary {self.told.runtime.binary.hex()[:16]}"
            case FirstPredicate():
                return self.told.task.runtime

    def expected(self, task: SignedTask, answer: Answer, key: PublicKey) -> dict[str, Plain]:
        """Return the statement that follows from task and answer.

        Raises:
            InvalidManifestError: this kind of answer cannot be coarser.
        """
        match self.told:
            case Conduct():
                return statement_of(task, answer, self.told)
            case FirstPredicate():
                return first_statement(task, answer, self.told, key)


def read_file(data: bytes) -> ProofParts:
    """Return the parts of a proof file.

    Raises:
        InvalidEncodingError: not strict JSON.
        TamperedError: too long, or written in another way than the one exact form.
        ValidationError: a part is missing or has another form.
    """
    if len(data) > compliance.MAX_PROOF:
        raise TamperedError(f"{len(data)} bytes, at most {compliance.MAX_PROOF}")
    document = from_json(data, limit=compliance.MAX_PROOF)
    found = msgspec.convert(document, _File, strict=True)
    is_first = found.schema == proof_first.FILE_SCHEMA
    proof, task = to_json(found.proof), to_json(found.task)
    evidence = b"" if found.evidence is None else _base64(found.evidence)
    proof_key, author_key = bytes.fromhex(found.keys.proof), bytes.fromhex(found.keys.author)
    # THREAT T42: spaces, escapes, the order of keys and the unused bits of base64 are bytes too;
    # only one way of writing is a proof, so none of them can be changed unnoticed.
    again = (
        first_file(
            answer=document["answer"],
            proof=proof,
            task=task,
            proof_key=proof_key,
            author_key=author_key,
        )
        if is_first
        else proof_file(
            answer=document["answer"],
            evidence=evidence,
            proof=proof,
            task=task,
            proof_key=proof_key,
            author_key=author_key,
        )
    )
    if again != data:
        raise TamperedError("written in another way than the one exact form")
    return ProofParts(
        is_first=is_first,
        answer=found.answer,
        keys=found.keys,
        proof=proof,
        task=task,
        evidence=evidence,
    )


def open_statement(found: ProofParts, key: PublicKey) -> Signed:
    """Return what `key` signed.

    Raises:
        InvalidEncodingError: not a signed document of this type.
        BadSignatureError: the key did not sign it.
        TamperedError: more than one signature.
        ValidationError: a part of the statement is missing or has another form.
    """
    opened = dsse.open(found.proof, compliance.PAYLOAD_TYPE, [key])
    if len(dsse.read_unverified(found.proof)[2]) != 1:
        raise TamperedError("a proof has one signature")
    tree = from_json(opened.payload)
    if found.is_first:
        first = msgspec.convert(tree, FirstStatement, strict=True).predicate
        return Signed(payload=opened.payload, told=first)
    told = msgspec.convert(tree, _Statement, strict=True).predicate
    hidden = told.commitments
    commitments = Commitments(
        account=bytes.fromhex(hidden.account),
        entry=bytes.fromhex(hidden.entry),
        inputs=bytes.fromhex(hidden.inputs),
        provenance=bytes.fromhex(hidden.provenance),
    )
    return Signed(payload=opened.payload, told=told.conduct(commitments))


def _base64(text: str) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        TamperedError: it is no base64.
    """
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise TamperedError("not base64") from err
