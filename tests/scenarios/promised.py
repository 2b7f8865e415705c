"""The eleven promises, each told as a story over HTTP, on whatever store a vault has.

- A story asserts what its promise says, and everything it calls is written down. It calls no more
  than it needs, in one order, so that two vaults on two stores must tell the same.
- Words are those of docs/spec/24-people.md section 9.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.scenarios.people_site import MARKETING, SERVICE, Answer, PeopleSite, people_site
from tests.scenarios.records_site import NOTES, VISITS, init_of, lay_down, rid
from tests.scenarios.server_role import work_under_it
from tests.scenarios.transcribed import Written
from tests.transcripts.cli import PASSPHRASE, Cli

SCRIPT = b"for person in people: count()"
SOON = 30.0  # seconds within which a job of a few rows ends
ABSENT = "00000000-0000-4000-8000-000000000000"
MAIL = "ada@example.org"


@dataclass
class Teller:
    """A served vault with two apps and an officer, and the story that is being told of it."""

    site: PeopleSite
    officer: str
    owner: str
    told: Written

    @property
    def app(self) -> str:
        return self.site.apps[0][1]

    @property
    def other(self) -> str:
        return self.site.apps[1][1]

    @property
    def app_id(self) -> str:
        return self.site.apps[0][0]

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        **headers: str,
    ) -> Answer:
        """Call a route as the first app, unless another token is given."""
        sent = {"Sealhold-Purpose": SERVICE}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.told.call(
            method, "/v1" + path, self.app if token is None else token, body, sent
        )

    def person(self, token: str | None = None, mail: str = MAIL) -> str:
        """Return a new person with a profile."""
        subject: str = self.call("POST", "/subjects", token).json["subject"]
        fields = {"fields": {"name": "Ada", "mail": mail}}
        put = self.call("PUT", f"/subjects/{subject}/profile", token, fields, If_Match='"0"')
        assert put.status == 200, put.body
        return subject

    def own(self, subject: str) -> str:
        """Return a token of a person's own."""
        made: str = self.call("POST", f"/subjects/{subject}/tokens").json["token"]
        return made

    def keep(self, subject: str, number: int, content: object) -> str:
        """Keep a new record, and return its path."""
        path = f"/subjects/{subject}/records/{NOTES}/{rid(number)}"
        made = self.call("PUT", path, None, content, If_None_Match="*")
        assert made.status == 201, made.body
        return path

    def read(self, subject: str, token: str | None = None, **headers: str) -> Answer:
        return self.call("GET", f"/subjects/{subject}/profile", token, **headers)

    def turn(self, kind: str, scope: str) -> dict[str, Any]:
        """Turn keys over, and return how that ended; how far it was between is not written down."""
        body = {"passphrase": PASSPHRASE, "scope": scope, "compromised": True}
        began = self.site.call("POST", f"/v1/keys/{kind}/rotate", self.owner, body)
        assert began.status == 202, began.body
        until = time.monotonic() + SOON
        path = f"/v1/jobs/{began.json['id']}"
        while self.site.call("GET", path, self.owner).json["job"]["ended"] is None:
            assert time.monotonic() < until, "the job does not end"
            time.sleep(0.02)
        ended: dict[str, Any] = self.call("GET", path[3:], self.owner).json
        assert (ended["job"]["state"], ended["quarantine"]) == ("done", [])
        return ended


@contextmanager
def teller(folder: Path, store: str) -> Iterator[Teller]:
    """Serve a new vault in `folder`, whose rows lie in a store of this kind.

    On a server it works under a role that may change rows, and no table.
    """
    cli = Cli(folder)
    made = cli.line(init_of(store, folder))
    assert made.code == 0, made.err
    if store == "postgres":
        work_under_it(cli)
    with people_site(folder) as site:
        lay_down(site)
        yield Teller(site, site.officer(), site.owner, Written(site.port))


