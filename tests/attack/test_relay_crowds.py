"""Crowds at a relay: connections until files run out, long bodies and answers that stand still."""

import errno
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from threading import Barrier, BrokenBarrierError, Thread
from time import monotonic, sleep

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import ConflictError, ObjectNotFoundError
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay import files, link, server, slots, wire
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.calling import Call
from sealhold.net.relay.link import BrokenOffError, Link, seconds_of
from sealhold.net.relay.names import MOST, Item, Sort
from sealhold.net.relay.papers import Act, Paper, Rights, signed
from sealhold.net.relay.slots import Slots
from sealhold.net.relay.spec import Stored
from sealhold.net.relay.wire import RefusedError
from sealhold.net.spec import Putting
from sealhold.sharing.hosting.mailboxes import ROW_ROOM, Mailboxes
from sealhold.stores.backends.memory import MemoryObjects
from tests.relaying import ACCOUNT, NOW, Place, Running, running

BOX = Id16(b"mailbox of tests")
KEY = Item(BOX, Sort.KEY, b"k" * 16)
HEALTH = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
AT_ONCE = 4


def pack_of(admin: RelayAdmin, data: bytes) -> ObjectName:
    digits = fingerprint(data).hex()
    return ObjectName(f"m/{admin.box.hex()}/pack/{digits[:2]}/{digits}")


def answered(relay: Running, told: bytes) -> bytes:
    with socket.create_connection(relay.server.address, 10) as sock:
        sock.sendall(told)
        return sock.recv(15)


# --- files and threads run out ---


class Failing:
    """A listener whose system has no more files, for some calls."""

    def __init__(self, listener: socket.socket, errors: list[int]) -> None:
        self._listener = listener
        self._errors = errors

    def accept(self) -> tuple[socket.socket, object]:
        if self._errors:
            raise OSError(self._errors.pop(), "no more")
        return self._listener.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self._listener, name)


@pytest.mark.threat("T606")
def test_a_relay_without_files_or_threads_goes_on_once_there_are_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = [0]

    class Scarce(Thread):
        def start(self) -> None:
            starts[0] += 1
            if self.name == "relay" and starts[0] <= 2:
                raise RuntimeError("can't start new thread")
            super().start()

    with running() as relay:
        errors = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ECONNABORTED]
        monkeypatch.setattr(server, "PAUSE", 0.001)
        relay.server.listener = Failing(  # type: ignore[assignment]  # reason: stands for it
            relay.server.listener, errors
        )
        monkeypatch.setattr(server, "Thread", Scarce)

        seen = []
        for _ in range(6):
            try:
                seen.append(answered(relay, HEALTH))
            except OSError:
                seen.append(b"")

        assert errors == []
        assert seen[-1] == b"HTTP/1.1 200 OK"
        assert seen.count(b"") == 2
        room = 0
        while relay.server.room.acquire(blocking=False):
            room += 1
        relay.server.room.release(room)
        assert room >= files.connections() - 1  # who was let go left its room


@pytest.mark.threat("T606")
@pytest.mark.parametrize(
    ("allowed", "fit"), [(1_024, 240), (256, 48), (10, 1), (1 << 20, 512), (-1, 512)]
)
def test_there_are_no_more_connections_than_files_for_them(
    monkeypatch: pytest.MonkeyPatch, allowed: int, fit: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, -1))

    assert files.connections() == fit


@pytest.mark.threat("T606")
def test_asking_whether_it_runs_lets_nobody_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.2)
    with running() as relay, ExitStack() as stack:
        admin = relay.admin()
        names = (
            f"GET /v1/m/{admin.box.hex()}/names HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {admin.mint(Rights.READ)}\r\n\r\n"
        ).encode()
        stranger, member = (
            stack.enter_context(socket.create_connection(relay.server.address, 10))
            for _ in range(2)
        )
        for sock, told in ((stranger, HEALTH), (member, names)):
            sock.sendall(told)
            assert sock.recv(1_000).startswith(b"HTTP/1.1 200 ")

        assert stranger.recv(10) == b""
        member.sendall(names)
        assert member.recv(1_000).startswith(b"HTTP/1.1 200 ")


