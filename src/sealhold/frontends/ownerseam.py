"""What a face may ask of the vault for its owner, and for whoever asks from outside.

A part of the contract in `seam.py`, whose rules hold here too.

Source: docs/spec/20-faces.md section 1.
"""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

from sealhold.model.ids import RequestId
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import (
    AnswerView,
    AppView,
    GrantView,
    Hits,
    ItemView,
    LedgerLine,
    LogState,
    Meter,
    RequestCard,
    RequestLine,
    Terms,
)
from sealhold.model.shown.budgets import CapLook, CapView
from sealhold.model.shown.dataware import ComponentView, ListedDataset, ReadyView
from sealhold.model.shown.keys import LogKeysView
from sealhold.model.shown.pushes import Pushed

if TYPE_CHECKING:
    from sealhold.model.shown.origins import OriginView

NO_POINTS: AbstractSet[str] = frozenset()


class Pushing(Protocol):
    """The door for programs that push."""

    def push(self, token: str, dataset: str, body: bytes, media: str, key: str = "") -> Pushed:
        """Take in rows of a dataset.

        Raises:
            DeniedError: the token opens no source of that dataset.
            ConflictError: the source is paused.
            ExhaustedError: more calls or bytes than it may send.
            InvalidError: the body is no JSON, or another one came under the same key.
            BusyError: an import takes long.
        """
        ...


class Origins(Protocol):
    """Why items are here."""

    def why(self, id_text: str) -> "OriginView":
        """Return where one item is from, and each of its versions.

        Raises:
            NotFoundError: no item of that id.
        """
        ...


class Records(Protocol):
    """The owner's own reading."""

    def search(self, words: str, cursor: str | None, limit: int) -> Hits:
        """Return the items that hold all of `words`, newest first."""
        ...

    def timeline(self, cursor: str | None, limit: int) -> Hits:
        """Return the items with a time, newest first."""
        ...

    def get(self, id_text: str) -> ItemView:
        """Return one item, open.

        Raises:
            NotFoundError: no item of that id.
        """
        ...

    @property
    def origins(self) -> Origins:
        """Why an item is here."""
        ...

    def today(self) -> tuple[tuple[int, int], ...]:
        """Return (hour, items of today in that hour) for each hour that has any."""
        ...


class Requests(Protocol):
    """What others ask."""

    def list(self) -> tuple[RequestLine, ...]:
        """Return all requests, those that wait first, then the newest."""
        ...

    def show(self, id_text: str) -> RequestCard:
        """Return one request with the terms as they were asked for.

        Raises:
            NotFoundError: no request of that id.
        """
        ...

    def show_with(self, id_text: str, terms: Terms) -> RequestCard:
        """Return the request with answer and costs worked out for narrower `terms`.

        Raises:
            InvalidError: `terms` are wider than what was asked.
        """
        ...

    def approve(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
    ) -> GrantView:
        """Allow the request on `terms`, and each of its points, which `confirmed` names by code.

        Raises:
            InvalidError: a point was not confirmed.
            ConflictError: `shown_digest` is not the digest of the request as it is now.
            WrongPassphraseError: the owner is not proven.
        """
        ...

    def refuse(self, id_text: str) -> None:
        """Refuse the request; needs no proof and no reason.

        Raises:
            ConflictError: it no longer waits.
        """
        ...

    def preview(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
    ) -> bytes:
        """Charge one look, then return the bytes that an allowance would release.

        Raises:
            InvalidError: a point was not confirmed.
            ConflictError: `shown_digest` is not current.
            ExhaustedError: the budget does not cover a look.
            WrongPassphraseError: the owner is not proven.
        """
        ...


class Grants(Protocol):
    """What was allowed."""

    def list(self) -> tuple[GrantView, ...]:
        """Return all grants, the newest first."""
        ...

    def revoke(self, id_text: str) -> GrantView:
        """End the grant; it binds the very next decision.

        Raises:
            ConflictError: it has ended before.
        """
        ...

    def pause(self, id_text: str) -> GrantView:
        """Let nothing happen under a grant until it is resumed; what runs under it is ended.

        Raises:
            ConflictError: it has ended, or is paused already.
        """
        ...

    def resume(self, id_text: str, passphrase: str) -> GrantView:
        """Let a paused grant hold again.

        Raises:
            ConflictError: it is not paused.
            WrongPassphraseError: the owner is not proven.
        """
        ...

    def show(self, id_text: str) -> tuple[GrantView, tuple[ComponentView, ...]]:
        """Return one grant, and how each source of its dataset stands to it.

        Raises:
            NotFoundError: no grant of that id.
        """
        ...


