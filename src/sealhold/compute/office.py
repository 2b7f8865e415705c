"""What the parts that deal with requests share: a value, and the facts that decisions rest on.

Source: docs/architecture.md section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealhold.compute import manifest_rules
from sealhold.compute.asked import Asked, read_asked
from sealhold.compute.broker import Broker
from sealhold.compute.cards import shown_digest
from sealhold.compute.proving import Prover
from sealhold.compute.replay import Replay
from sealhold.compute.retrieve import Retrieval
from sealhold.compute.task import Task
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import Instant, MicroBits, year_of
from sealhold.policy.facts import Actor, Ask, Facts, Held, Standing
from sealhold.policy.sight import WHOLE
from sealhold.stores.spec import Op
from sealhold.vault.budget import Budget
from sealhold.vault.consents import Consents
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.grants import GrantRow, Grants
from sealhold.vault.policytokenrows import Bonds
from sealhold.vault.registry import ACTIVE, App, Registry
from sealhold.vault.requests import RequestRow, Requests
from sealhold.vault.retired import is_retired
from sealhold.vault.telling import Teller

if TYPE_CHECKING:
    from sealhold.compute.dispatch import Dispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The parts."""

    core: Core
    firewall: Firewall
    budget: Budget
    registry: Registry
    requests: Requests
    grants: Grants
    consents: Consents
    replay: Replay
    retrieval: Retrieval
    teller: Teller
    prover: Prover
    log_origin: str
    broker: Callable[[], Broker]
    isolation: str  # how programs are confined on this machine, in words
    isolation_mode: str  # the same as a proof says it
    count: Callable[[Collection], int]  # how many items a collection has
    leaf_hash: Callable[[int], bytes]  # of an entry of the log
    size_after: Callable[[int], int]  # of the first checkpoint that covers an entry
    bonds: Callable[[], Bonds]  # which policy tokens are there at this moment
    verify: Callable[[str], bool]  # whether a passphrase opens this vault
    dispatch: Callable[[], "Dispatch"]  # what runs at which source; loaded with the first grant

    @property
    def proof_key(self) -> SigningKey:
        """Return the key that signs proofs and receipts."""
        return self.prover.key

    def require_evidence(self, task: Task) -> None:
        """Return if the vault can give the evidence that `task` demands.

        Raises:
            InvalidManifestError: it cannot: the owner may have set otherwise since it was asked.
        """
        points = manifest_rules.evidence_points(task, self.prover.attester.kind)
        for point in points:
            raise InvalidManifestError(point.sentence)

    def unchanged(self, asked: Asked, row: GrantRow) -> tuple[Op, ...]:
        """Return guards on what a use under a grant is decided on: its app, and the grant itself.

        They ride in the commit of the use, so that none is written behind a withdrawal.
        """
        return (self.registry.guard(asked.app), self.grants.guard(row))


def read(office: Office, row: RequestRow) -> Asked:
    """Return a kept request with its papers read."""
    # THREAT T430: what is read of a request that was granted is as narrow as its grant
    said = WHOLE if row.grant is None else office.grants.said(row.grant)
    return read_asked(row, office.registry.get(row.app), office.core.datasets, said)


def ask_of(asked: Asked, fields: frozenset[FieldName], cost: MicroBits, actor: Actor) -> Ask:
    """Return what the request's app, or its owner in its place, wants now."""
    return Ask(
        actor=actor,
        app=asked.app.id,
        purpose=asked.wish.purpose,
        collection=asked.dataset.name,
        fields=fields,
        task=asked.signed.task.digest,
        param=asked.wish.param,
        selection=asked.wish.selection,
        cost=cost,
    )


def facts(office: Office, asked: Asked, now: Instant) -> Facts:
    """Return all that a decision about the request's app rests on."""
    bonds = office.bonds()
    held = tuple(
        _held(office, row, asked, now, bonds)
        for row in office.grants.all()
        if row.grant.app == asked.app.id
    )
    left = office.budget.left(asked.app.id, asked.wish.purpose, year_of(now))
    task = asked.signed.task
    # THREAT T92: a frozen set that lost an object answers nothing more, whoever asks
    ended = task.expires_at <= now or is_retired(office.core.deciding, task.digest)
    return Facts(
        now=now,
        app=_standing(asked.app),
        subject=Standing.ACTIVE,
        task=Standing.ENDED if ended else Standing.ACTIVE,
        held=held,
        objected=frozenset(),
        restricted=False,
        retain_until=None,
        present=bonds.present,
        budget_left=left,
    )


def _held(office: Office, row: GrantRow, asked: Asked, now: Instant, bonds: Bonds) -> Held:
    mine = asked if row.request == asked.row.id else read(office, office.requests.get(row.request))
    return Held(
        grant=row.grant,
        state=row.state,
        consent=office.consents.standing(row.request, now),
        notice=shown_digest(mine).hex(),
        epoch=row.grant.epoch,
        uses=row.uses,
        spent=row.spent,
        retention_days=mine.wish.retention_days,
        bound=bonds.bound_to(row.grant.id),
        muted=bonds.muted_by(row.grant.id),
    )


def _standing(app: App) -> Standing:
    return Standing.ACTIVE if app.state == ACTIVE else Standing.SUSPENDED