# --- room is freed once ---


class Meeting(MemoryObjects):
    """Objects whose deletions meet each other first."""

    together: Barrier | None = None

    def delete(self, name: ObjectName) -> None:
        if self.together is not None:
            with suppress(BrokenBarrierError):
                self.together.wait(0.3)
        super().delete(name)


def kept(objects: MemoryObjects) -> Mailboxes:
    boxes = Place(objects=objects).mailboxes()
    assert boxes.open(ACCOUNT, BOX, bytes(32), 1)
    return boxes


@pytest.mark.threat("T607")
@pytest.mark.parametrize("rises", [0, 1])
def test_a_mailbox_that_is_ended_several_times_at_once_frees_its_room_once(rises: int) -> None:
    objects = Meeting()
    boxes = kept(objects)
    assert boxes.put(KEY, bytes(8_000)) is Stored.CREATED
    objects.together = Barrier(AT_ONCE)

    def end(number: int) -> bool:
        try:
            boxes.end(BOX, 2 + number * rises)
        except (ConflictError, ObjectNotFoundError):
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(end, range(AT_ONCE)))

    assert any(ended)
    assert rises or ended.count(True) == 1
    usage = boxes.usage(ACCOUNT)
    assert (usage.used, usage.boxes) == (0, 0)


@pytest.mark.threat("T607")
def test_what_is_deleted_while_its_mailbox_ends_frees_its_room_once() -> None:
    objects = Meeting()
    boxes = kept(objects)
    boxes.put(KEY, bytes(8_000))
    objects.together = Barrier(2)

    with ThreadPoolExecutor(2) as pool:
        deleting = pool.submit(boxes.delete, KEY)
        boxes.end(BOX, 2)
    assert isinstance(deleting.exception(), ObjectNotFoundError | None)

    assert boxes.usage(ACCOUNT).used == 0


@pytest.mark.threat("T607")
def test_what_is_put_while_its_mailbox_ends_is_charged_or_not_there() -> None:
    class Late(MemoryObjects):
        ends: Mailboxes | None = None

        def put(self, name: ObjectName, sealed: bytes) -> object:  # type: ignore[override]
            done = super().put(name, sealed)  # type: ignore[arg-type]
            ended, self.ends = self.ends, None
            if ended is not None:
                ended.end(BOX, 2)
            return done

    objects = Late()
    boxes = kept(objects)
    objects.ends = boxes

    with pytest.raises(ObjectNotFoundError):
        boxes.put(KEY, bytes(8_000))

    assert list(objects.names()) == []
    assert (boxes.usage(ACCOUNT).used, boxes.usage(ACCOUNT).boxes) == (0, 0)


@pytest.mark.threat("T607")
def test_of_many_papers_that_end_a_mailbox_one_counts() -> None:
    with running() as relay:
        admin = relay.admin()
        relay.carrier(admin).put_new(pack_of(admin, b"x"), b"x")
        body = signed(Paper(act=Act.END, box=admin.box, number=NOW + 9), admin.key)
        call = Call(method="POST", path=f"/v1/m/{admin.box.hex()}/tokens", body=body)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda _: relay.caller().call(call).status, range(AT_ONCE)))

        assert found.count(200) == 1
        assert set(found) <= {200, 403, 409}


def test_a_mailbox_of_many_objects_ends_whole() -> None:
    objects = MemoryObjects()
    boxes = kept(objects)
    for number in range(150):
        boxes.put(Item(BOX, Sort.KEY, number.to_bytes(16)), b"x")
    assert boxes.usage(ACCOUNT).used == 150 * (1 + ROW_ROOM)

    boxes.end(BOX, 2)

    assert list(objects.names()) == []
    assert boxes.usage(ACCOUNT).used == 0


# --- long bodies and answers ---


