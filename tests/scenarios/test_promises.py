"""P1 to P11 over HTTP, on SQLCipher and on PostgreSQL: each holds, in the same words on both.

And what a vault on the one store exports, a vault on the other takes in, equal.
Acceptance A1 and A8 of the service: docs/spec/33-acceptance.md.
"""

import io
import json
import re
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from tests.scenarios.people_site import SERVICE, call
from tests.scenarios.promised import STORIES, Teller, registered, say, teller, terms
from tests.scenarios.records_site import STORES
from tests.scenarios.transcribed import Transcript, Written
from tests.transcripts.cli import Cli

pytestmark = pytest.mark.xdist_group("promises")  # two services are started once


@pytest.fixture(scope="module")
def tellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Teller]]:
    folders = [tmp_path_factory.mktemp(store) for store in STORES]
    with ExitStack() as stack:
        yield [
            stack.enter_context(teller(folder, store))
            for folder, store in zip(folders, STORES, strict=True)
        ]
    for folder in folders:
        checked = Cli(folder).line("audit verify")
        assert checked.code == 0, checked.out + checked.err


@pytest.mark.parametrize(
    "promise", [pytest.param(name, marks=pytest.mark.promise(name)) for name in STORIES]
)
def test_a1_a_promise_holds_on_both_stores_in_the_same_words(
    tellers: list[Teller], promise: str
) -> None:
    told: list[Transcript] = []

    for on in tellers:
        on.told = Written(on.site.port)
        STORIES[promise](on)
        told.append(on.told.transcript)

    assert told[0].lines == told[1].lines
    assert len(told[0].lines) >= 3
    assert not [line for line in told[0].lines if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", line)]


def files_of(data: bytes) -> dict[str, bytes]:
    """Return the files of an export but for the person's id, their uses, and what they said."""
    packed = zipfile.ZipFile(io.BytesIO(data))
    found = {name: packed.read(name) for name in packed.namelist()}
    for name in ("manifest.json", "uses.csv", "said.json", "profile.jsonld"):
        del found[name]
    profile = json.loads(found.pop("profile.json"))
    del profile["subject"]
    return {**found, "profile": json.dumps(profile).encode()}


def said_in(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("said.json"))
    return found


def lived(on: Teller) -> tuple[str, bytes]:
    """Return a person of whom there is something of each kind, and all that is kept of them."""
    ada = on.person(mail="round@example.org")
    own, processing = on.own(ada), registered(on, terms())
    path = on.keep(ada, 1, {"text": "kiwi"})
    on.call("PATCH", path, None, {"text": "plum"}, If_Match='"1"')
    new = {"Sealhold-Purpose": SERVICE, "If-None-Match": "*", "Content-Type": "image/png"}
    image = seeded(b"an image")(100_000)
    kept = call(on.site.port, "PUT", f"/v1{path}/attachments/1", on.app, headers=new, raw=image)
    assert kept.status == 201, kept.body
    say(on, ada, own, processing, "allow")
    on.call("PUT", f"/subjects/{ada}/objections/DirectMarketing", own)
    return ada, on.call("POST", f"/subjects/{ada}/export", own, {}).body


def aside(on: Teller) -> Teller:
    """Return the same vault by its second app, so that what the stories count stays as it is."""
    site = replace(on.site, apps=(on.site.apps[1], on.site.apps[0]))
    return Teller(site, on.officer, on.owner, Written(site.port))


@pytest.mark.promise("P8")
def test_a8_an_export_is_checked_offline_and_taken_in_equal_by_the_other_store(
    tellers: list[Teller], tmp_path: Path
) -> None:
    one, other = map(aside, tellers)

    for there, here in ((one, other), (other, one)):
        taken_in(there, here, Cli(tmp_path))


def taken_in(there: Teller, here: Teller, cli: Cli) -> None:
    """See that what leaves one vault is equal in the other, and goes there in one request."""
    ada, data = lived(there)
    (cli.folder / "ada.zip").write_bytes(data)
    (cli.folder / "bent.zip").write_bytes(data.replace(b"profile.csv", b"profile.csw"))
    manifest = zipfile.ZipFile(io.BytesIO(data)).read("manifest.json")
    key = json.loads(b64decode(json.loads(manifest)["payload"]))["issuer"]
    address = f"/v1/import?app={here.app_id}&key={key}"
    binary = {"Content-Type": "application/octet-stream"}

    made = call(here.site.port, "POST", address, here.owner, headers=binary, raw=data)

    assert [cli.line(f"verify {name}.zip").code for name in ("ada", "bent")] == [0, 6]
    counts = ("fields", "records", "older_versions", "attachments")
    assert [made.json[name] for name in counts] == [2, 1, 1, 1]
    same = made.json["subject"]
    again = here.call("POST", f"/subjects/{same}/export", here.officer, {}).body
    assert files_of(again) == files_of(data)
    before, after = said_in(data), said_in(again)
    assert [each["what"] for each in before] == ["consent", "objected"]
    assert after[:2] == before
    assert [each["event"]["state"] for each in after[2:]] == ["ConsentUnknown"]
    gone, twice = (here.call("DELETE", f"/subjects/{same}") for _ in range(2))
    assert (gone.status, gone.body) == (200, twice.body)
    (cli.folder / "gone.json").write_text(gone.json["paper"])
    assert cli.line("verify gone.json").code == 0
    assert there.call("DELETE", f"/subjects/{ada}").status == 200
