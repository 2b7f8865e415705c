"""An answer that left, as its owner sees it.

- It is told from what was stored with it: nothing is computed, opened or charged again.

Source: docs/spec/08-task-manifest.md section 7; docs/spec/20-faces.md section 3.
"""

from sealhold.compute import cards
from sealhold.compute.asked import Asked
from sealhold.compute.office import Office, read
from sealhold.compute.shelf import StoredAnswer
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import AnswerView


def shown(office: Office, stored: StoredAnswer) -> AnswerView:
    """Return a stored answer with what it cost when it was computed."""
    row = office.grants.get(stored.grant)
    return view_of(read(office, office.requests.get(row.request)), stored, stored.cost)


def view_of(asked: Asked, stored: StoredAnswer, cost: MicroBits) -> AnswerView:
    """Return a stored answer to `asked`, which cost `cost` this time."""
    return AnswerView(
        grant=stored.grant,
        value=stored.value,
        reads=cards.answer_reads(asked, stored.value),
        label=cards.label(asked),
        cost=cost,
        released_at=stored.at,
        receipt=stored.receipt,
        sealed=stored.sealed,
        proof=stored.proof,
        owner_receipt=stored.owner_receipt,
        seq=stored.seq,
    )
