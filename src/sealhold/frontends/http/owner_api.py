"""What the owner's programs may do: all that the pages can, by bearer token.

- A token comes from the passphrase and lives as a page's sign-in does. What decides, widens or
  releases takes the passphrase once more, as the pages do.

Source: docs/spec/20-faces.md section 7.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from sealhold.frontends.http import caps_api
from sealhold.frontends.http.api import BYTES, ApiRoute, Call, Reply, Role, limit, number, read
from sealhold.frontends.http.bodies import nameless
from sealhold.model.errors import InvalidError, WrongPassphraseError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import (
    AnswerView,
    AppView,
    GrantView,
    Hits,
    ImportReport,
    ItemView,
    LedgerLine,
    LogState,
    Meter,
    Mode,
    RequestCard,
    RequestLine,
    SourceView,
    Status,
    Terms,
)

KEY_BYTES = 32


class Passphrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The owner's proof."""

    passphrase: str


class NarrowTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the owner agrees to: no wider than what was asked."""

    mode: Mode
    until: int
    budget: int
    fields: list[str]
    coarsen: int
    rows: str = "all"
    precision: list[str] = []  # reason: msgspec copies the default

    def terms(self) -> Terms:
        """Return them as the vault takes them."""
        return Terms(
            mode=self.mode,
            until=Instant(self.until),
            budget=MicroBits(self.budget),
            fields=frozenset(map(FieldName, self.fields)),
            coarsen=self.coarsen,
            rows=self.rows,
            precision=tuple(self.precision),
        )


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An allowance, or a look: the terms, the digest of what was read, and the owner's proof."""

    terms: NarrowTerms
    shown_digest: str
    passphrase: str
    confirmed: frozenset[str] = frozenset()  # the points of the request, by code


