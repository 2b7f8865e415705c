"""The asker's side: keys, papers that a vault would take, answers that only their asker opens."""

import hashlib
from pathlib import Path

import pytest

from sealhold.compute import appkit
from sealhold.compute.appkit import Wish
from sealhold.compute.leaving import box_info
from sealhold.compute.slots import pad
from sealhold.compute.task import open_task
from sealhold.crypto import dsse
from sealhold.crypto.hybrid import seal_to
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import (
    InvalidEncodingError,
    InvalidError,
    InvalidManifestError,
    SealBrokenError,
)
from sealhold.model.ids import AppId, Id16, RequestId, TaskDigest
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import Mode
from sealhold.policy.request import MEDIA_TYPE, Request, parse_request

GREEN = Path(__file__).parents[2] / "examples" / "green-bonus"
NOW = Instant(1_795_269_900_000)
APP = AppId(Id16(bytes.fromhex("00000000000040008000000000000001")))
REQUEST = RequestId(Id16(bytes.fromhex("00000000000040008000000000000002")))
TASK = TaskDigest(bytes(32))


class Counted:
    def __init__(self, seed: bytes) -> None:
        self._seed, self._calls = seed, 0

    def __call__(self, count: int, /) -> bytes:
        self._calls += 1
        return hashlib.shake_256(b"%b %d" % (self._seed, self._calls)).digest(count)


KEYS = appkit.make_keys(Counted(b"app"))
OTHER = appkit.make_keys(Counted(b"other"))


def asked(wish: Wish) -> Request:
    papers = appkit.build_request(GREEN, KEYS, wish, NOW)
    opened = dsse.open(papers.request, MEDIA_TYPE, [KEYS.public])
    return parse_request(from_json(opened.payload))


def test_keys_read_back_as_they_were_written() -> None:
    again = appkit.read_keys(KEYS.document())

    assert again.public == KEYS.public
    assert again.box.public == KEYS.box.public
    assert len(KEYS.words) == 4


@pytest.mark.parametrize(
    "change",
    [{"schema": "sealhold.app-keys/2"}, {"seed": "00"}, {"box": "x" * 64}, {"more": "1"}],
)
def test_another_document_is_no_keys(change: dict[str, str]) -> None:
    document = to_json({**from_json(KEYS.document()), **change})

    with pytest.raises(InvalidError):
        appkit.read_keys(document)


def test_the_secrets_are_in_no_text_form_of_the_keys() -> None:
    seed = KEYS.seed.reveal().hex()

    assert seed not in repr(KEYS)
    assert seed not in repr(vars(type(KEYS)))
    assert seed.encode() in KEYS.document()


def test_what_is_not_said_is_taken_from_the_task() -> None:
    wish = asked(Wish(app=APP))

    assert (wish.app, wish.name, wish.purpose) == (APP, "Green bonus", "PersonnelPayment")
    assert (wish.param, wish.selection, wish.mode) == ("standard", "all", Mode.ONCE)
    assert wish.budget == 5_000_000
    assert dict(wish.reason).keys() == {"en", "fr"}
    assert wish.destination.box_key == KEYS.box.public
    assert wish.expires == NOW + 14 * DAY
    assert wish.until == NOW + 30 * DAY


def test_what_is_said_is_asked_for() -> None:
    wish = asked(
        Wish(
            app=APP,
            name="Green rides in October",
            reason="For the bonus.",
            selection="2026-10",
            recipient="GreenCorp",
            url="https://greencorp.example/bonus",
            daily=True,
            mode=Mode.UNTIL,
            until=Instant(NOW + 2 * DAY),
            budget=MicroBits(7),
            retention_days=3,
        )
    )

    assert (wish.name, dict(wish.reason)) == ("Green rides in October", {"en": "For the bonus."})
    assert (wish.selection, wish.schedule.value) == ("2026-10", "daily")
    assert (wish.destination.name, wish.destination.url) == (
        "GreenCorp",
        "https://greencorp.example/bonus",
    )
    assert (wish.mode, wish.budget, wish.retention_days) == (Mode.UNTIL, 7, 3)
    assert wish.until == NOW + 2 * DAY
    assert wish.expires == wish.until


def test_more_than_one_answer_comes_with_a_budget_for_twelve() -> None:
    assert asked(Wish(app=APP, mode=Mode.EACH)).budget == 12 * 5_000_000


def test_the_task_is_signed_by_the_app_and_names_the_program() -> None:
    papers = appkit.build_request(GREEN, KEYS, Wish(app=APP), NOW)
    signed = open_task(papers.task)

    assert signed.task.author.key == KEYS.public.hex()
    assert signed.task.digest == papers.digest == appkit.task_id(papers.task)
    assert signed.task.code_digest == hashlib.sha256(papers.code).digest()


@pytest.mark.parametrize(
    "wish",
    [
        Wish(app=APP, selection="2031-01"),
        Wish(app=APP, param="special"),
        Wish(app=APP, url="http://greencorp.example/"),
        Wish(app=APP, name="x" * 81),
        Wish(app=APP, retention_days=-1),
    ],
)
def test_a_wish_that_breaks_the_form_is_refused_before_anything_is_signed(wish: Wish) -> None:
    with pytest.raises(InvalidManifestError):
        appkit.build_request(GREEN, KEYS, wish, NOW)


@pytest.mark.parametrize("end", [b"", b"\x01", b"\x01\x00\x00", b"\x00"])
def test_an_answer_opens_as_a_file_and_as_it_is_fetched_whatever_its_last_bytes(
    end: bytes,
) -> None:
    proof = b"the proof" + end
    sealed = seal_to(KEYS.box.public, proof, box_info(REQUEST, TASK))

    assert appkit.open_answer(sealed, KEYS, REQUEST, TASK) == proof
    assert appkit.open_answer(pad(sealed), KEYS, REQUEST, TASK) == proof


def test_an_answer_opens_with_its_own_keys_for_its_own_request_and_task_alone() -> None:
    sealed = seal_to(KEYS.box.public, b"the proof", box_info(REQUEST, TASK))
    another = RequestId(Id16(bytes(16)))

    for keys, request, task in (
        (OTHER, REQUEST, TASK),
        (KEYS, another, TASK),
        (KEYS, REQUEST, TaskDigest(b"\x01" * 32)),
    ):
        with pytest.raises(SealBrokenError):
            appkit.open_answer(sealed, keys, request, task)


@pytest.mark.threat("T34")
@pytest.mark.parametrize(
    "proof",
    [
        b"",
        b"{}",
        b"[]",
        b'{"answer":1}',
        b'{"answer":{}}',
        b'{"answer":{"slot_time":"2026-11-22T00:00:00Z","value":true}}',
        b'{"answer":{"slot_time":"2026-11-22T00:00:00Z","value":"\\u001b]0;x\\u0007"}}',
        b'{"answer":{"slot_time":"\\u001b[2J","value":1}}',
    ],
)
def test_an_answer_that_tells_no_number_and_no_time_is_refused(proof: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        appkit.told_in(proof)


def test_an_answer_tells_its_number_and_its_time() -> None:
    told = {"slot_time": "2026-11-22T00:00:00Z", "value": 7}

    assert appkit.told_in(to_json({"answer": {**told, "nonce": "n"}})) == told
