"""What was allowed and who may ask, for the owner: grants listed and revoked, apps stopped.

- A revocation holds from the next decision on; what left before stays out, and the log shows it.
- A pause does, too, until it is taken back: the consent stands, and the term goes on running.

Source: docs/spec/07-grants.md section 7.
"""

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.receiptbody import Decided
from sealhold.compute.allowing import consent_op, consent_receipt, event_of, with_receipt
from sealhold.compute.cards import label
from sealhold.compute.office import Office, read
from sealhold.compute.shelf import Shelf
from sealhold.crypto.sign import key_digest, key_words
from sealhold.model.errors import ConflictError, LookalikeError, WrongPassphraseError
from sealhold.model.ids import Id16, canonical
from sealhold.model.quantities import Instant, year_of
from sealhold.model.shown import AppIssuer, AppView, GrantView, RequestState, Terms
from sealhold.model.shown.dataware import ComponentView
from sealhold.policy.consent import By, ConsentEvent, ConsentState
from sealhold.policy.lifecycle import RequestEvent
from sealhold.policy.names import taken_for, visible
from sealhold.stores.spec import Op
from sealhold.vault.grants import GrantRow
from sealhold.vault.personloginrows import issuer_of, no_issuer
from sealhold.vault.registry import ACTIVE, REMOVED, SUSPENDED, App
from sealhold.vault.writer import Work

PAUSED, RESUMED = "paused", "resumed"  # why the log was told of a grant


def grant_view(office: Office, row: GrantRow) -> GrantView:
    """Return a grant as it is shown."""
    asked = read(office, office.requests.get(row.request))
    grant, now = row.grant, office.core.clock()
    over = row.ended_at is None and grant.not_after <= now
    return GrantView(
        id=grant.id,
        request=row.request,
        app=grant.app,
        app_name=visible(asked.app.name),
        purpose=grant.purpose,
        label=label(asked),
        state=RequestState.EXPIRED if over else row.state,
        terms=Terms(
            mode=grant.mode,
            until=grant.not_after,
            budget=grant.budget,
            fields=grant.fields,
            coarsen=grant.coarsen,
            rows=grant.filter,
            precision=grant.precision,
        ),
        uses=row.uses,
        spent=row.spent,
        granted_at=row.granted_at,
        ended_at=row.ended_at,
    )


class Grants:
    """What the owner allowed."""

    def __init__(self, office: Office, shelf: Shelf) -> None:
        self._office = office
        self._shelf = shelf

    def list(self) -> tuple[GrantView, ...]:
        """Return all grants, the newest first."""
        rows = sorted(self._office.grants.all(), key=lambda row: -row.granted_at)
        return tuple(grant_view(self._office, row) for row in rows)

    def revoke(self, id_text: str) -> GrantView:
        """End the grant; it binds the very next decision.

        Raises:
            NotFoundError: no grant of that id.
            ConflictError: it has ended before.
        """
        office, now = self._office, self._office.core.clock()
        row = office.grants.find(id_text)
        ops, event, after = revoking(office, self._shelf, row, now)
        office.core.writer.commit(
            Work(ops, (office.teller.entry(event),), releases=True, right=True)
        )
        office.dispatch().deliver()
        return grant_view(office, after)

    def pause(self, id_text: str) -> GrantView:
        """Let nothing happen under a grant until it is resumed; what runs under it is ended.

        Raises:
            NotFoundError: no grant of that id.
            ConflictError: it has ended, or is paused already.
        """
        row = self._office.grants.find(id_text)
        after = self._moved(row, RequestEvent.SUSPENDED, PAUSED)
        self._office.dispatch().pause(row.grant.id)
        return grant_view(self._office, after)

    def resume(self, id_text: str, passphrase: str) -> GrantView:
        """Let a paused grant hold again, as it was allowed.

        Raises:
            NotFoundError: no grant of that id.
            WrongPassphraseError: the owner is not proven.
            ConflictError: it is not paused.
        """
        # THREAT T429: to go on is to widen, so a session alone cannot
        if not self._office.verify(passphrase):
            raise WrongPassphraseError
        row = self._office.grants.find(id_text)
        return grant_view(self._office, self._moved(row, RequestEvent.RESUMED, RESUMED))

    def _moved(self, row: GrantRow, event: RequestEvent, reason: str) -> GrantRow:
        """Return a grant and its request after `event`, kept and told of in one commit.

        Raises:
            ConflictError: it cannot happen to the grant as it is.
        """
        office, now = self._office, self._office.core.clock()
        after, grant_op = office.grants.move(row, event, now)
        request = office.requests.get(row.request)
        _, request_op = office.requests.move(request, event, now)
        told = event_of(office, read(office, request), EventKind.PAUSE)
        entry = office.teller.entry(structs.replace(told, grant=row.grant.id, reason=reason))
        narrows = event is RequestEvent.SUSPENDED
        office.core.writer.commit(Work((grant_op, request_op), (entry,), right=narrows))
        return after

    def show(self, id_text: str) -> tuple[GrantView, tuple[ComponentView, ...]]:
        """Return one grant, and how each source of its dataset stands to it.

        Raises:
            NotFoundError: no grant of that id.
        """
        row = self._office.grants.find(id_text)
        return grant_view(self._office, row), self._office.dispatch().views(row.grant.id)

    def confirm(self, id_text: str, passphrase: str) -> GrantView:
        """Say that a consent still holds that is unknown since the vault went back to an older day.

        Raises:
            NotFoundError: no grant of that id.
            ConflictError: it has ended, or its consent is not unknown.
            WrongPassphraseError: the owner is not proven.
        """
        office, now = self._office, self._office.core.clock()
        if not office.verify(passphrase):
            raise WrongPassphraseError
        row = office.grants.find(id_text)
        held = office.consents.standing(row.request, now)
        if row.ended_at is not None or held.state is not ConsentState.UNKNOWN:
            raise ConflictError("there is nothing to confirm about this grant")
        asked = read(office, office.requests.get(row.request))
        renewed = ConsentEvent(
            consent=Id16(row.request),
            state=ConsentState.RENEWED,
            at=now,
            by=By.SUBJECT,
            notice=held.notice,
            starts=held.starts,
            ends=held.ends,
        )
        told = structs.replace(event_of(office, asked, EventKind.APPROVE), grant=row.grant.id)
        ops = (office.grants.guard(row), office.consents.event(renewed))
        office.core.writer.commit(Work(ops, (office.teller.entry(told),), releases=True))
        return grant_view(office, row)


