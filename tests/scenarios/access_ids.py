"""For each address of the API, an id of something that the first app, or one of its people, has.

Whoever adds a route says here what its ids are: a route that is not here fails the tests that go
over all routes.
"""

import hashlib
from collections.abc import Callable, Mapping

from sealhold.model.ids import canonical
from tests.scenarios.access_site import ABSENT, CANARY, AccessSite
from tests.scenarios.vaults import PASSPHRASE, Job
from tests.unit.people_vault import MARKETING, NAME, SERVICE

CODE = hashlib.sha256(b"a script").hexdigest()
NOTES = "notes"
RECORD = "6f0f7a52-6c1d-4e8b-9a55-0c4de7a8f913"
TERMS = {
    "name": "Newsletter",
    "code": CODE,
    "purpose": MARKETING,
    "basis": "eu-gdpr:A6-1-a",
    "fields": ["name"],
    "retention_days": 30,
    "output_bytes": 100,
}


def person(site: AccessSite) -> str:
    return site.one.people[0]


def credential(site: AccessSite) -> str:
    """A second token of the app, which may be ended."""
    return canonical(site.node.callers.add_credential(site.one.asker.shown, PASSPHRASE)[0])


def request(site: AccessSite) -> str:
    """What the app asked the owner for."""
    asker, now = site.one.asker, site.node.parts.core.clock()
    papers = asker.papers(Job(), now)
    return canonical(
        site.node.outside.submit(asker.token, papers.request, papers.task, papers.code)
    )


def processing(site: AccessSite) -> str:
    """A processing of the app that is active, and that its first person allowed."""
    made = site.made("/v1/processings", site.one.token, TERMS)
    site.made(f"/v1/processings/{made['processing']}/activate", site.officer_token)
    return str(made["processing"])


def consent(site: AccessSite) -> str:
    """What the person said yes to."""
    path = f"/v1/subjects/{person(site)}/choices"
    named = site.id_of("/v1/processings/{id}", processing)
    shown = site.read(path, site.one.person)["choices"]
    notice = next(each["notice"] for each in shown if each["processing"] == named)
    said = site.made(
        f"{path}/{named}", site.one.person, {"choice": "allow", "notice": notice}, "PUT"
    )
    return str(said["choice"]["consent"])


def run(site: AccessSite) -> str:
    named = site.id_of("/v1/processings/{id}", processing)
    made = site.made(f"/v1/processings/{named}/runs", site.one.token, {"code": CODE})
    return str(made["run"])


def collection(site: AccessSite) -> str:
    rule = {"category": "Opinion", "purposes": [SERVICE], "passphrase": PASSPHRASE}
    for party in (site.one, site.other):
        site.made(f"/v1/apps/{party.id}/collections/{NOTES}", site.owner, rule, "PUT")
    return NOTES


def record(site: AccessSite) -> str:
    """What the app wrote down of the person."""
    site.id_of("/v1/apps/{id}/collections/{coll}", collection)
    path = f"/v1/subjects/{person(site)}/records/{NOTES}/{RECORD}"
    site.made(path, site.one.token, {"text": CANARY}, "PUT", new=True)
    return RECORD


def pushed(site: AccessSite) -> str:
    """What a program of the owner's pushes."""
    settings = {"place": "readings", "columns": "at:instant,kwh:float"}
    source = site.node.standing.add("readings", "push", settings)
    site.ids["pusher"] = site.node.parts.crowd.pushers.renew(source.id, 6_000)
    return "readings"


def attachment(site: AccessSite) -> str:
    """A file at what was written down of the person."""
    named = "/v1/subjects/{id}/records/{coll}/{record}"
    site.id_of(named, record)
    path = f"/v1/subjects/{person(site)}/records/{NOTES}/{RECORD}/attachments/1"
    told = site.call("PUT", path, site.one.token, CANARY.encode(), new=True, media="text/plain")
    assert told.status in {200, 201}, told
    return "1"


def recipient(site: AccessSite) -> str:
    """Whom the app gives data to."""
    body = {"app": site.one.id, "name": "Mailer Ltd", "contact": "mail@example.org"}
    made = site.made("/v1/recipients", site.officer_token, body)
    return str(made["id"])


def notice(site: AccessSite) -> str:
    """What that one has to be told, since somebody was erased."""
    site.id_of("/v1/recipients/{id}", recipient)
    erasure(site)
    return str(site.read("/v1/recipient-notices", site.one.token)["notices"][0]["id"])


def erasure(site: AccessSite) -> str:
    """The receipt of somebody of the app who was erased."""
    gone = site.made("/v1/subjects", site.one.token)["subject"]
    return str(site.made(f"/v1/subjects/{gone}", site.one.token, None, "DELETE")["receipt"])


def hold(site: AccessSite) -> str:
    """A duty to keep the names of the app's people."""
    until = site.node.parts.core.clock() + 86_400_000
    wish = {"app": site.one.id, "ground": "LegalClaims", "law": "x", "until": until}
    return str(site.made("/v1/holds", site.officer_token, {**wish, "fields": ["name"]})["id"])


