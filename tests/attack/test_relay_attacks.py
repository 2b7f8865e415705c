"""Strangers, thieves and former admins at a relay: by its own API, over real connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.token import mint
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    ConflictError,
    InvalidError,
)
from sealhold.model.ids import Id16, ObjectName
from sealhold.model.quantities import Instant
from sealhold.net.relay.admin import RelayAdmin, usage_of
from sealhold.net.relay.calling import Call
from sealhold.net.relay.doors import Doors
from sealhold.net.relay.meeting import AT_ONCE, Meetings, NoRoomError, OverError
from sealhold.net.relay.meetingcalls import Meeting
from sealhold.net.relay.papers import Act, Paper, Rights, signed
from sealhold.net.relay.rates import Rate, Rates
from sealhold.net.spec import Putting
from sealhold.sharing.hosting.mailboxes import ROW_ROOM
from tests.relaying import ACCOUNT, NOW, Running, entropy, running

LOG = "0a" * 16
STRANGER = Id16(b"stranger's token")


@pytest.fixture(scope="module")
def relay() -> Iterator[Running]:
    with running() as found:
        yield found


def entry(admin: RelayAdmin, seq: int = 0) -> ObjectName:
    return ObjectName(f"m/{admin.box.hex()}/log/{LOG}/{seq:016x}")


def key_segment(admin: RelayAdmin) -> ObjectName:
    return ObjectName(f"m/{admin.box.hex()}/key/{'5c' * 16}")


def status(relay: Running, method: str, path: str, token: str = "", body: bytes = b"") -> int:
    call = Call(method=method, path=path, token=token, body=body or None, is_put_once=bool(body))
    return relay.caller().call(call).status


# --- names ---


@pytest.mark.threat("T444")
@pytest.mark.parametrize(
    "within",
    [
        *("", "/", "..", "../x", "log", "log/..", f"log/{LOG}/..", f"log/{LOG}/00", "pack/zz/zz"),
        *(f"log/{LOG.upper()}/{0:016x}", f"log/{LOG}/{1 << 63:016x}", f"key/{'5c' * 15}"),
        *(f"pack/ab/{'ac' * 32}", f"member/{'ab' * 32}/x", f"key/{'5c' * 16}%00", "key//"),
    ],
)
def test_a_path_of_no_form_reaches_no_store(relay: Running, within: str) -> None:
    admin = relay.admin()
    token = admin.mint(Rights.ADMIN)
    before = relay.place.objects.names()

    found = status(relay, "PUT", f"/v1/m/{admin.box.hex()}/{within}", token, b"x")

    assert found in {400, 403, 404, 405}
    assert list(relay.place.objects.names()) == list(before)


@pytest.mark.threat("T444")
def test_a_pack_that_is_not_what_its_name_says_is_not_kept(relay: Running) -> None:
    admin = relay.admin()
    carrier = relay.carrier(admin)
    digits = fingerprint(b"true").hex()
    name = ObjectName(f"m/{admin.box.hex()}/pack/{digits[:2]}/{digits}")

    with pytest.raises(InvalidError):
        carrier.put_new(name, b"planted")
    assert carrier.put_new(name, b"true") is Putting.CREATED


# --- tokens ---


@pytest.mark.threat("T445")
def test_a_token_is_good_for_one_mailbox_and_for_what_it_was_made_for(relay: Running) -> None:
    admin, other = relay.admin(), relay.admin(2)
    relay.carrier(admin).put_new(key_segment(admin), b"sealed")
    reads, writes = admin.mint(Rights.READ), admin.mint(Rights.WRITE)
    path = f"/v1/m/{admin.box.hex()}/key/"
    foreign = other.mint(Rights.ADMIN)

    assert status(relay, "GET", path + "5c" * 16, reads) == 200
    assert status(relay, "PUT", path + "5d" * 16, reads, b"x") == 403
    assert status(relay, "PUT", path + "5d" * 16, writes, b"x") == 201
    assert status(relay, "DELETE", path + "5c" * 16, writes) == 403
    for method in ("GET", "HEAD", "DELETE", "PUT"):
        body = b"x" if method == "PUT" else b""
        assert status(relay, method, path + "5c" * 16, foreign, body) == 403


@pytest.mark.threat("T445")
def test_no_token_and_a_made_up_one_learn_the_same_of_what_is_and_is_not_there(
    relay: Running,
) -> None:
    admin = relay.admin()
    relay.carrier(admin).put_new(key_segment(admin), b"sealed")
    there, nowhere = admin.box.hex(), "00" * 16
    account = relay.place.account_token()
    forged = mint(Secret(bytes(32), "guessed"), STRANGER)
    never = mint(relay.place.key, STRANGER)  # the relay's key, of a token that has no row

    for token in ("", "x", forged, never, account, account[:-1] + "A"):
        for box in (there, nowhere):
            for path in (f"key/{'5c' * 16}", f"key/{'00' * 16}", "names", "heads", f"log/{LOG}"):
                assert status(relay, "GET", f"/v1/m/{box}/{path}", token) == 403
    assert status(relay, "GET", "/v1/account", admin.mint(Rights.ADMIN)) == 403


@pytest.mark.threat("T445")
def test_the_rows_of_a_relay_hold_no_token(relay: Running) -> None:
    token = relay.admin().mint(Rights.ADMIN)
    signature = token.rpartition("_")[2]
    page = relay.place.rows.scan("token", "key", (), ())

    assert page.rows
    assert signature not in repr([found.row for found in page.rows])
    assert {len(cell) for found in page.rows for cell in found.row[:2]} == {16}


# --- papers ---


@pytest.mark.threat("T446")
def test_tokens_of_a_replaced_key_end_and_the_old_key_makes_no_more(relay: Running) -> None:
    admin = relay.admin()
    thief = RelayAdmin(relay.caller(), admin.box, admin.key, lambda: NOW)
    stolen = thief.mint(Rights.ADMIN)
    mine = relay.carrier(admin)
    mine.put_new(key_segment(admin), b"sealed")

    admin.rekey(SigningKey(Secret(b"2" * 32, "new mailbox key")))

    path = f"/v1/m/{admin.box.hex()}/key/{'5c' * 16}"
    assert status(relay, "DELETE", path, stolen) == 403
    with pytest.raises(CarrierRefusedError):
        thief.mint(Rights.ADMIN)
    with pytest.raises(CarrierRefusedError):
        thief.rekey(thief.key)
    with pytest.raises(CarrierRefusedError):
        mine.get(key_segment(admin))
    assert relay.carrier(admin).get(key_segment(admin)) == b"sealed"


@pytest.mark.threat("T446")
def test_a_dropped_token_is_refused_and_those_of_other_mailboxes_stay(relay: Running) -> None:
    admin, other = relay.admin(), relay.admin(3)
    token, theirs = admin.mint(Rights.READ), other.mint(Rights.READ)
    path = f"/v1/m/{admin.box.hex()}/names"
    assert status(relay, "GET", path, token) == 200

    admin.drop([token, theirs])

    assert status(relay, "GET", path, token) == 403
    assert status(relay, "GET", f"/v1/m/{other.box.hex()}/names", theirs) == 200


@pytest.mark.threat("T446")
def test_a_paper_counts_once_at_one_mailbox_under_its_own_key(relay: Running) -> None:
    admin, other = relay.admin(), relay.admin(4)
    paper = Paper(act=Act.MINT, box=admin.box, number=NOW + 50, rights=Rights.ADMIN)
    body = signed(paper, admin.key)
    root = f"/v1/m/{admin.box.hex()}/tokens"

    assert status(relay, "POST", root, body=body) == 201
    assert status(relay, "POST", root, body=body) == 409
    older = Paper(act=Act.MINT, box=admin.box, number=NOW + 49, rights=Rights.ADMIN)
    assert status(relay, "POST", root, body=signed(older, admin.key)) == 409
    newer = Paper(act=Act.MINT, box=admin.box, number=NOW + 51, rights=Rights.ADMIN)
    assert status(relay, "POST", root, body=signed(newer, other.key)) == 403
    assert status(relay, "POST", f"/v1/m/{other.box.hex()}/tokens", body=body) == 403
    assert status(relay, "POST", f"/v1/m/{'00' * 16}/tokens", body=body) == 403


def test_an_admin_whose_clock_is_behind_learns_the_number_and_goes_on(relay: Running) -> None:
    admin = relay.admin()
    slow = RelayAdmin(relay.caller(), admin.box, admin.key, lambda: Instant(NOW - 10**9))
    for _ in range(3):
        admin.mint(Rights.READ)

    assert slow.mint(Rights.READ) != admin.mint(Rights.READ)


@pytest.mark.threat("T446")
def test_of_many_papers_of_one_number_one_counts(relay: Running) -> None:
    admin = relay.admin()
    paper = Paper(act=Act.MINT, box=admin.box, number=NOW + 9, rights=Rights.READ)
    body, root = signed(paper, admin.key), f"/v1/m/{admin.box.hex()}/tokens"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: status(relay, "POST", root, body=body), range(8)))

    assert sorted(found) == [201] + [409] * 7


@pytest.mark.threat("T446")
def test_a_paper_that_was_changed_or_is_of_another_form_is_none(relay: Running) -> None:
    admin = relay.admin()
    root = f"/v1/m/{admin.box.hex()}/tokens"
    good = signed(Paper(act=Act.MINT, box=admin.box, number=NOW + 9), admin.key)
    more = {"v": 1, "act": "mint", "box": admin.box, "number": NOW + 9, "key": b"", "more": 1}

    for at in range(3, len(good), 7):
        changed = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert status(relay, "POST", root, body=changed) in {400, 403, 429}
    for told in (b"\x00", pack([]), pack([b"", b""]), pack([pack(more), bytes(64)])):
        assert status(relay, "POST", root, body=told) in {400, 429}


@pytest.mark.threat("T446")
def test_nobody_opens_a_mailbox_that_is_there_or_under_a_key_they_have_not(
    relay: Running,
) -> None:
    admin = relay.admin()
    thief = SigningKey(Secret(b"t" * 32, "thief's"))
    token = relay.place.account_token()
    root = f"/v1/m/{admin.box.hex()}"
    taking = Paper(act=Act.OPEN, box=admin.box, number=NOW + 9, key=thief.public)
    free = Id16(entropy(16))
    foreign = Paper(act=Act.OPEN, box=free, number=NOW, key=admin.key.public)

    assert status(relay, "PUT", root, token, signed(taking, thief)) == 403
    assert status(relay, "PUT", f"/v1/m/{free.hex()}", token, signed(foreign, thief)) == 403
    assert admin.open(token) is False
    with pytest.raises(CarrierRefusedError):
        RelayAdmin(relay.caller(), free, thief, lambda: NOW).open(admin.mint(Rights.ADMIN))


def test_an_ended_mailbox_leaves_nothing_and_frees_its_room(relay: Running) -> None:
    admin = relay.admin()
    carrier = relay.carrier(admin)
    before = usage_of(relay.caller(), relay.place.account_token())
    for seq in range(3):
        carrier.put_new(entry(admin, seq), b"entry")

    admin.end()

    after = usage_of(relay.caller(), relay.place.account_token())
    assert (after.used, after.boxes) == (before.used, before.boxes - 1)
    assert list(relay.place.objects.names(f"m/{admin.box.hex()}/")) == []
    with pytest.raises(CarrierRefusedError):
        carrier.get(entry(admin))
    with pytest.raises(CarrierRefusedError):
        admin.mint(Rights.READ)


# --- room and rates ---


@pytest.mark.threat("T447")
def test_an_account_never_has_more_than_its_room_whatever_comes_at_once() -> None:
    with running() as relay:
        size, fit = 1_000, 5
        relay.place.quotas[ACCOUNT] = fit * (size + ROW_ROOM)
        admin = relay.admin()
        carrier = relay.carrier(admin)

        def put(seq: int) -> bool:
            try:
                return carrier.put_new(entry(admin, seq), bytes(size)) is Putting.CREATED
            except CarrierFullError:
                return False

        with ThreadPoolExecutor(12) as pool:
            kept = sum(pool.map(put, range(24)))

        usage = usage_of(relay.caller(), relay.place.account_token())
        assert (kept, usage.used) == (fit, usage.quota)
        assert len(list(relay.place.objects.names())) == fit
        assert len(list(carrier.list_after(f"m/{admin.box.hex()}/"))) == fit


@pytest.mark.threat("T447")
def test_nothing_is_put_for_an_account_that_was_taken_away() -> None:
    with running() as relay:
        admin = relay.admin()
        carrier = relay.carrier(admin)
        carrier.put_new(entry(admin), b"entry")
        token = relay.place.account_token()
        del relay.place.quotas[ACCOUNT]

        with pytest.raises(CarrierFullError):
            carrier.put_new(entry(admin, 1), b"entry")
        assert carrier.get(entry(admin)) == b"entry"
        with pytest.raises(CarrierRefusedError):
            usage_of(relay.caller(), token)


@pytest.mark.threat("T447")
def test_a_token_that_asks_too_often_waits_and_others_do_not() -> None:
    now = [0.0]
    rates = Rates(Rate(2, 3), lambda: now[0])

    assert [rates.takes(b"busy") for _ in range(5)] == [True, True, True, False, False]
    assert rates.takes(b"calm")
    now[0] = 1.0
    assert [rates.takes(b"busy") for _ in range(3)] == [True, True, False]


@pytest.mark.threat("T447")
def test_a_relay_tells_who_asks_too_often_to_come_later() -> None:
    with running() as relay:
        admin = relay.admin()
        carrier = relay.carrier(admin)
        assert isinstance(relay.server.doors, Doors)
        relay.server.doors.rates = Rates(Rate(0.001, 1))
        carrier.put_new(entry(admin), b"entry")

        with pytest.raises(CarrierAwayError):
            carrier.get(entry(admin))


# --- memory for strangers; answers without end ---


@pytest.mark.threat("T449")
def test_only_so_many_rendezvous_are_open_at_once_and_each_ends() -> None:
    now = [0.0]
    meetings = Meetings(lambda: now[0])
    for number in range(AT_ONCE):
        meetings.put(number.to_bytes(16), 0, b"x")

    with pytest.raises(NoRoomError):
        meetings.put(b"another meeting!", 0, b"x")
    now[0] = 601.0
    meetings.put(b"n" * 16, 0, b"x")
    assert meetings.get(bytes(16), 0, 0) is None


@pytest.mark.threat("T449")
def test_a_burnt_rendezvous_stays_burnt_and_a_place_is_written_once(relay: Running) -> None:
    one, two = Meeting(relay.caller(), b"m" * 16), Meeting(relay.caller(), b"m" * 16)
    one.put(0, b"hello")
    one.put(0, b"hello")
    with pytest.raises(ConflictError):
        two.put(0, b"other")
    assert two.get(0, 0) == b"hello"
    assert two.get(1, 0) is None
    with pytest.raises(InvalidError):
        two.put(8, b"x")

    two.burn()

    with pytest.raises(CarrierRefusedError):
        one.put(1, b"x")
    with pytest.raises(CarrierRefusedError):
        one.get(0, 0)


@pytest.mark.threat("T449")
def test_a_burnt_rendezvous_ends_who_waits() -> None:
    meetings = Meetings()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(meetings.get, b"m" * 16, 0, 20.0)
        meetings.burn(b"m" * 16)
        with pytest.raises(OverError):
            waiting.result(10)
