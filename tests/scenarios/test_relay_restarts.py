"""A relay that ends and comes back: who waits is answered, what was put is there."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.model.errors import CarrierAwayError, ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.link import Link
from sealhold.net.spec import Putting
from tests.relaying import running

LOG = "0a" * 16


def entry(admin: RelayAdmin, seq: int = 0) -> ObjectName:
    return ObjectName(f"m/{admin.box.hex()}/log/{LOG}/{seq:016x}")


def test_a_relay_that_ends_answers_who_waits_and_lets_idle_ones_go() -> None:
    with ThreadPoolExecutor(1) as pool:
        with running() as relay:
            admin = relay.admin()
            carrier = relay.carrier(admin)
            polled: list[str] = []
            relay.server.watch = lambda head, _body: polled.append(head.path)
            waiting = pool.submit(carrier.heads, f"m/{admin.box.hex()}/", "", 1.5)
            link = Link(socket.create_connection(relay.server.address, 10))
            link.send(b"GET /v1/health HTTP/1.1\r\nHost: relay\r\n\r\n", b"", 5)
            assert link.head(5, 5) is not None
            assert link.read(3, 5) == b"ok\n"
        assert link.head(5, 5) is None
        link.close()
        with pytest.raises(CarrierAwayError):
            waiting.result(30)


def test_what_was_put_is_there_after_the_relay_came_back() -> None:
    with running() as relay:
        admin = relay.admin()
        relay.carrier(admin).put_new(entry(admin), b"entry")
        place = relay.place
    with running(place) as relay:
        admin.caller = relay.caller()
        carrier = relay.carrier(admin)

        assert carrier.get(entry(admin)) == b"entry"
        assert carrier.put_new(entry(admin), b"other") is Putting.TAKEN
        carrier.put_new(entry(admin, 1), b"next")
        heads = carrier.heads(f"m/{admin.box.hex()}/")
        assert [each.name for each in heads.names] == [entry(admin, 1)]
        with pytest.raises(ObjectNotFoundError):
            carrier.get(entry(admin, 2))
