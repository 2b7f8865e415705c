"""What one vault asks of the proxies of others: whom it trusts for their grants, and receipts.

- The key of an owner is said once, by whoever asks, as the owner told it. Grants of a key that
  nobody said are not used.
- A receipt is checked against what was asked and what came, and kept.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

from collections.abc import Sequence

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import DeniedError, InvalidGrantError, TamperedError
from sealhold.model.quantities import Instant
from sealhold.net.proxies.greeting import Proven
from sealhold.protect.peers.paper import QueryGrant, Values, open_grant
from sealhold.protect.peers.receipt import (
    NONCE_BYTES,
    Ask,
    Receipt,
    answer_hash,
    open_receipt,
    write_ask,
)
from sealhold.stores.spec import Expect
from sealhold.vault.core import Core
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work


class Asked:
    """The requester's side of query grants, in its own vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = ProxyRows(core)
        self._keys = ProxyKeys(core)

    def me(self) -> Proven:
        """Return how this vault's proxy proves itself to others."""
        return Proven(signer=self._keys.peer(), entropy=self._core.entropy)

    def grant(self, envelope: bytes, owner: bytes | None) -> QueryGrant:
        """Return a grant that this vault may ask under, of an owner whose key was said.

        Args:
            envelope: what the owner signed.
            owner: their key, if it is said now.

        Raises:
            InvalidEncodingError: it is no grant.
            BadSignatureError: its owner did not sign it.
            InvalidGrantError: it is for another vault, or over.
            DeniedError: nobody said that this is the owner's key.
        """
        found = open_grant(envelope)
        # THREAT T763: a grant that anybody made up would have this vault ask them
        if owner is not None and found.owner != owner:
            raise DeniedError("the grant is of another key than the owner's")
        if owner is None and self._rows.get(Thing.QUERY_OWNER, found.owner.hex()) is None:
            raise DeniedError("nobody said that this is the owner's key: say it once by `--owner`")
        if found.requester != self._keys.peer().public:
            raise InvalidGrantError("the grant is for the proxy of another vault")
        if self._core.clock() >= found.not_after:
            raise InvalidGrantError("the grant is over")
        return found

    def ask(self, grant: QueryGrant, sql: str, values: Values) -> tuple[Ask, bytes]:
        """Return what is asked, and its bytes."""
        made = Ask(
            grant=grant.id,
            sql=sql,
            values=values,
            nonce=self._core.entropy(NONCE_BYTES),
            at=Instant(self._core.clock()),
        )
        return made, write_ask(made)

    def keep(
        self, grant: QueryGrant, ask: Ask, envelope: bytes, rows: int, frames: Sequence[bytes]
    ) -> Receipt:
        """Check the receipt of an answer, keep it, and return what it says.

        Args:
            grant: under which it was asked.
            ask: what was asked.
            envelope: what the owner signed.
            rows: how many came.
            frames: the frames that came with columns and rows, in order.

        Raises:
            InvalidEncodingError: it is no receipt.
            BadSignatureError: the owner did not sign it.
            TamperedError: it is about something else than what was asked, or what came.
            AuditUnavailableError: the log cannot be written.
        """
        receipt = open_receipt(envelope, grant.owner)
        wanted = (ask.grant, ask.nonce, ask.statement, rows, answer_hash(map(sha256, frames)))
        said = (receipt.grant, receipt.nonce, receipt.statement, receipt.rows, receipt.answer)
        # THREAT T764: rows that were changed, left out or of another statement fit no receipt
        if said != wanted:
            raise TamperedError("the receipt is not about this answer")
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.QUERY_RECEIPT,
            actor=Actor.OWNER,
            subject=teller.subject,
            digest=sha256(envelope),
            rows_read=rows,
        )
        paper = {"receipt": envelope, "owner": bytes(grant.owner), "sql": ask.sql}
        put = self._rows.put(Thing.QUERY_RECEIPT, ask.nonce.hex(), paper)
        said_owner = self._rows.put(
            Thing.QUERY_OWNER, grant.owner.hex(), {"key": bytes(grant.owner)}, expect=Expect.ANY
        )
        self._core.writer.commit(Work((put, said_owner), (teller.entry(event),)))
        return receipt

    def receipts(self) -> tuple[bytes, ...]:
        """Return the envelopes of all receipts that are kept."""
        return tuple(bytes(kept.paper["receipt"]) for kept in self._rows.all(Thing.QUERY_RECEIPT))


def key_of(text: str) -> PublicKey:
    """Return the key that a text says, as 64 hex digits.

    Raises:
        InvalidGrantError: it says none.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError as err:
        raise InvalidGrantError("the key of a proxy has 64 hex digits") from err
    return PublicKey(found)
