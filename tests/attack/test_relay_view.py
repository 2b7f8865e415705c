"""A relay sees what its list says, and nothing else: every call is recorded and taken apart."""

import tomllib
from pathlib import Path

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import ObjectName
from sealhold.net.relay.admin import usage_of
from sealhold.net.relay.meetingcalls import Meeting
from sealhold.net.relay.papers import Rights
from sealhold.sharing.hosting.tables import TABLES
from sealhold.sharing.links.reading import opened
from tests.linking import made
from tests.recording import Recorder
from tests.relaying import Running, running

ROOT = Path(__file__).parents[2]
VIEW = tomllib.loads((ROOT / "docs" / "spec" / "relay-view.toml").read_text())
LOG = "0a" * 16
UNSEEN_HERE = {f"entry:{number}" for number in range(1, 6)}  # no entry of a device is put here


def everything(relay: Running, words: bytes) -> None:
    """Make every call that a device, an admin and two that pair can make."""
    admin = relay.admin()
    carrier = relay.carrier(admin, ranges=True)
    other = relay.carrier(admin, Rights.READ)
    box = f"m/{admin.box.hex()}/"
    pack = words * 100
    digits = fingerprint(pack).hex()
    names = {
        "log": ObjectName(f"{box}log/{LOG}/{0:016x}"),
        "key": ObjectName(f"{box}key/{'5c' * 16}"),
        "member": ObjectName(f"{box}member/{'ab' * 32}"),
        "pack": ObjectName(f"{box}pack/{digits[:2]}/{digits}"),
    }
    for sort, name in names.items():
        carrier.put_new(name, pack if sort == "pack" else words)
    carrier.get(names["log"])
    carrier.get(names["pack"], 5, 7)
    list(other.list_after(box))
    list(other.list_after(f"{box}log/{LOG}/", names["log"]))
    heads = other.heads(box)
    other.heads(box, heads.cursor)
    other.entries(f"{box}log/{LOG}/", 0)
    other.wait(f"{box}log/", "", 0)
    carrier.delete(names["key"])
    usage_of(relay.caller(), relay.place.account_token())
    meeting = Meeting(relay.caller(), fingerprint(words)[:16])
    meeting.put(0, words)
    meeting.get(0, 0)
    meeting.burn()
    link = made(relay, words, name=words.decode(), seed=words)
    assert b"".join(opened(relay.caller(), link.link).content()) == words
    link.owner.told()
    link.owner.end()
    admin.drop([admin.mint(Rights.READ)])
    admin.rekey(SigningKey(Secret(bytes(32), "another")))
    admin.end()


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    recorder = Recorder()
    with running(watch=recorder, ranges=True) as relay:
        everything(relay, b"words of a person")
    return recorder


@pytest.mark.threat("T450")
def test_a_relay_sees_no_field_that_is_not_listed(recorder: Recorder) -> None:
    assert recorder.fields - VIEW.keys() == set()


def test_each_listed_field_of_a_call_is_seen_by_a_relay(recorder: Recorder) -> None:
    listed = {name for name in VIEW if not name.startswith(("row:", "connection:"))}

    assert listed - recorder.fields == UNSEEN_HERE


@pytest.mark.threat("T450")
def test_each_column_that_a_relay_keeps_is_listed_and_no_other() -> None:
    columns = {f"row:{table.name}.{column}" for table in TABLES for column in table.columns}

    assert {name for name in VIEW if name.startswith("row:")} == columns


def test_each_field_says_why_it_is_there_and_what_softens_it() -> None:
    for name, told in VIEW.items():
        assert told.keys() == {"why", "softened"}, name
        assert all(told.values()), name


@pytest.mark.threat("T450")
def test_a_header_more_is_a_field_more(recorder: Recorder) -> None:
    other = Recorder()
    with running(watch=other) as relay:
        caller = relay.caller()
        link = caller._link()
        link.send(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\n\r\n", b"", 5)
        link.head(5, 5)
        link.close()

    assert other.fields - VIEW.keys() == {"header:user-agent"}
    assert "header:user-agent" not in recorder.fields


@pytest.mark.threat("T450")
def test_other_words_of_equal_shape_leave_the_same_trace(recorder: Recorder) -> None:
    other = Recorder()
    with running(watch=other, ranges=True) as relay:
        everything(relay, b"other words, same")

    assert len(recorder.trace()) > 20
    assert other.trace() == recorder.trace()


@pytest.mark.threat("T450")
def test_one_call_more_is_another_trace(recorder: Recorder) -> None:
    other = Recorder()
    with running(watch=other, ranges=True) as relay:
        everything(relay, b"other words, same")
        relay.admin()

    assert other.trace() != recorder.trace()