class Apps(Protocol):
    """Who may ask."""

    def list(self) -> tuple[AppView, ...]:
        """Return all registered apps."""
        ...

    def show(self, id_text: str) -> AppView:
        """Return one app."""
        ...

    def suspend(self, id_text: str) -> AppView:
        """Stop the app: its token and grants are dead until it is resumed."""
        ...

    def resume(self, id_text: str) -> AppView:
        """Let a suspended app ask again."""
        ...

    def register_app(
        self, name: str, public_key: bytes, *, confirmed: bool = False
    ) -> tuple[AppView, str]:
        """Make an app known by its 32-byte Ed25519 key; return it and its token, said once.

        Raises:
            LookalikeError: it looks like the name of an app that is known, and nobody confirmed it.
        """
        ...


class Runs(Protocol):
    """What left."""

    def run(self, grant_id_text: str) -> AnswerView:
        """Run the granted task once and release its answer.

        Raises:
            DeniedError: the grant does not cover a run now.
            ExhaustedError: the budget does not cover it.
        """
        ...

    def answers(self) -> tuple[AnswerView, ...]:
        """Return what left so far, the newest first."""
        ...

    def answer(self, receipt_id_text: str) -> AnswerView:
        """Return the answer of one receipt."""
        ...


class Audit(Protocol):
    """What happened."""

    def ledger(self, before: int | None, limit: int) -> tuple[LedgerLine, ...]:
        """Return up to `limit` entries below `before` (None: from the end), the newest first."""
        ...

    def state(self) -> LogState:
        """Return the log's size, root and last verification, without verifying."""
        ...

    def verify(self) -> LogState:
        """Read and recompute the whole log."""
        ...

    def proof(self, seq: int) -> bytes:
        """Return the audit bundle of one entry, the file that `sealhold verify` reads."""
        ...

    def keys(self) -> LogKeysView:
        """Return the keys that sign for the log, the newest first."""
        ...

    def keys_file(self) -> bytes:
        """Return the file by which others come from an older of these keys to the newest.

        Raises:
            NotFoundError: the log has its first key still.
        """
        ...

    def leaf_hashes(self) -> tuple[str, ...]:
        """Return the leaf hash of each entry as 64 hex digits, from entry 0 on."""
        ...


class Budgets(Protocol):
    """How much was told."""

    def meters(self) -> tuple[Meter, ...]:
        """Return the budgets of this year, that of all askers together first."""
        ...

    def caps(self) -> tuple[CapView, ...]:
        """Return each cap in force, that of one object first."""
        ...

    def look(self, kind_text: str, cap: MicroBits) -> CapLook:
        """Return what would hold if a cap were set so; nothing changes.

        Raises:
            NotFoundError: there is no such cap.
            CapTooHighError: it cannot be set so.
        """
        ...

    def set_cap(
        self,
        kind_text: str,
        cap: MicroBits,
        shown: MicroBits,
        passphrase: str,
        *,
        confirmed: bool = False,
    ) -> CapView:
        """Set a cap; one that is raised needs a yes to just that.

        Raises:
            ConflictError: it is no longer `shown`.
            InvalidError: it is raised and not confirmed.
            WrongPassphraseError: the owner is not proven.
        """
        ...


class Outside(Protocol):
    """What the holder of an app's token may do. Each method refuses with `DeniedError`."""

    def admit(self, token: str) -> None:
        """Let the holder of an app's token in, before anything that they send is read."""
        ...

    def submit(self, token: str, request: bytes, task: bytes, code: bytes) -> RequestId:
        """Take in a signed request, the signed task manifest that it names, and the program.

        Raises:
            InvalidError: one of the two breaks its format; its maker may know where.
        """
        ...

    def datasets(self, token: str) -> tuple[ListedDataset, ...]:
        """Return the datasets that the owner's rules show to this app; by default none."""
        ...

    def request_status(self, token: str, id_text: str) -> str:
        """Return `pending`, `allowed` or `refused`."""
        ...

    def invoke(self, token: str, id_text: str, nonce: str | None = None) -> None:
        """Ask for one run under the allowed request; it is charged now and runs by itself."""
        ...

    def ready(self, token: str, id_text: str) -> ReadyView:
        """Return whether there is something to fetch, and the vault's signed word on it."""
        ...

    def fetch(self, token: str, id_text: str) -> bytes | None:
        """Return the newest answer, sealed and padded, or None while its slot is not over."""
        ...
