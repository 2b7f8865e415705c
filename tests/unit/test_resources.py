"""Third parties' files: their form, their versions, which are due, which are bound."""

import copy
from typing import Any

import pytest

from sealhold.compute.leakage import facts_of, object_price
from sealhold.compute.manifest import Resource
from sealhold.compute.manifest_rules import points
from sealhold.compute.resources import (
    MAGIC,
    OVERHEAD,
    Version,
    check_later,
    has_room,
    host_and_path,
    next_tuple,
    open_version,
    sign_version,
    stated,
    tuples,
)
from sealhold.compute.retrieve import RETRY, is_due
from sealhold.compute.task import Task, function_id, parse_task, whole
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import InvalidError, InvalidManifestError, NotFetchedError
from sealhold.model.quantities import DAY, HOUR, MICRO, Instant
from sealhold.net.fetch import request
from sealhold.vault.resources import Kept, Try
from tests.unit.test_task_manifest import MANIFEST, NOW, TRIPS

SIGNER = SigningKey(Secret(b"s" * 32, "signer"))
URL = "https://data.example.org/table.json"
PINNED: dict[str, Any] = {
    "id": "table",
    "url": URL,
    "sha256": sha256(b"table").hex(),
    "max_bytes": 100,
    "refresh_s": 0,
    "max_versions": 1,
}
SIGNED: dict[str, Any] = {
    "id": "rates",
    "url": "https://data.example.org/rates",
    "signer": SIGNER.public.hex(),
    "max_bytes": 100,
    "refresh_s": 86_400,
    "max_versions": 3,
}


def task_of(*resources: dict[str, Any]) -> Task:
    return parse_task(to_json({**copy.deepcopy(MANIFEST), "resources": list(resources)}))


def kept(at: int = 0, serial: int = 1) -> Kept:
    return Kept(
        place=bytes(16), serial=serial, digest=bytes(32), size=1, at=Instant(at), chunks=b""
    )


# --- the form ---


def test_a_task_may_name_files_by_digest_and_by_signer() -> None:
    task = task_of(PINNED, SIGNED)

    assert [each.id for each in task.resources] == ["table", "rates"]
    assert task.tuples == 3
    assert [point.code for point in points(task, TRIPS, NOW)] == ["glass"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sha256": None}, "either its `sha256` or its `signer`"),
        ({"signer": "ab" * 32}, "either its `sha256` or its `signer`"),
        ({"max_versions": 2}, "names one version"),
        ({"refresh_s": 3_600}, "names one version"),
        ({"max_bytes": 6_291_457}, "does not fit its form"),
        ({"max_bytes": 0}, "does not fit its form"),
        ({"max_versions": 65}, "does not fit its form"),
        ({"refresh_s": -1}, "does not fit its form"),
        ({"id": "Table"}, "does not fit its form"),
        ({"sha256": "AB" * 32}, "does not fit its form"),
        ({"method": "POST"}, "does not fit its form"),
        ({"url": "https://data.example.org/" + "a" * 500}, "does not fit its form"),
        ({"url": "https://data.example.org/%2f"}, "an address reads"),
    ],
    ids=str,
)
def test_a_file_out_of_form_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidManifestError, match=why):
        task_of({**PINNED, **change})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"refresh_s": 60}, "at least 3600"),
        ({"refresh_s": 0}, "several versions need"),
    ],
    ids=str,
)
def test_a_signed_file_out_of_form_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidManifestError, match=why):
        task_of({**SIGNED, **change})


def test_a_file_stands_once_and_all_together_fit_a_frame() -> None:
    with pytest.raises(InvalidManifestError, match="stands twice"):
        task_of(PINNED, PINNED)
    with pytest.raises(InvalidManifestError, match="together"):
        task_of({**PINNED, "max_bytes": 6_291_456}, {**PINNED, "id": "other", "max_bytes": 1})
    with pytest.raises(InvalidManifestError, match="does not fit"):
        task_of(*({**PINNED, "id": f"f{n}"} for n in range(9)))


def test_an_address_has_a_name_and_a_path() -> None:
    assert host_and_path(URL) == ("data.example.org", "/table.json")
    with pytest.raises(InvalidError):
        host_and_path("https://localhost/table")


def test_a_request_is_these_bytes() -> None:
    assert request("data.example.org", "/table.json") == (
        b"GET /table.json HTTP/1.1\r\n"
        b"Host: data.example.org\r\n"
        b"Accept: application/octet-stream\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Connection: close\r\n"
        b"\r\n"
    )


# --- the function's id and its price ---


def test_digests_are_part_of_what_a_function_is() -> None:
    task = task_of(PINNED, SIGNED)
    param, table = task.params[0], sha256(b"table")

    ids = [
        function_id(task, param, task.fields, {"table": table, "rates": sha256(content)})
        for content in (b"1", b"2")
    ]

    assert len({*ids, function_id(task, param, task.fields)}) == 3


def test_a_pinned_file_is_in_the_id_before_it_is_fetched() -> None:
    task = task_of(PINNED)
    param = task.params[0]

    bound = function_id(task, param, task.fields, {"table": sha256(b"table")})

    assert bound == function_id(task, param, task.fields)
    assert bound != function_id(task_of(), param, task.fields)
    moved = task_of({**PINNED, "url": "https://data.example.org/elsewhere"})
    assert bound == function_id(moved, param, task.fields)


