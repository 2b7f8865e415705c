"""Who may log in at a proxy, and what they may do there; kept is what checks a password, not it.

- A right is one of `read`, `write` and `define`; a user has some, for some tables or for all.
- What of a column a user gets to see is said by the policy, not here.
- Whoever has the rows has no password: with a verifier nobody logs in, here or at a provider.

Source: docs/spec/59-proxy-in-a-vault.md section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.scram import Verifier, mock, verifier_of
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NotFoundError, TakenError, WeakPassphraseError
from sealhold.protect.sql.scram import parse_verifier, spelled
from sealhold.stores.spec import Guard, Op
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import Kept, ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

LONGEST: Final = 63  # bytes of a name, as PostgreSQL has it
LEAST: Final = 8  # characters of a password


class Right(StrEnum):
    """What a user may do."""

    READ = "read"
    WRITE = "write"
    DEFINE = "define"  # tables: create, alter, drop


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user of a proxy."""

    name: str
    verifier: str  # SCRAM-SHA-256, as PostgreSQL spells it
    rights: frozenset[Right]
    tables: frozenset[str]  # schema.table; empty: all
    is_decoy: bool  # nobody is this: whoever logs in so has it from somewhere
    guard: Guard  # fails a commit if the user is another by then


class Users:
    """The users of one vault's proxies."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = ProxyRows(core)

    def find(self, name: str) -> User | None:
        """Return the user of a name, if there is one.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        kept = self._rows.get(Thing.USER, name)
        return None if kept is None else _user(kept)

    def list(self) -> tuple[User, ...]:
        """Return all users, by name.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        found = map(_user, self._rows.all(Thing.USER))
        return tuple(sorted(found, key=lambda user: user.name))

    def verifier(
        self, name: str, strangers: Secret, tried: Callable[[str], None] | None = None
    ) -> Verifier:
        """Return what checks the password of any name.

        Of a name that nobody has, or that is a decoy, it is one that no password fits, and always
        the same: `strangers` is the key of 32 bytes that it follows from. `tried` is told of
        decoys: nobody is one, so whoever tries has the name from somewhere.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        user = self.find(name)
        # THREAT T688: who tries names is asked for a password each time, with a salt that stays
        # THREAT T746: a decoy lets nobody in, and looks like a name whose password was wrong
        if user is not None and user.is_decoy and tried is not None:
            tried(name)
        if user is None or user.is_decoy:
            return mock(strangers, name.encode())
        return parse_verifier(user.verifier)

    def tag(self, name: str) -> bytes:
        """Return the 16 bytes that stand for a user in the log."""
        return self._rows.tag(Thing.USER, name)

    def add(
        self,
        name: str,
        password: str,
        rights: frozenset[Right],
        tables: frozenset[str],
        *,
        is_decoy: bool = False,
    ) -> None:
        """Let somebody log in; or lay a decoy, which lets nobody in and is an alarm when tried.

        Raises:
            InvalidError: a name that cannot be, or no right at all.
            WeakPassphraseError: the password is too short.
            TakenError: there is a user of that name.
            AuditUnavailableError: the log cannot be written.
        """
        if not 0 < len(name.encode()) <= LONGEST or not name.isprintable():
            raise InvalidError(f"a user's name has 1 to {LONGEST} bytes, all of them printable")
        if not rights:
            raise InvalidError("a user who may do nothing need not log in")
        if len(password) < LEAST:
            raise WeakPassphraseError(f"a password has {LEAST} characters or more")
        if self._rows.get(Thing.USER, name) is not None:
            raise TakenError("there is a user of that name")
        # THREAT T686: what is kept checks a password, and logs nobody in
        kept = verifier_of(Secret(password.encode(), "password"), self._core.entropy)
        paper: dict[str, Plain] = {
            "name": name,
            "verifier": spelled(kept),
            "rights": sorted(rights),
            "tables": sorted(tables),
            **({"decoy": True} if is_decoy else {}),
        }
        self._tell("a user was added", name, self._rows.put(Thing.USER, name, paper))

    def remove(self, name: str) -> None:
        """Let somebody log in no more.

        Raises:
            NotFoundError: there is no such user.
            AuditUnavailableError: the log cannot be written.
        """
        kept = self._rows.get(Thing.USER, name)
        if kept is None:
            raise NotFoundError(f"no user `{name}`")
        self._tell("a user was removed", name, self._rows.drop(kept))

    def _tell(self, reason: str, name: str, op: Op) -> None:
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.OWNER,
            subject=teller.subject,
            records=self.tag(name),
            reason=reason,
        )
        self._core.writer.commit(Work((op,), (teller.entry(event),), releases=True))


def _user(kept: Kept) -> User:
    paper = kept.paper
    return User(
        name=str(paper["name"]),
        verifier=str(paper["verifier"]),
        rights=frozenset(map(Right, paper["rights"])),
        tables=frozenset(paper["tables"]),
        is_decoy=bool(paper.get("decoy", False)),
        guard=kept.guard,
    )