def app_keys_lie_under_the_vaults_own(on: Teller) -> None:
    """P1: without the owner's key no app's key opens, and with it all do."""
    ada = on.person()
    assert on.call("POST", "/lock", on.owner).status in {200, 204}

    shut = [on.read(ada), on.read(ada, on.other), on.call("POST", "/subjects")]
    wrong = on.call("POST", "/auth/sessions", "", {"passphrase": "not this one"})
    still = on.read(ada)
    right = on.call("POST", "/auth/sessions", "", {"passphrase": PASSPHRASE})

    assert {(each.status, each.body) for each in (*shut, still)} == {(403, still.body)}
    assert wrong.status == 403
    on.owner = right.json["token"]
    assert on.read(ada).json["fields"]["name"] == "Ada"


def the_keys_of_people_lie_under_their_apps(on: Teller) -> None:
    """P2: a new app key reaches the keys of its people, and of nobody else."""
    ada, eve = on.person(), on.person(on.other)
    others = on.call("POST", "/keys/app/rotate", on.owner, _dry(on.site.apps[1][0])).json

    ended = on.turn("app", on.app_id)

    again = on.call("POST", "/keys/app/rotate", on.owner, _dry(on.site.apps[1][0])).json
    assert ended["job"]["changed"] > 0
    assert others["total"] == again["total"] > 0
    assert on.read(ada).json["fields"]["mail"] == MAIL
    assert on.read(eve, on.other).json["fields"]["mail"] == MAIL
    assert on.read(ada, on.other).body == on.read(ABSENT, on.other).body


def _dry(scope: str) -> dict[str, Any]:
    return {"passphrase": PASSPHRASE, "scope": scope, "dry_run": True}


def what_identifies_people_lies_under_their_keys(on: Teller) -> None:
    """P3: with one person's key goes what identifies them, and what identifies no other."""
    ada, bob = on.person(mail="one@example.org"), on.person(mail="one@example.org")
    wanted = {"field": "mail", "value": "ONE@example.org"}
    both = on.site.call("POST", "/v1/lookup", on.app, wanted).json["people"]

    gone = on.call("DELETE", f"/subjects/{ada}")

    assert {each["subject"] for each in both} == {ada, bob}
    assert gone.json["rows"]["ident"] == 2
    assert on.read(ada).status == 403
    assert on.read(bob).json["fields"]["mail"] == "one@example.org"
    assert on.call("POST", "/lookup", None, wanted).json == {"people": [{"subject": bob}]}


def owned_data_is_kept_sealed(on: Teller) -> None:
    """P4: what was put in comes out, in each of its versions."""
    ada = on.person()
    path = on.keep(ada, 1, {"text": "a quokka on a unicycle", "n": [1, None, 0.5]})
    on.call("PATCH", path, None, {"n": None, "more": {"deep": True}}, If_Match='"1"')

    newest, older = on.call("GET", path), on.call("GET", f"{path}/versions/1")

    assert newest.json["content"] == {"text": "a quokka on a unicycle", "more": {"deep": True}}
    assert older.json["content"] == {"text": "a quokka on a unicycle", "n": [1, None, 0.5]}
    assert [e["version"] for e in on.call("GET", f"{path}/versions").json["versions"]] == [2, 1]
    visit = f"/subjects/{ada}/records/{VISITS}/{rid(2)}"
    assert on.call("PUT", visit, None, {"stars": 3}, If_None_Match="*").status == 422


def a_firewall_stands_before_both_stores(on: Teller) -> None:
    """P5: whatever is absent or forbidden reads alike, in either store."""
    ada = on.person()
    path = on.keep(ada, 1, {"n": 1})
    record = f"/subjects/{ABSENT}/records/{NOTES}/{rid(1)}"

    told = [
        on.read(ada, on.other),
        on.read(ABSENT),
        on.read(ada, Sealhold_Purpose="Purpose"),
        on.read(ada, on.owner),
        on.call("GET", path, on.other),
        on.call("GET", record),
        on.call("GET", path, Sealhold_Purpose="Purpose"),
        on.call("GET", path.replace(rid(1), rid(9))),
        on.call("POST", "/lookup", None, {"field": "name", "value": "Ada"}),
    ]

    assert {(each.status, each.body) for each in told} == {(403, told[0].body)}
    assert on.read(ada).json["fields"] == {"name": "Ada", "mail": MAIL}


