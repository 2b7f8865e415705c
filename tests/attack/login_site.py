"""A vault that trusts a provider, and somebody who signs in there; both are bent by tests."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sealhold.compute.logindoor import Logins
from sealhold.model.errors import (
    DeniedError,
    UnboundLoginError,
)
from sealhold.model.logins import Begun, CameBack, Entered, Provider
from tests.scenarios.idprovider import (
    ACCOUNT,
    IdProvider,
    Json,
)
from tests.unit.people_vault import Crowd

ORIGIN, PASSPHRASE = "https://vault.example", "the owner"
BACK = f"{ORIGIN}/login/back/work"
Bend = Callable[[Json], object]


@dataclass
class Site:
    """A vault, its door for sign-ins, and the provider that it trusts."""

    many: Crowd
    ids: IdProvider
    door: Logins

    def opened(self, *providers: Provider) -> Logins:
        """Return the door of the same vault, with other providers in its settings."""
        configured = {each.name: each for each in providers}
        refused = self.many.principals.refused
        core = self.many.vault.core
        return Logins(core, configured, self.ids.spoken, refused, lambda p: p == PASSPHRASE)

    def begun(self) -> Begun:
        return self.door.begin("work", ORIGIN)

    def back(self, begun: Begun, **other: str) -> CameBack:
        """Return what the browser brings back that began."""
        came = self.ids.authorized(begun.url)
        return self.form(begun, came, **other)

    def form(self, begun: Begun, came: Json, **other: str) -> CameBack:
        said = {
            "provider": "work",
            "state": came.get("state", ""),
            "code": came.get("code", ""),
            "issuer": came.get("iss", ""),
            "error": came.get("error", ""),
            "browser": begun.browser,
        }
        return CameBack(**{**said, **other})

    def enter(self, **other: str) -> Entered:
        """Sign in, from the beginning to the end."""
        return self.door.finish(self.back(self.begun(), **other), ORIGIN)

    def refused(self, **other: str) -> DeniedError:
        with pytest.raises(DeniedError) as told:
            self.enter(**other)
        assert not isinstance(told.value, UnboundLoginError)
        return told.value


def site_of(many: Crowd, served: IdProvider) -> Site:
    """Return a vault that lets one account of `served` in, which is as it was at first."""
    fresh = IdProvider(port=served.port, roots=served.roots, clock=many.time, backs={BACK})
    served.__dict__.update(fresh.__dict__)  # what the test before bent
    found = Site(many, served, None)  # type: ignore[arg-type]  # reason: made in the next line
    found.door = found.opened(served.provider())
    found.door.add("work", ACCOUNT, "", PASSPHRASE)
    return found