class NewApp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An app's name and Ed25519 public key in hex."""

    name: str
    public_key: str
    passphrase: str
    confirmed: bool = False  # a yes to a name like that of an app that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerToken:
    """A bearer token and when it ends if it is not used."""

    token: str
    ends_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An app that is known now, and its token, said once."""

    app: AppView
    token: str


def sign_in(call: Call) -> Reply:
    """Open the vault, if need be, and return a token."""
    passphrase = read(call, Passphrase).passphrase
    if call.vault.locked:
        call.vault.unlock(passphrase)
    else:
        _need_owner(call, passphrase)
    token, ends_at = call.sign_ins.new_token()
    return Reply(value=OwnerToken(token=token, ends_at=ends_at), status=201)


def sign_out(call: Call) -> Reply:
    """End this token."""
    call.sign_ins.forget(call.token)
    return Reply(status=204)


def lock(call: Call) -> Reply:
    """Drop the keys and end every sign-in."""
    call.vault.lock()
    call.sign_ins.end_all()
    return Reply(status=204)


def import_file(call: Call) -> Reply:
    """Import the body as one file.

    Raises:
        InvalidError: the file has no name.
    """
    name = call.query.one("name")
    if not name:
        raise InvalidError("`name` is missing")
    with nameless([(name, io.BytesIO(call.body))]) as (upload,):
        report = call.vault.sources.import_file(name, upload.path, lambda _done, _total: None)
    return Reply(value=report, status=201)


def search(call: Call) -> Reply:
    """Search the items."""
    cursor = call.query.one("cursor") or None
    return Reply(value=call.vault.records.search(call.query.one("words"), cursor, limit(call)))


def timeline(call: Call) -> Reply:
    """List the items by time."""
    return Reply(value=call.vault.records.timeline(call.query.one("cursor") or None, limit(call)))


def approve(call: Call) -> Reply:
    """Allow a request."""
    body = read(call, Decision)
    grant = call.vault.requests.approve(
        call.names["id"], body.terms.terms(), body.shown_digest, body.passphrase, body.confirmed
    )
    return Reply(value=grant, status=201)


def preview(call: Call) -> Reply:
    """Charge one look and return the bytes that an allowance would release."""
    body = read(call, Decision)
    data = call.vault.requests.preview(
        call.names["id"], body.terms.terms(), body.shown_digest, body.passphrase, body.confirmed
    )
    return Reply(value=data, media=BYTES)


def refuse(call: Call) -> Reply:
    """Refuse a request."""
    call.vault.requests.refuse(call.names["id"])
    return Reply(status=204)


def run(call: Call) -> Reply:
    """Run a granted task and release its answer."""
    _need_owner(call, read(call, Passphrase).passphrase)
    return Reply(value=call.vault.runs.run(call.names["id"]), status=201)


def register(call: Call) -> Reply:
    """Make an app known.

    Raises:
        InvalidError: its key is not one.
    """
    body = read(call, NewApp)
    _need_owner(call, body.passphrase)
    try:
        key = bytes.fromhex(body.public_key)
    except ValueError as err:
        raise InvalidError("`public_key` is not written in hex digits") from err
    if len(key) != KEY_BYTES:
        raise InvalidError(f"`public_key` has {len(key)} bytes, not {KEY_BYTES}")
    app, token = call.vault.apps.register_app(body.name, key, confirmed=body.confirmed)
    return Reply(value=Registered(app=app, token=token), status=201)


def resume(call: Call) -> Reply:
    """Let a stopped app ask again."""
    _need_owner(call, read(call, Passphrase).passphrase)
    return Reply(value=call.vault.apps.resume(call.names["id"]))


def ledger(call: Call) -> Reply:
    """List entries of the log."""
    return Reply(value=call.vault.audit.ledger(number(call, "before", None), limit(call)))


def proof(call: Call) -> Reply:
    """Return the audit bundle of one entry.

    Raises:
        InvalidError: no entry is named.
    """
    seq = number(call, "seq", None)
    if seq is None:
        raise InvalidError("`seq` is missing")
    return Reply(value=call.vault.audit.proof(seq), media=BYTES)


def _need_owner(call: Call, passphrase: str) -> None:
    if not call.vault.verify_passphrase(passphrase):
        raise WrongPassphraseError("the passphrase does not open this vault")


def _reads(
    path: str, about: str, answer: object, ask: Callable[[Call], object], *query: str
) -> ApiRoute:
    """Return a route that only reads."""
    return ApiRoute(
        method="GET",
        path=path,
        role=Role.OWNER,
        about=about,
        run=lambda call: Reply(value=ask(call)),
        answer=answer,
        query=query,
    )


READS = (
    _reads("/v1/status", "How the vault is", Status, lambda c: c.vault.status()),
    _reads("/v1/sources", "Where data came from", tuple[SourceView, ...],
           lambda c: c.vault.sources.list()),
    _reads("/v1/records/{id}", "One item, open", ItemView,
           lambda c: c.vault.records.get(c.names["id"])),
    _reads("/v1/requests", "What others ask", tuple[RequestLine, ...],
           lambda c: c.vault.requests.list()),
    _reads("/v1/requests/{id}", "One request, whole", RequestCard,
           lambda c: c.vault.requests.show(c.names["id"])),
    _reads("/v1/grants", "What was allowed", tuple[GrantView, ...],
           lambda c: c.vault.grants.list()),
    _reads("/v1/apps", "Who may ask", tuple[AppView, ...], lambda c: c.vault.apps.list()),
    _reads("/v1/apps/{id}", "One app", AppView, lambda c: c.vault.apps.show(c.names["id"])),
    _reads("/v1/answers", "What left", tuple[AnswerView, ...],
           lambda c: c.vault.runs.answers()),
    _reads("/v1/receipts/{id}", "What left under one receipt", AnswerView,
           lambda c: c.vault.runs.answer(c.names["id"])),
    _reads("/v1/budgets", "How much was told this year", tuple[Meter, ...],
           lambda c: c.vault.budgets.meters()),
    _reads("/v1/audit/state", "The log as a whole", LogState, lambda c: c.vault.audit.state()),
    _reads("/v1/audit/leaves", "The leaf hash of each entry", tuple[str, ...],
           lambda c: c.vault.audit.leaf_hashes()),
)  # fmt: skip

LISTS = (
    ApiRoute(
        method="GET", path="/v1/timeline", role=Role.OWNER, about="Items by time", run=timeline,
        answer=Hits, query=("cursor", "limit"),
    ),
    ApiRoute(
        method="GET", path="/v1/records", role=Role.OWNER, about="Items that hold the words",
        run=search, answer=Hits, query=("words", "cursor", "limit"),
    ),
    ApiRoute(
        method="GET", path="/v1/audit/ledger", role=Role.OWNER, about="Entries, the newest first",
        run=ledger, answer=tuple[LedgerLine, ...], query=("before", "limit"),
    ),
    ApiRoute(
        method="GET", path="/v1/audit/proof", role=Role.OWNER,
        about="The audit bundle of one entry", run=proof, query=("seq",), media=BYTES,
    ),
)  # fmt: skip

ACTS = (
    ApiRoute(
        method="POST", path="/v1/auth/sessions", role=Role.PUBLIC,
        about="A bearer token for the owner's passphrase", run=sign_in, body=Passphrase,
        answer=OwnerToken, status=201,
    ),
    ApiRoute(
        method="DELETE", path="/v1/auth/sessions", role=Role.OWNER, about="End this token",
        run=sign_out, status=204,
    ),
    ApiRoute(
        method="POST", path="/v1/lock", role=Role.OWNER, about="Drop the keys", run=lock,
        status=204,
    ),
    ApiRoute(
        method="POST", path="/v1/sources", role=Role.OWNER, about="Import the body as one file",
        run=import_file, answer=ImportReport, query=("name",), takes_file=True, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/requests/{id}/approve", role=Role.OWNER, about="Allow a request",
        run=approve, body=Decision, answer=GrantView, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/requests/{id}/refuse", role=Role.OWNER, about="Refuse a request",
        run=refuse, status=204,
    ),
    ApiRoute(
        method="POST", path="/v1/requests/{id}/preview", role=Role.OWNER,
        about="Charge one look; the bytes that an allowance would release", run=preview,
        body=Decision, media=BYTES,
    ),
    ApiRoute(
        method="DELETE", path="/v1/grants/{id}", role=Role.OWNER, about="Revoke a grant",
        run=lambda c: Reply(value=c.vault.grants.revoke(c.names["id"])), answer=GrantView,
    ),
    ApiRoute(
        method="POST", path="/v1/grants/{id}/runs", role=Role.OWNER,
        about="Run a granted task and release its answer", run=run, body=Passphrase,
        answer=AnswerView, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/apps", role=Role.OWNER, about="Make an app known", run=register,
        body=NewApp, answer=Registered, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/apps/{id}/suspend", role=Role.OWNER, about="Stop an app",
        run=lambda c: Reply(value=c.vault.apps.suspend(c.names["id"])), answer=AppView,
    ),
    ApiRoute(
        method="POST", path="/v1/apps/{id}/resume", role=Role.OWNER,
        about="Let a stopped app ask again", run=resume, body=Passphrase, answer=AppView,
    ),
    ApiRoute(
        method="POST", path="/v1/audit/verify", role=Role.OWNER, about="Verify the whole log",
        run=lambda c: Reply(value=c.vault.audit.verify()), answer=LogState,
    ),
)  # fmt: skip

ROUTES = READS + LISTS + ACTS + caps_api.ROUTES