def each_person_chooses_about_a_script(on: Teller) -> None:
    """P6: registered is denied, allowed is permitted, and one byte changed asks anew."""
    ada = on.person()
    own, processing = on.own(ada), registered(on, terms())
    lease = _run(on, processing, SCRIPT).json["lease"]
    changed = SCRIPT + b"#"

    assert _leased(on, ada, lease).status == 403
    assert say(on, ada, own, processing, "allow").json["choice"]["state"] == "allowed"
    assert _leased(on, ada, lease).json["fields"] == {"name": "Ada"}
    assert _run(on, processing, changed).status == 403
    path = f"/processings/{processing}"
    assert on.call("POST", f"{path}/versions", None, terms(changed)).status == 201
    assert on.call("POST", f"{path}/activate", on.officer).json["edition"] == 2
    lease = _run(on, processing, changed).json["lease"]
    assert _leased(on, ada, lease).status == 403
    assert say(on, ada, own, processing, "deny").json["choice"]["state"] == "denied"
    assert _leased(on, ada, lease).status == 403


def every_use_leaves_a_trace(on: Teller) -> None:
    """P7: the person reads what was done, by whom, what for, and what was refused."""
    ada = on.person()
    own = on.own(ada)
    on.read(ada)
    on.read(ada, Sealhold_Purpose="Purpose")
    on.call("GET", on.keep(ada, 1, {"n": 1}))

    uses = on.call("GET", f"/subjects/{ada}/uses", own).json["uses"]
    ledger = on.call("GET", "/audit/ledger?limit=6", on.owner).json
    whole = on.call("POST", "/audit/verify", on.owner)

    assert [(each["what"], each["outcome"]) for each in reversed(uses)] == [
        ("person: made", "done"),
        ("profile: changed", "done"),
        ("access: a token was made", "done"),
        ("profile: read", "done"),
        ("profile: nothing asked", "denied"),
        ("record: kept", "done"),
        ("record: read", "done"),
    ]
    assert [each["actor"] for each in ledger] == ["the person", *["One"] * 5]
    assert ada not in str(ledger)
    assert whole.json["whole"]


def everything_leaves_and_goes_in_one_request(on: Teller) -> None:
    """P8: an export holds all that is kept, an erasure takes all of it, and says so once."""
    ada = on.person()
    own = on.own(ada)
    on.keep(ada, 1, {"text": "kiwi"})

    packed = on.call("POST", f"/subjects/{ada}/export", own, {})
    gone, again = (on.call("POST", f"/subjects/{ada}/erase", on.officer, {}) for _ in range(2))

    files = zipfile.ZipFile(io.BytesIO(packed.body))
    fields = json.loads(files.read("profile.json"))["fields"]
    assert {name: each["value"] for name, each in fields.items()} == {"name": "Ada", "mail": MAIL}
    assert json.loads(files.read(f"records/{NOTES}.ndjson"))["content"] == {"text": "kiwi"}
    assert (gone.status, gone.body) == (200, again.body)
    assert gone.json["rows"] == {
        "ident": 2, "keyblock": 1, "lookup": 1, f"personrecord/{NOTES}": 1,
    }  # fmt: skip
    assert on.read(ada).body == on.read(ABSENT).body


