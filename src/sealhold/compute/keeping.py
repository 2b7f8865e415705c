"""What the owner keeps of a proof: each committed value with its salt, and the credential.

- Strict JSON in one form, sealed with the answer. Who is handed a value and its salt can compute
  the commitment in the proof again; without the salt it tells nothing.

Source: docs/spec/10-proof.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.compute.compliance import SALT_BYTES, Commitments, commitment
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, from_json, pack, to_json
from sealhold.model.errors import TamperedError
from sealhold.model.quantities import MicroBits

SCHEMA = "sealhold.own-proof/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The values that a proof commits to, each 32 bytes, and their salts, by the same names."""

    values: Mapping[str, bytes]
    salts: Mapping[str, bytes]
    cost: MicroBits  # of this answer
    per_object: MicroBits  # what all tasks may tell of one object, for life

    @classmethod
    def of(
        cls,
        *,
        entropy: Entropy,
        entry: bytes,
        inputs: bytes,
        provenance: bytes,
        cost: MicroBits,
        per_object: MicroBits,
    ) -> "Kept":
        """Return what is kept of these, with fresh salts."""
        values = {
            "account": account(cost, per_object),
            "entry": entry,
            "inputs": inputs,
            "provenance": provenance,
        }
        salts = {name: entropy(SALT_BYTES) for name in values}
        return cls(values=values, salts=salts, cost=cost, per_object=per_object)


def account(cost: MicroBits, per_object: MicroBits) -> bytes:
    """Return the 32-byte digest of what an answer cost, and what may be told of one object."""
    return tagged(Tag.ACCOUNT, pack([cost, per_object]))


def commitments(kept: Kept) -> Commitments:
    """Return what a proof says of it."""
    made = {name: commitment(value, kept.salts[name]) for name, value in kept.values.items()}
    return Commitments(
        account=made["account"],
        entry=made["entry"],
        inputs=made["inputs"],
        provenance=made["provenance"],
    )


def own_copy(kept: Kept, credential: str) -> bytes:
    """Return the document that the owner keeps."""
    return to_json(
        {
            "$schema": SCHEMA,
            "account": {"cost": kept.cost, "per_object": kept.per_object},
            "commitments": {
                name: {"salt": kept.salts[name].hex(), "value": value.hex()}
                for name, value in kept.values.items()
            },
            "credential": credential,
        }
    )


def read_own(document: bytes) -> dict[str, Plain]:
    """Return the document that `own_copy` wrote.

    Raises:
        TamperedError: another one.
    """
    found = from_json(document)
    if not isinstance(found, dict) or found.get("$schema") != SCHEMA:
        raise TamperedError("not what was kept of a proof")
    return found
