"""A served vault whose two apps keep records of their people, called from outside."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

from tests.conformance import pgserver
from tests.scenarios.people_site import SERVICE, Answer, PeopleSite, call, people_site
from tests.transcripts.cli import PASSPHRASE

NOTES, VISITS = "notes", "visits"
COLLECTIONS = {
    NOTES: {"category": "Opinion", "purposes": [SERVICE, "Marketing"], "versions": 3},
    VISITS: {
        "category": "Location",
        "purposes": [SERVICE],
        "retention_days": 30,
        "fields": {"place": {"kind": "text", "required": True}, "stars": {"kind": "number"}},
    },
}
STORES = ("sqlcipher", "postgres")


def rid(number: int) -> str:
    """Return the id of the n-th record."""
    return str(UUID(int=number, version=4))


@dataclass(frozen=True)
class RecordsSite:
    """What an app's developer calls."""

    site: PeopleSite
    store: str

    @property
    def token(self) -> str:
        return self.site.apps[0][1]

    def person(self, nth: int = 0) -> str:
        """Return a new person of an app."""
        made = self.site.call("POST", "/v1/subjects", self.site.apps[nth][1])
        return str(made.json["subject"])

    def path(self, subject: str, number: int | None = None, collection: str = NOTES) -> str:
        base = f"/v1/subjects/{subject}/records/{collection}"
        return base if number is None else f"{base}/{rid(number)}"

    def new(self, path: str, content: object, token: str | None = None) -> Answer:
        """Keep a new record."""
        headers = {"Sealhold-Purpose": SERVICE, "If-None-Match": "*"}
        return call(self.site.port, "PUT", path, token or self.token, content, headers)

    def use(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        purpose: str | None = SERVICE,
        version: int | None = None,
    ) -> Answer:
        bearer = token or self.token
        return self.site.call(method, path, bearer, body, purpose=purpose, version=version)

    def raw(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], token: str = ""
    ) -> Answer:
        """Call a route with bytes."""
        told = {
            "Host": f"localhost:{self.site.port}",
            "Authorization": f"Bearer {token or self.token}",
            "Sealhold-Purpose": SERVICE,
            **headers,
        }
        with closing(HTTPConnection("127.0.0.1", self.site.port, timeout=60)) as wire:
            wire.request(method, path, body, told)
            with wire.getresponse() as response:
                content = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)


def lay_down(site: PeopleSite) -> None:
    """Lay down the collections of both apps."""
    for app, _ in site.apps:
        for name, body in COLLECTIONS.items():
            path = f"/v1/apps/{app}/collections/{name}"
            laid = call(site.port, "PUT", path, site.owner, {**body, "passphrase": PASSPHRASE})
            assert laid.status == 200, laid.body


def init_of(store: str, folder: Path) -> str:
    """Return the command that makes a vault whose rows lie in a store of this kind."""
    if store == "sqlcipher":
        return "init --headless"
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(folder)}"
    return f"init --headless --records '{rows}'"


@contextmanager
def records_site(folder: Path, store: str, *, ends: int = 0) -> Iterator[RecordsSite]:
    """Serve a new vault in `folder`."""
    with people_site(folder, init=init_of(store, folder), ends=ends) as site:
        lay_down(site)
        yield RecordsSite(site, store)
