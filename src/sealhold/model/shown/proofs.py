"""What the faces show of a proof: its claims, what opening them costs, and what was shown.

Source: docs/spec/10-proof.md section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.ids import ReceiptId
from sealhold.model.quantities import Instant, MicroBits


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One claim of a proof that its owner may open."""

    name: str
    about: str  # in a few words
    value: str
    cost: MicroBits  # of opening it now; nothing for what was told, or is open already
    opened_at: Instant | None  # when an opening of it was charged


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """A proof, as its owner sees it."""

    receipt: ReceiptId
    claims: tuple[ClaimView, ...]
    account: Mapping[str, Plain]  # micro-bits: `cost` of the answer, `per_object` for life
    commitments: Mapping[str, Plain]  # by name, value and salt in hex


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationView:
    """What was shown, to hand over."""

    receipt: ReceiptId
    opened: tuple[str, ...]
    cost: MicroBits
    seq: int  # of the entry in the log
    presentation: bytes  # for one audience; what `sealhold verify` reads
    task: bytes  # the signed task, which the reader's bounds are recomputed from