@pytest.mark.parametrize("digests", [{}, {"table": bytes(32), "more": bytes(32)}])
def test_a_function_has_just_the_files_of_its_manifest(digests: dict[str, bytes]) -> None:
    task = task_of(PINNED)

    with pytest.raises(InvalidError, match="just the resources"):
        function_id(task, task.params[0], task.fields, digests)


def test_each_tuple_of_versions_is_charged_like_a_parameter() -> None:
    task = task_of(PINNED, SIGNED, {**SIGNED, "id": "more", "max_versions": 5})

    assert object_price(whole(task), 1).function == 7 * MICRO
    assert sum(facts_of(whole(task), 1, NOW).functions.values()) == 7 * MICRO


def test_a_proof_lists_files_in_the_order_of_their_ids() -> None:
    found = stated({"b": b"\x02" * 32, "a": b"\x01" * 32})

    assert found == [{"id": "a", "sha256": "01" * 32}, {"id": "b", "sha256": "02" * 32}]


# --- versions ---


def resource(**change: Plain) -> Resource:
    return task_of({**SIGNED, **change}).resources[0]


def test_a_signed_version_opens_to_what_was_signed() -> None:
    reply = sign_version(resource().url, 7, b"content", SIGNER)

    assert open_version(resource(), reply) == Version(serial=7, content=b"content")
    assert len(reply) == OVERHEAD + 7


@pytest.mark.parametrize("serial", [0, -1, 2**63])
def test_a_version_has_a_number_from_one_on(serial: int) -> None:
    with pytest.raises(InvalidError):
        sign_version(URL, serial, b"", SIGNER)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", "form"),
        (MAGIC, "form"),
        (b"x" * OVERHEAD, "form"),
        (MAGIC + bytes(72), "form"),
        (MAGIC + b"\xff" * 72, "form"),
        (MAGIC + (1).to_bytes(8) + bytes(64), "signer"),
        (b"x" * 200, "size"),
    ],
    ids=["empty", "magic", "noise", "zero", "huge", "unsigned", "large"],
)
def test_what_is_no_signed_version_is_refused(reply: bytes, reason: str) -> None:
    with pytest.raises(NotFetchedError) as told:
        open_version(resource(), reply)

    assert told.value.reason == reason


def test_only_a_higher_number_is_later() -> None:
    version = Version(serial=5, content=b"five")

    assert check_later(version, 4, bytes(32))
    assert not check_later(version, 5, version.digest)
    for serial, digest in ((6, bytes(32)), (5, bytes(32))):
        with pytest.raises(NotFetchedError):
            check_later(version, serial, digest)


# --- what is bound ---


def test_the_first_tuple_is_what_is_newest() -> None:
    task = task_of(PINNED, SIGNED)

    assert next_tuple(task.resources, [], {"table": b"t", "rates": b"1"}) == {
        "table": b"t",
        "rates": b"1",
    }


def test_a_newer_version_makes_the_next_tuple_and_the_same_one_none() -> None:
    files = task_of(SIGNED).resources

    assert next_tuple(files, [{"rates": b"1"}], {"rates": b"2"}) == {"rates": b"2"}
    assert next_tuple(files, [{"rates": b"1"}], {"rates": b"1"}) is None
    assert next_tuple(files, [{"rates": b"1"}, {"rates": b"2"}], {"rates": b"1"}) is None


def test_there_is_room_until_the_versions_are_used_up() -> None:
    files = task_of(SIGNED).resources
    past = [{"rates": b"1"}, {"rates": b"2"}, {"rates": b"3"}]

    assert [has_room(files[0], files, past[:n]) for n in range(4)] == [True, True, True, False]
    assert tuples(files) == 3


# --- what is due ---


@pytest.mark.parametrize(
    ("newest", "last", "now", "due"),
    [
        (None, None, 0, True),
        (None, Try(at=Instant(0), why="slow"), RETRY - 1, False),
        (None, Try(at=Instant(0), why="slow"), RETRY, True),
        (kept(), Try(at=Instant(0), why=""), DAY - 1, False),
        (kept(), Try(at=Instant(0), why=""), DAY, True),
        (kept(), Try(at=Instant(0), why="slow"), HOUR, True),
        (kept(), Try(at=Instant(DAY), why=""), 0, False),
    ],
)
def test_a_file_is_due_by_the_clock(
    newest: Kept | None, last: Try | None, now: int, *, due: bool
) -> None:
    assert is_due(resource(), newest, last, Instant(now), room=True) is due


def test_what_may_not_change_any_more_is_not_due_even_if_the_owner_asks() -> None:
    last, now = Try(at=Instant(0), why=""), Instant(9 * DAY)
    pinned = task_of(PINNED).resources[0]

    assert not is_due(resource(), kept(), last, now, room=False, forced=True)
    assert not is_due(pinned, kept(), last, now, room=True, forced=True)
    assert is_due(resource(), kept(), last, Instant(1), room=True, forced=True)