def revoking(
    office: Office, shelf: Shelf, row: GrantRow, now: Instant
) -> tuple[tuple[Op, ...], Event, GrantRow]:
    """Return the operations that end a grant, what the log tells of it, and the grant then.

    Raises:
        ConflictError: it has ended before.
    """
    after, grant_op = office.grants.move(row, RequestEvent.REVOKED, now)
    request = office.requests.get(row.request)
    _, request_op = office.requests.move(request, RequestEvent.REVOKED, now)
    asked = read(office, request)
    receipt, paper = consent_receipt(office, asked, Decided.WITHDRAWN, now, None)
    ops = (
        grant_op,
        request_op,
        consent_op(office, asked, ConsentState.WITHDRAWN, now),
        shelf.put_receipt(receipt, now, paper),
        *office.dispatch().ending(row.grant.id),
    )
    event = structs.replace(event_of(office, asked, EventKind.REVOKE), grant=row.grant.id)
    return ops, with_receipt(event, receipt, paper), after


class Apps:
    """The apps that may ask."""

    def __init__(self, office: Office, grants: Grants, shelf: Shelf) -> None:
        self._office = office
        self._grants = grants
        self._shelf = shelf

    def list(self) -> tuple[AppView, ...]:
        """Return all registered apps, by name."""
        apps = sorted(self._office.registry.all(), key=lambda app: app.name)
        return tuple(self._view(app) for app in apps)

    def show(self, id_text: str) -> AppView:
        """Return one app.

        Raises:
            NotFoundError: no app of that id or name.
        """
        return self._view(self._office.registry.find(id_text))

    def register_app(
        self, name: str, public_key: bytes, *, confirmed: bool = False
    ) -> tuple[AppView, str]:
        """Make an app known by its 32-byte Ed25519 key; return it and its token, said once.

        Args:
            name: how the owner calls it.
            public_key: its key.
            confirmed: whether the owner said yes to a name like that of an app they know.

        Raises:
            InvalidError: no name, or no such key.
            LookalikeError: it looks like the name of an app that is known.
        """
        office = self._office
        alike = taken_for(name.strip(), [each.name for each in office.registry.all()])
        # THREAT T12: the owner reads names, so two that read alike need a yes of their own
        if alike is not None and not confirmed:
            raise LookalikeError(f"the name looks like `{visible(alike)}`, an app that you know")
        app, token, ops = office.registry.register(name, public_key)
        office.core.writer.commit(Work(ops, (office.teller.entry(self._event(app, "registered")),)))
        return self._view(app), token

    def suspend(self, id_text: str) -> AppView:
        """Stop the app: its token and grants are dead until it is resumed."""
        return self._change(id_text, SUSPENDED)

    def resume(self, id_text: str) -> AppView:
        """Let a suspended app ask again."""
        return self._change(id_text, ACTIVE)

    def remove(self, id_text: str) -> AppView:
        """Forget the app for good; its grants end with it."""
        gone = self._change(id_text, REMOVED)  # from here on it is refused, whatever follows
        for row in self._office.grants.all():
            if row.grant.app == gone.id and row.ended_at is None:
                self._grants.revoke(canonical(row.grant.id))
        return self._view(self._office.registry.get(gone.id))

    def _change(self, id_text: str, state: str) -> AppView:
        office = self._office
        app = office.registry.find(id_text)
        gone = no_issuer(office.core, app.id) if state == REMOVED else ()
        ops = (office.registry.change(app, state), *gone)
        entry = office.teller.entry(self._event(app, state))
        office.core.writer.commit(Work(ops, (entry,), right=state != ACTIVE))
        return self._view(office.registry.get(app.id))

    def _event(self, app: App, reason: str) -> Event:
        return Event(
            kind=EventKind.APP,
            actor=Actor.OWNER,
            subject=self._office.teller.subject,
            app=app.id,
            reason=reason,
        )

    def _view(self, app: App) -> AppView:
        office = self._office
        words = key_words(app.public)
        grants = tuple(view for view in self._grants.list() if view.app == app.id)
        used = {answer.grant: answer.at for answer in reversed(self._shelf.answers())}
        return AppView(
            id=app.id,
            name=visible(app.name),
            key_digest=key_digest(app.public),
            key_words=(words[0], words[1], words[2], words[3]),
            state=app.state,
            registered_at=app.registered_at,
            last_used=max((used[view.id] for view in grants if view.id in used), default=None),
            meter=office.budget.app_meter(app.id, visible(app.name), year_of(office.core.clock())),
            grants=grants,
            issuer=self._issuer(app),
        )

    def _issuer(self, app: App) -> AppIssuer | None:
        said = issuer_of(self._office.core, app.id)
        if said is None:
            return None
        issuer, client, _, makes_people, set_at = said[1]
        return AppIssuer(
            issuer=issuer, client_id=client, makes_people=makes_people, set_at=Instant(set_at)
        )