def keeping(site: AccessSite) -> str:
    """What that duty holds of somebody of the app who was erased."""
    named = site.id_of("/v1/holds/{id}", hold)
    gone = site.made("/v1/subjects", site.one.token)["subject"]
    site.node.people.put(site.one.token, gone, SERVICE, {NAME: CANARY}, 0)
    site.made(f"/v1/subjects/{gone}", site.one.token, None, "DELETE")
    return str(site.read(f"/v1/holds/{named}", site.officer_token)["keepings"][0]["id"])


def right(site: AccessSite) -> str:
    """What the person asked of whoever keeps their data."""
    return str(site.made("/v1/rights", site.one.person, {"right": "eu-gdpr:A15"})["id"])


def breach(site: AccessSite) -> str:
    return str(site.made("/v1/breaches", site.officer_token, {"about": "a laptop"})["id"])


def nothing(_site: AccessSite) -> str:
    """An id of nothing: what is there is the owner's alone, and asked for by nobody else."""
    return ABSENT


Maker = Callable[[AccessSite], str]
IDS: Mapping[str, Maker] = {
    "/v1/apps/{id}": lambda site: site.one.id,
    "/v1/apps/{id}/collections/{coll}": collection,
    "/v1/apps/{id}/credentials/{credential}": credential,
    "/v1/breaches/{id}": breach,
    "/v1/caps/{kind}": lambda _: "app",
    "/v1/statements/{month}": lambda _: "2026-10",
    "/v1/consents/{id}": consent,
    "/v1/erasures/{id}": erasure,
    "/v1/grants/{id}": nothing,
    "/v1/held/{id}": keeping,
    "/v1/held/{id}/records/{coll}": lambda _: NOTES,
    "/v1/held/{id}/records/{coll}/{record}": lambda _: RECORD,
    "/v1/held/{id}/records/{coll}/{record}/attachments/{n}": lambda _: "1",
    "/v1/holds/{id}": hold,
    "/v1/jobs/{id}": nothing,
    "/v1/push/{dataset}": pushed,
    "/v1/keys/{kind}": lambda _: "app",
    "/v1/officers/{id}": lambda site: site.officer,
    "/v1/policies/{id}": nothing,
    "/v1/processings/{id}": processing,
    "/v1/receipts/{id}": nothing,
    "/v1/recipient-notices/{id}": notice,
    "/v1/recipients/{id}": recipient,
    "/v1/records/{id}": nothing,
    "/v1/requests/{id}": request,
    "/v1/rights/{id}": right,
    "/v1/runs/{id}": run,
    "/v1/subjects/{id}": person,
    "/v1/subjects/{id}/choices/{processing}": lambda site: site.id_of(
        "/v1/processings/{id}", processing
    ),
    "/v1/subjects/{id}/objections/{purpose}": lambda _: MARKETING,
    "/v1/subjects/{id}/records/{coll}": lambda site: site.id_of(
        "/v1/apps/{id}/collections/{coll}", collection
    ),
    "/v1/subjects/{id}/records/{coll}/{record}": record,
    "/v1/subjects/{id}/records/{coll}/{record}/attachments/{n}": attachment,
    "/v1/subjects/{id}/records/{coll}/{record}/versions/{version}": lambda _: "1",
}
NAMES = frozenset(
    {"{coll}", "{kind}", "{month}", "{n}", "{purpose}", "{version}"}
)  # words, not ids of things
QUERIES = frozenset(  # names in queries, none of which leads to anything by itself
    {
        "after",
        "app",
        "before",
        "cap",
        "cursor",
        "fields",
        "key",
        "limit",
        "name",
        "role",
        "seq",
        "words",
    }
)
QUERY_IDS: Mapping[str, Maker] = {"processing": processing, "subject": person}


BODY_IDS: Mapping[str, Maker] = {"processing": processing, "subject": person}
OF_ALL = frozenset(  # each of an app's people may see what it does, and what it did with theirs
    {"/v1/processings/{id}", "/v1/runs/{id}/log"}
)
BY_LINE = "/v1/subjects/{id}/records:bulk"  # answers each line by itself, in one answer of 200
BODY_WORDS = {"code": CODE, "purpose": MARKETING, "output": "eA=="}


def body_ids(site: AccessSite, *, absent: bool = False) -> dict[str, str]:
    """Return what is set into bodies: ids of the first app, or ids of nothing."""
    made = {
        name: ABSENT if absent else site.id_of(f"/v1/{name}s/{{id}}", make)
        for name, make in BODY_IDS.items()
    }
    return {**made, **BODY_WORDS}


def filled(path: str, site: AccessSite, *, absent: bool = False) -> str:
    """Return an address with an id of the first app in each place; or ids of nothing.

    Raises:
        KeyError: nobody said in `IDS` how such an id is had.
    """
    done, told = "", ""
    for part in path.split("/")[1:]:
        done += "/" + part
        if not part.startswith("{"):
            told += "/" + part
        elif absent and part not in NAMES:
            told += "/" + ABSENT
        else:
            told += "/" + site.id_of(done, IDS[done])
    return told