@contextmanager
def standing_still(relay: Running, told: bytes, count: int) -> Iterator[None]:
    """Have connections that said something and then neither send nor read."""
    with ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.connect(relay.server.address)
            sock.sendall(told)
        until = monotonic() + 5
        while not relay.server.slots._taken and monotonic() < until:
            sleep(0.01)
        yield


def put_head(admin: RelayAdmin, token: str) -> bytes:
    return (
        f"PUT /v1/m/{admin.box.hex()}/pack/00/{'00' * 32} HTTP/1.1\r\nHost: x\r\n"
        f"If-None-Match: *\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {MOST[Sort.PACK]}\r\n\r\n"
    ).encode()


@pytest.mark.threat("T447")
def test_bodies_that_one_token_never_sends_keep_nobody_else_waiting() -> None:
    data = bytes(100_000)
    with running() as relay:
        hostile, honest = relay.admin(1), relay.admin(2)
        relay.server.slots.seconds = 0.1
        told = put_head(hostile, hostile.mint(Rights.WRITE))
        with standing_still(relay, told, slots.LONG):
            assert answered(relay, told)[9:12] == b"503"
            assert relay.server.slots._taken.total() <= slots.OF_ONE
            done = relay.carrier(honest).put_new(pack_of(honest, data), data)

        assert done is Putting.CREATED


@pytest.mark.threat("T447")
def test_who_has_no_token_takes_no_room_for_a_body() -> None:
    with running() as relay:
        admin = relay.admin()
        relay.server.slots.most = 0

        assert answered(relay, put_head(admin, "none"))[9:12] == b"403"


@pytest.mark.threat("T447")
def test_long_answers_that_nobody_reads_are_bounded_and_keep_nobody_else_waiting() -> None:
    data = bytes(6_000_000)
    with running() as relay:
        hostile, honest = relay.admin(1), relay.admin(2)
        for each in (hostile, honest):
            relay.carrier(each).put_new(pack_of(each, data), data)
        token = hostile.mint(Rights.READ)
        path = f"/v1/{pack_of(hostile, data)}"
        relay.server.slots.seconds = 0.1
        told = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        with standing_still(relay, told, slots.OF_ONE):
            sleep(0.2)
            assert answered(relay, told)[9:12] == b"503"
            small = told.replace(path.encode(), f"/v1/m/{hostile.box.hex()}/names".encode())
            assert answered(relay, small) == b"HTTP/1.1 200 OK"
            assert relay.carrier(honest).get(pack_of(honest, data)) == data


@pytest.mark.threat("T447")
def test_room_is_given_back_and_who_finds_none_is_told_in_time() -> None:
    room = Slots(most=2, each=1, seconds=0.01)
    room.take("one")
    with pytest.raises(RefusedError):
        room.take("one")
    room.take("other")
    with pytest.raises(RefusedError):
        room.take("third")
    room.free("one")
    room.take("third")


@pytest.mark.threat("T448")
def test_who_takes_an_answer_drop_by_drop_is_let_go_in_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        began = monotonic()

        def sip() -> None:
            with suppress(OSError):
                while ours.recv(4_096):
                    sleep(0.02)

        Thread(target=sip, daemon=True).start()
        with pytest.raises(BrokenOffError):
            Link(theirs).send(b"head", bytes(20_000_000), 0.3)
        assert monotonic() - began < 3


@pytest.mark.threat("T447")
def test_who_stands_still_gives_back_the_room_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "STILL", 0.2)
    with running() as relay:
        admin = relay.admin()
        told = put_head(admin, admin.mint(Rights.WRITE))
        with standing_still(relay, told, slots.OF_ONE):
            until = monotonic() + 5
            while relay.server.slots._taken and monotonic() < until:
                sleep(0.02)

            assert not relay.server.slots._taken


def test_a_home_line_has_time_for_a_pack_and_a_short_message_has_not_much() -> None:
    assert MOST[Sort.PACK] / seconds_of(MOST[Sort.PACK]) < 56_000  # bytes a second
    assert seconds_of(1_000) < 31