def a_key_is_changed_and_all_is_encrypted_anew(on: Teller) -> None:
    """P9: at each level, and everything opens as before."""
    ada = on.person()
    path = on.keep(ada, 1, {"text": "plum"})

    for kind, scope in (("subject", ada), ("bodies", on.app_id), ("index", f"{on.app_id}/mail")):
        assert on.turn(kind, scope)["job"]["changed"] > 0
        assert on.read(ada).json["fields"] == {"name": "Ada", "mail": MAIL}
        assert on.call("GET", path).json["content"] == {"text": "plum"}


def ids_are_random_and_no_key_is_told(on: Teller) -> None:
    """P10: an app gets an id when it is registered, and a person when they are made."""
    body = {"name": "Third", "public_key": "cd" * 32, "passphrase": PASSPHRASE}
    app = on.call("POST", "/apps", on.owner, body)
    people = [on.call("POST", "/subjects") for _ in range(3)]

    ids = [UUID(each.json["subject"]) for each in people]
    assert (app.status, app.json["app"].keys() & {"key", "keys", "secret"}) == (201, set())
    assert UUID(app.json["app"]["id"]).version == 4
    assert [each.version for each in ids] == [4, 4, 4]
    assert len({each.bytes[:6] for each in ids}) == 3
    assert [each.json.keys() for each in people] == [people[0].json.keys()] * 3


def data_of_nobody_stays_outside(on: Teller) -> None:
    """P11: a record names its person, or is refused with what to do."""
    ada = on.person()
    lines = [{"collection": NOTES, "id": rid(1), "content": {"n": 1}}]
    lines.append({**lines[0], "subject": ada})

    told = on.told.lines("/v1/records:bulk", on.app, lines, {"Sealhold-Purpose": SERVICE})

    assert [each.get("version") for each in told] == [None, 1]
    assert told[0]["error"]["code"] == "UNOWNED"
    assert "subject" in told[0]["error"]["remedy"]
    found = on.call("GET", f"/subjects/{ada}/records/{NOTES}").json["records"]
    assert [each["content"] for each in found] == [{"n": 1}]


def terms(code: bytes = SCRIPT) -> dict[str, Any]:
    return {
        "name": "Count",
        "code": hashlib.sha256(code).hexdigest(),
        "purpose": MARKETING,
        "basis": "eu-gdpr:A6-1-a",
        "fields": ["name"],
        "retention_days": 30,
        "output_bytes": 100,
    }


def registered(on: Teller, wanted: dict[str, Any]) -> str:
    processing: str = on.call("POST", "/processings", None, wanted).json["processing"]
    assert on.call("POST", f"/processings/{processing}/activate", on.officer).status == 200
    return processing


def _run(on: Teller, processing: str, code: bytes) -> Answer:
    body = {"code": hashlib.sha256(code).hexdigest()}
    return on.call("POST", f"/processings/{processing}/runs", None, body)


def _leased(on: Teller, subject: str, lease: str) -> Answer:
    return on.read(subject, Sealhold_Purpose=MARKETING, Sealhold_Processing=lease)


def say(on: Teller, subject: str, own: str, processing: str, choice: str) -> Answer:
    shown = on.call("GET", f"/subjects/{subject}/choices", own).json["choices"]
    (notice,) = (each["notice"] for each in shown if each["processing"] == processing)
    path = f"/subjects/{subject}/choices/{processing}"
    return on.call("PUT", path, own, {"choice": choice, "notice": notice})


STORIES: dict[str, Callable[[Teller], None]] = {
    "P1": app_keys_lie_under_the_vaults_own,
    "P2": the_keys_of_people_lie_under_their_apps,
    "P3": what_identifies_people_lies_under_their_keys,
    "P4": owned_data_is_kept_sealed,
    "P5": a_firewall_stands_before_both_stores,
    "P6": each_person_chooses_about_a_script,
    "P7": every_use_leaves_a_trace,
    "P8": everything_leaves_and_goes_in_one_request,
    "P9": a_key_is_changed_and_all_is_encrypted_anew,
    "P10": ids_are_random_and_no_key_is_told,
    "P11": data_of_nobody_stays_outside,
}
