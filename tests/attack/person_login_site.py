"""A vault whose two apps named a provider on loopback, and people who sign in there."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sealhold.compute.personlogindoor import PersonLogins
from sealhold.model.errors import DeniedError
from sealhold.model.ids import AppId, SubjectId, canonical
from sealhold.model.logins import Begun, CameBack, IssuerWish
from sealhold.model.principals import NewToken
from sealhold.vault.personlogins import PersonLogins as Rows
from sealhold.vault.using import Uses
from tests.scenarios.idprovider import ACCOUNT, CLIENT, IdProvider, Json
from tests.unit.people_vault import Crowd

ORIGIN = "https://vault.example"
Bend = Callable[[Json], object]


@dataclass
class PersonSite:
    """A vault, its door for people's sign-ins, and the provider that both apps trust."""

    many: Crowd
    ids: IdProvider
    door: PersonLogins = field(init=False)
    rows: Rows = field(init=False)
    ada: SubjectId = field(init=False)

    def __post_init__(self) -> None:
        many = self.many
        uses = Uses(many.vault.core, many.registry, many.schemas)
        self.rows = Rows(many.vault.core, uses, many.principals, many.people)
        self.door = self.opened(self.ids.issuer)
        self.ada = many.person()
        for token in many.tokens:
            self.door.set_issuer(token, self.wish())
        self.door.bind(many.tokens[0], canonical(self.ada), ACCOUNT)

    def opened(self, *near: str) -> PersonLogins:
        """Return the door of the same vault, with other issuers in the owner's network."""
        many = self.many
        core, registry, principals = many.vault.core, many.registry, many.principals
        return PersonLogins(core, registry, principals, self.rows, self.ids.spoken, near)

    def wish(self, *, makes_people: bool = False, issuer: str = "", secret: str = "") -> IssuerWish:
        return IssuerWish(
            issuer=issuer or self.ids.issuer,
            client=CLIENT,
            secret=secret,
            makes_people=makes_people,
        )

    def begun(self, app: AppId | None = None) -> Begun:
        return self.door.begin(canonical(app or self.many.one), ORIGIN)

    def back(self, begun: Begun, app: AppId | None = None, **other: str) -> CameBack:
        """Return what the browser brings back that began."""
        came = self.ids.authorized(begun.url)
        return self.form(begun, came, app, **other)

    def form(self, begun: Begun, came: Json, app: AppId | None = None, **other: str) -> CameBack:
        said = {
            "provider": canonical(app or self.many.one),
            "state": came.get("state", ""),
            "code": came.get("code", ""),
            "issuer": came.get("iss", ""),
            "error": came.get("error", ""),
            "browser": begun.browser,
        }
        return CameBack(**{**said, **other})

    def enter(self, app: AppId | None = None, **other: str) -> NewToken:
        """Sign in, from the beginning to the end."""
        return self.door.finish(self.back(self.begun(app), app, **other), ORIGIN)

    def who(self, app: AppId | None = None) -> SubjectId:
        """Return as whom somebody comes in."""
        return self.many.principals.person(self.enter(app).token).subject

    def refused(self, app: AppId | None = None, **other: str) -> None:
        with pytest.raises(DeniedError, match=r"^denied$"):
            self.enter(app, **other)


def site_of(many: Crowd, served: IdProvider) -> PersonSite:
    """Return a vault with one account bound at its first app, and `served` as it was at first."""
    backs = {f"{ORIGIN}/me/back/{canonical(each)}" for each in (many.one, many.other)}
    fresh = IdProvider(port=served.port, roots=served.roots, clock=many.time, backs=backs)
    served.__dict__.update(fresh.__dict__)  # what the test before bent
    return PersonSite(many, served)
