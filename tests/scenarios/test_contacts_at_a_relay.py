"""Two people who meet nowhere but at a relay, and are never on at the same time."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sealhold.model.errors import CarrierAwayError
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.sharing.peers.inbox import Spot
from tests.relayed_devices import way_of
from tests.relaying import Place, Running, running
from tests.unit.owned_devices import machine
from tests.unit.two_people import Person, person


@pytest.fixture
def both() -> Iterator[tuple[Person, Person]]:
    with ExitStack() as stack:
        machines = [stack.enter_context(machine(name)) for name in (b"Anna", b"Ben")]
        yield person(machines[0], "Anna"), person(machines[1], "Ben")


def at(one: Person, relay: Running) -> None:
    """Have somebody sync through a relay that runs now."""
    one.spots = [Spot(way_of(relay), address=relay.address, caller=relay.caller())]


def test_letters_pass_a_relay_that_neither_is_at_with_the_other(
    both: tuple[Person, Person],
) -> None:
    anna, ben = both
    place = Place()
    with running(place) as relay:
        at(anna, relay)
        at(ben, relay)
        anna.knows(ben)
        ben.knows(anna)
        assert anna.card().hosts == ("https://relay.test",)
        token = anna.card().doors[0].token
        assert token
        assert token != place.account_token()

        def reach(address: str) -> tuple[RelayAddress, Caller]:
            assert address == "https://relay.test"
            return relay.address, relay.caller()

        anna.send("Ben", b"over a relay")
        assert anna.round(reach).left == 1
        assert len([1 for name in place.objects.names("m/") if "/key/" in name]) == 1

    away: list[str] = []

    def gone(address: str) -> tuple[RelayAddress, Caller]:
        away.append(address)
        raise CarrierAwayError("the relay does not answer")

    ben.spots = []  # Ben is on, and reaches nothing
    ben.send("Anna", b"and back")
    assert ben.round(gone).left == 0
    assert away == ["https://relay.test"]

    with running(place) as again:
        at(ben, again)
        ben.device.again()
        ben.begin()
        post = ben.round(lambda _address: (again.address, again.caller()))
        assert (post.taken, post.left) == (1, 1)
        assert ben.got == [("Anna", b"over a relay")]
        at(anna, again)
        assert anna.round(gone).taken == 1
        assert anna.got == [("Ben", b"and back")]
        assert [1 for name in place.objects.names("m/") if "/key/" in name] == []
