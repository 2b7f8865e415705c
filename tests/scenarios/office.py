"""A vault that is served as a process, with an officer who looks after people's rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.scenarios.people_site import Answer, PeopleSite, call, people_site
from tests.scenarios.records_site import init_of


@dataclass(frozen=True)
class Office:
    """A served vault, and an officer's token."""

    site: PeopleSite
    officer: str
    folder: Path

    @property
    def app(self) -> str:
        return self.site.apps[0][1]

    def post(self, path: str, body: object = None, token: str | None = None) -> Answer:
        whose = self.officer if token is None else token
        return call(self.site.port, "POST", path, whose, {} if body is None else body)

    def get(self, path: str, token: str | None = None, purpose: str = "") -> Answer:
        whose = self.officer if token is None else token
        headers = {"Sealhold-Purpose": purpose} if purpose else {}
        return call(self.site.port, "GET", path, whose, None, headers)

    def person_token(self, subject: str) -> str:
        """Return a token of a person's own."""
        made = self.post(f"/v1/subjects/{subject}/tokens", token=self.app)
        assert made.status == 201, made.body
        return str(made.json["token"])

    def step(self, request: str, step: str, **body: object) -> Answer:
        """Take a step of a person's request."""
        return self.post(f"/v1/rights/{request}/{step}", body)

    def bring(self, app: str, key: str, data: bytes) -> Answer:
        """Take an export in, as the owner."""
        path = f"/v1/import?app={app}&key={key}"
        sent = {"Content-Type": "application/octet-stream"}
        return call(self.site.port, "POST", path, self.site.owner, headers=sent, raw=data)


@contextmanager
def office_in(folder: Path, store: str) -> Iterator[Office]:
    """Serve a new vault in `folder`, whose rows lie in a store of this kind."""
    with people_site(folder, init=init_of(store, folder)) as site:
        yield Office(site, site.officer(), folder)
