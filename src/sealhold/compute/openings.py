"""What the owner shows of an answer, claim by claim, and what each opening costs.

- An opening that tells what the app was not told is charged like a query, to the app's, the
  purpose's and the year's budget, in one durable commit with its log entry, before the presentation
  is made. What is open already costs nothing more; nothing is ever given back.
- A presentation is for one audience and bears its nonce. Each is logged, whether it cost or not.
- The owner needs no grant for it: what is shown is their own, and left the vault as a commitment.

Source: docs/spec/10-proof.md section 6; docs/spec/09-leakage.md section 1.
"""

from collections.abc import Collection
from dataclasses import dataclass

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.compute.allowing import event_of, query_ops, with_cost
from sealhold.compute.asked import Asked
from sealhold.compute.compliance import SHORT_TEXT
from sealhold.compute.credential import CLAIMS, KIND
from sealhold.compute.keeping import read_own
from sealhold.compute.office import Office, read
from sealhold.compute.shelf import OPENED, Shelf, StoredAnswer
from sealhold.crypto import sdjwt
from sealhold.crypto.digest import sha256
from sealhold.crypto.sdjwt import Credential
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NotFoundError
from sealhold.model.ids import Id16, Kind, ReceiptId, parse_id
from sealhold.model.quantities import Instant, MicroBits, year_of
from sealhold.model.shown import ClaimView, PresentationView, ProofView
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.deciding import rows_of
from sealhold.vault.writer import Work


@dataclass(frozen=True, slots=True)
class _Found:
    """An answer whose proof can be shown."""

    stored: StoredAnswer
    asked: Asked
    own: dict[str, Plain]
    credential: Credential
    opened: dict[str, Instant]  # claims that are open already, and since when


class Proofs:
    """The proofs of one vault's answers, for their owner."""

    def __init__(self, office: Office, shelf: Shelf) -> None:
        self._office = office
        self._shelf = shelf

    def show(self, receipt_id_text: str) -> ProofView:
        """Return what a proof says, and what of it is hidden at which price.

        Raises:
            NotFoundError: no receipt of that id, or one of before there were credentials.
        """
        found = self._find(receipt_id_text)
        claims = [
            ClaimView(
                name=each.name,
                about=CLAIMS[each.name].about,
                value=f"{each.value}",
                cost=self._cost(found, each.name),
                opened_at=found.opened.get(each.name),
            )
            for each in found.credential.disclosures
        ]
        return ProofView(
            receipt=found.stored.receipt,
            claims=tuple(claims),
            account=found.own["account"],
            commitments=found.own["commitments"],
        )

    def present(
        self, receipt_id_text: str, names: Collection[str], audience: str, nonce: str
    ) -> PresentationView:
        """Charge what `names` tell that is not open yet, then return the presentation.

        Raises:
            NotFoundError: no receipt of that id.
            InvalidError: no such claim, or audience or nonce is no short text.
            LeakExhaustedError: a budget does not cover it, and which.
            ConflictError: the same claim was opened at this very moment.
            AuditUnavailableError: the log cannot be written; nothing was shown.
        """
        for text in (audience, nonce):
            if not SHORT_TEXT.fullmatch(text):
                raise InvalidError("audience and nonce have 1 to 200 printable ASCII characters")
        office, found = self._office, self._find(receipt_id_text)
        known = {each.name for each in found.credential.disclosures}
        unknown = sorted(set(names) - known)
        if unknown:
            listed = ", ".join(sorted(known))
            raise InvalidError(f"no claim `{unknown[0]}`; there are {listed}")
        now, receipt = office.core.clock(), found.stored.receipt
        text = sdjwt.present(
            found.credential,
            names,
            holder=office.prover.holder(receipt),
            audience=audience,
            nonce=nonce,
            at=now,
        )
        cost, seq = self._charge(found, set(names), text, audience, now)
        return PresentationView(
            receipt=receipt,
            opened=tuple(sorted(set(names))),
            cost=cost,
            seq=seq,
            presentation=text.encode(),
            task=found.asked.signed.envelope,
        )

    def _charge(
        self, found: _Found, names: set[str], text: str, audience: str, now: Instant
    ) -> tuple[MicroBits, int]:
        """Write the charge, what is open from now on, and the entry: one durable commit."""
        office, asked = self._office, found.asked
        fresh = [name for name in sorted(names) if self._cost(found, name)]
        cost = MicroBits(sum(self._cost(found, name) for name in fresh))
        ops: tuple[Op, ...] = ()
        event = event_of(office, asked, EventKind.PROOF, Actor.OWNER)
        told = structs.replace(
            event,
            grant=found.stored.grant,
            reason="opening" if cost else "presentation",
            receipt=found.stored.receipt,
            digest=sha256(text.encode()),
            destination=sha256(audience.encode()),
            bytes_out=len(text),
        )
        if cost:
            year = year_of(now)
            # THREAT T179: opened claims are answers: over a cap nothing is written, nothing shown.
            ops = query_ops(office, asked, cost, now)
            receipt = found.stored.receipt
            ops += tuple(Put(OPENED.name, (receipt, name, now), Expect.ABSENT) for name in fresh)
            told = with_cost(told, cost, MicroBits(office.budget.all_left(year) - cost))
        entry = office.teller.entry(told)
        return cost, office.core.writer.commit(Work(ops, (entry,), releases=True))

    def _cost(self, found: _Found, name: str) -> MicroBits:
        if name in found.opened:
            return MicroBits(0)
        return CLAIMS[name].price(found.asked.signed.task)

    def _find(self, receipt_id_text: str) -> _Found:
        office = self._office
        stored = self._stored(parse_id(Kind.RECEIPT, receipt_id_text), receipt_id_text)
        if not stored.own:
            raise NotFoundError(f"receipt `{receipt_id_text}` is of before proofs could be shown")
        own = read_own(stored.own)
        row = office.grants.get(stored.grant)
        rows = rows_of(office.core.store, OPENED, "key", stored.receipt)
        return _Found(
            stored=stored,
            asked=read(office, office.requests.get(row.request)),
            own=own,
            credential=sdjwt.read(own["credential"], KIND, office.prover.key.public),
            opened={found.row[1]: Instant(found.row[2]) for found in rows},
        )

    def _stored(self, tail: bytes, text: str) -> StoredAnswer:
        for stored in self._shelf.answers():
            if ReceiptId(Id16(stored.receipt)).endswith(tail):
                return stored
        raise NotFoundError(f"no receipt `{text}`")
