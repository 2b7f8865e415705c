"""The apps that the vault knows, and the tokens by which they are recognised.

- An app is a name, the public key that signs its requests, and a state. Being known allows nothing.
- Of a token the table keeps id and state, never its signature: nobody mints from a stolen table.
- A suspended or removed app is refused at its next call.

Source: docs/spec/07-grants.md section 8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sealhold.crypto.sign import PublicKey, key_digest
from sealhold.crypto.token import Caveat
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import DeniedError, InvalidError, InvalidIdError, NotFoundError
from sealhold.model.ids import AppId, Id16, Kind, parse_id, random_id
from sealhold.model.principals import CredentialView
from sealhold.model.quantities import Instant
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.caveats import admits
from sealhold.vault.deciding import Deciding
from sealhold.vault.minting import Minting
from sealhold.vault.papers import Papers

APPS = TableSpec(
    name="app",
    columns={"id": ColumnKind.ID16, "state": ColumnKind.CODE, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
TOKENS = TableSpec(
    name="token",
    columns={"id": ColumnKind.ID16, "app": ColumnKind.ID16, "state": ColumnKind.CODE},
    key=("id",),
    indexes={},
)
TABLES = (APPS, TOKENS)
ACTIVE, SUSPENDED, REMOVED = "active", "suspended", "removed"
MAX_NAME = 80  # characters
MAX_CREDENTIALS = 20  # of one app: one for each of its servers, and some to change over
PUBLIC_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app that was registered."""

    id: AppId
    state: str
    name: str
    public: PublicKey
    registered_at: Instant
    v: int

    @property
    def digest(self) -> str:
        """The SHA-256 of its key, in hex."""
        return key_digest(self.public)


class Registry:
    """The apps of one vault."""

    def __init__(
        self, deciding: Deciding, papers: Papers, minting: Minting, clock: Clock, entropy: Entropy
    ) -> None:
        self._deciding = deciding
        self._papers = papers
        self._minting = minting
        self._clock = clock
        self._entropy = entropy
        self._opened: dict[AppId, tuple[Found, App]] = {}  # of the rows that decide

    def register(self, name: str, public: bytes) -> tuple[App, str, tuple[Op, ...]]:
        """Return a new app, its token (said once), and the operations that keep them.

        Raises:
            InvalidError: an empty or overlong name, or no Ed25519 key.
        """
        if not 0 < len(name.strip()) <= MAX_NAME:
            raise InvalidError(f"a name has 1 to {MAX_NAME} characters")
        if len(public) != PUBLIC_BYTES:
            raise InvalidError(f"an app's key has {PUBLIC_BYTES} bytes, not {len(public)}")
        app = App(
            id=AppId(random_id(self._entropy)),
            state=ACTIVE,
            name=name.strip(),
            public=PublicKey(public),
            registered_at=self._clock(),
            v=1,
        )
        token = random_id(self._entropy)
        ops = (
            self._put(app, Expect.ABSENT),
            Put(TOKENS.name, (token, app.id, ACTIVE), Expect.ABSENT),
        )
        return app, self._minting.mint(token), ops

    def credential(self, app: App, bounds: Sequence[Caveat] = ()) -> tuple[Id16, str, Op]:
        """Return one more token of an app: its id, the token (said once), and what keeps it.

        Raises:
            InvalidError: the app has as many as it may.
        """
        if len(self.credentials(app.id)) >= MAX_CREDENTIALS:
            raise InvalidError(f"an app has at most {MAX_CREDENTIALS} credentials")
        token = random_id(self._entropy)
        kept = Put(TOKENS.name, (token, app.id, ACTIVE), Expect.ABSENT)
        return token, self._minting.mint(token, bounds), kept

    def credentials(self, app: AppId) -> tuple[CredentialView, ...]:
        """Return the tokens of an app, without what would let anybody use them."""
        rows = (found.row for found in self._deciding.all(TOKENS.name))
        found = (CredentialView(id=row[0], state=row[2]) for row in rows if row[1] == app)
        return tuple(sorted(found, key=lambda each: each.id))

    def ended(self, app: AppId, token: Id16) -> Op:
        """Return the operation that ends one token of an app.

        Raises:
            NotFoundError: it has no such token.
        """
        found = self._deciding.get(TOKENS.name, token)
        if found is None or found.row[1] != app:
            raise NotFoundError("no such credential")
        return Delete(TOKENS.name, (token,), found.v)

    def change(self, app: App, state: str) -> Op:
        """Return the operation that puts an app into another state."""
        return self._put(
            App(
                id=app.id,
                state=state,
                name=app.name,
                public=app.public,
                registered_at=app.registered_at,
                v=app.v,
            ),
            app.v,
        )

    @staticmethod
    def guard(app: App) -> Op:
        """Return what fails a commit if the app is no longer as it stands in `app`."""
        return Guard(APPS.name, (app.id,), app.v)

    def all(self) -> Iterator[App]:
        """Yield every app that was not removed."""
        for found in self._deciding.all(APPS.name):
            app = self._app(found)
            if app.state != REMOVED:
                yield app

    def get(self, app: AppId) -> App:
        """Return one app.

        Raises:
            NotFoundError: it was never registered.
        """
        found = self._deciding.get(APPS.name, app)
        if found is None:
            raise NotFoundError("no such app")
        return self._app(found)

    def find(self, text: str) -> App:
        """Return the app that an id or a name means.

        Raises:
            NotFoundError: there is none.
        """
        for app in self.all():
            if app.name == text:
                return app
        try:
            tail = parse_id(Kind.APP, text)
        except InvalidIdError as err:  # then it was meant as a name
            raise NotFoundError(f"no app `{text[:MAX_NAME]}`") from err
        for app in self.all():
            if app.id.endswith(tail):
                return app
        raise NotFoundError(f"no app `{text}`")

    def holder(self, token: str) -> App:
        """Return the active app that holds `token`.

        Raises:
            DeniedError: forged, revoked, or of an app that is not active; all alike.
        """
        # THREAT T02: only who was given a token by the vault gets past here
        try:
            now = self._clock()
            parsed = self._minting.check(token, now=now, admits=admits(token))
            row = self._deciding.get(TOKENS.name, Id16(parsed.id))
            app = self.get(AppId(Id16(row.row[1]))) if row else None
        except (InvalidError, DeniedError, NotFoundError) as err:
            raise DeniedError("denied") from err
        if row is None or app is None or row.row[2] != ACTIVE or app.state != ACTIVE:
            raise DeniedError("denied")
        return app

    def _put(self, app: App, expect: Expect | int) -> Put:
        clear = (app.id, app.state)
        paper = self._papers.seal(
            APPS.name,
            clear,
            {"name": app.name, "key": bytes(app.public), "at": app.registered_at},
        )
        return Put(APPS.name, (*clear, paper), expect)

    def _app(self, found: Found) -> App:
        app, state, paper = found.row
        known = self._opened.get(app)
        if known is not None and known[0] is found:
            return known[1]
        body = self._papers.open(APPS.name, (app, state), paper)
        made = App(
            id=app,
            state=state,
            name=body["name"],
            public=PublicKey(body["key"]),
            registered_at=body["at"],
            v=found.v,
        )
        self._opened[app] = found, made
        return made
