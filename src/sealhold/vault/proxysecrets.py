"""The passwords by which proxies log in at providers: sealed, and opened for a connection alone.

- No list, log entry or message shows one.

Source: docs/spec/59-proxy-in-a-vault.md section 3.
"""

from collections.abc import Mapping
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, NotFoundError
from sealhold.stores.spec import Expect, Op
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

IN_VAULT: Final = "vault"


class ProxySecrets:
    """Keeps the passwords of providers for one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = ProxyRows(core)

    def names(self) -> tuple[str, ...]:
        """Return the names that policies call them by, sorted."""
        return tuple(sorted(str(kept.paper["name"]) for kept in self._rows.all(Thing.SECRET)))

    def get(self, name: str) -> Secret:
        """Return one.

        Raises:
            NotFoundError: there is none of that name.
        """
        kept = self._rows.get(Thing.SECRET, name)
        if kept is None:
            raise NotFoundError(f"no secret `{name}`")
        return Secret(str(kept.paper["secret"]).encode(), f"password `{name}`")

    def named(self, reference: str, environment: Mapping[str, str]) -> Secret | None:
        """Return what a policy names: `vault:NAME` or `env:NAME`; None if it names nothing.

        Raises:
            NotFoundError: it is not there.
        """
        where, _, name = reference.partition(":")
        if not reference:
            return None
        if where == IN_VAULT:
            if self._rows.get(Thing.SECRET, name) is None:
                said = f"`sealhold proxy secret set {name}` keeps it"
                raise NotFoundError(f"no secret `{name}`: {said}")
            return self.get(name)
        return _given(name, environment)

    def set(self, name: str, secret: str) -> None:
        """Keep one, in the place of what had that name.

        Raises:
            InvalidError: an empty name or password.
            AuditUnavailableError: the log cannot be written.
        """
        if not name.isprintable() or not name or not secret:
            raise InvalidError("a secret has a name and is not empty")
        put = self._rows.put(
            Thing.SECRET, name, {"name": name, "secret": secret}, expect=Expect.ANY
        )
        self._tell("the secret of a provider was set", put)

    def remove(self, name: str) -> None:
        """Forget one.

        Raises:
            NotFoundError: there is none of that name.
            AuditUnavailableError: the log cannot be written.
        """
        kept = self._rows.get(Thing.SECRET, name)
        if kept is None:
            raise NotFoundError(f"no secret `{name}`")
        self._tell("the secret of a provider was removed", self._rows.drop(kept))

    def _tell(self, reason: str, op: Op) -> None:
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY, actor=Actor.OWNER, subject=teller.subject, reason=reason
        )
        self._core.writer.commit(Work((op,), (teller.entry(event),), releases=True))


class EnvironmentAlone:
    """Secrets where no vault is open."""

    def named(self, reference: str, environment: Mapping[str, str]) -> Secret | None:
        """Return what a policy names by `env:NAME`; None if it names nothing.

        Raises:
            NotFoundError: it is not there, or would be in a vault.
        """
        where, _, name = reference.partition(":")
        if where == IN_VAULT:
            raise NotFoundError(f"no secret `{name}`: no vault is open")
        return _given(name, environment) if reference else None


def _given(name: str, environment: Mapping[str, str]) -> Secret:
    given = environment.get(name)
    if not given:
        raise NotFoundError(f"`{name}` is not set, which has the password of a provider")
    return Secret(given.encode(), f"password in {name}")
