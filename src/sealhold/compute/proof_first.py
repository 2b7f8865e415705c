"""Format 1 of a proof: how it was written, so that what was given away holds for good.

- It is read and no longer made. It commits to the entry and the inputs alone, measures no runtime
  and carries no evidence but the digest of the key that signed it.

Source: docs/spec/10-proof.md section 7.
"""

from typing import Annotated, Literal

import msgspec

from sealhold.compute.compliance import STATEMENT_TYPE, Answer, answer_digest, bounds_of
from sealhold.compute.task import SignedTask
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain, from_json, to_json

FILE_SCHEMA = "sealhold.proof/1"
PREDICATE_TYPE = "urn:sealhold:predicate:computation:1"

_Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Short = Annotated[str, msgspec.Meta(pattern=r"^[!-~]([ -~]{0,198}[!-~])?$")]


class _Bounds(msgspec.Struct, frozen=True, kw_only=True):
    coarsen: Annotated[int, msgspec.Meta(ge=1)]


class _Commitments(msgspec.Struct, frozen=True, kw_only=True):
    entry: _Hex32
    inputs: _Hex32


class _TaskClaim(msgspec.Struct, frozen=True, kw_only=True):
    runtime: _Short


class FirstPredicate(msgspec.Struct, frozen=True, kw_only=True):
    """What of a statement does not follow from task, answer and key."""

    bounds: _Bounds
    commitments: _Commitments
    isolation: Literal["jailed", "paranoid", "language-only"]
    task: _TaskClaim
    terms: _Hex32


class FirstStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of format 1."""

    predicate: FirstPredicate


def first_file(
    *, answer: dict[str, Plain], proof: bytes, task: bytes, proof_key: bytes, author_key: bytes
) -> bytes:
    """Return the one byte form of a proof file of format 1."""
    return to_json(
        {
            "$schema": FILE_SCHEMA,
            "answer": answer,
            "keys": {"author": author_key.hex(), "proof": proof_key.hex()},
            "proof": from_json(proof),
            "task": from_json(task),
        }
    )


def first_statement(
    task: SignedTask, answer: Answer, told: FirstPredicate, proof_key: bytes
) -> dict[str, Plain]:
    """Return the statement of format 1 about `answer`.

    Raises:
        InvalidManifestError: this kind of answer cannot be coarser.
    """
    manifest = task.task
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"digest": {"sha256": answer_digest(answer.document()).hex()}, "name": "answer"}
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "bounds": bounds_of(task, told.bounds.coarsen),
            "commitments": {"entry": told.commitments.entry, "inputs": told.commitments.inputs},
            "evidence": {
                "confidentiality": "glass",
                "digest": sha256(proof_key).hex(),
                "hw_rooted": False,
                "integrity": "sw",
                "kind": "sw",
            },
            "isolation": told.isolation,
            "purpose": manifest.purpose,
            "task": {
                "code": manifest.code.sha256,
                "manifest": manifest.digest.hex(),
                "runtime": told.task.runtime,
                "tier": manifest.code.tier,
            },
            "terms": told.terms,
        },
    }
