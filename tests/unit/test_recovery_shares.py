"""Shares of the recovery secret with people: given, kept, replaced, and joined again."""

import pytest

from sealhold.crypto import cards
from sealhold.crypto.roots import recovery
from sealhold.model.errors import DeniedError, InvalidError, NotFoundError, SealBrokenError
from sealhold.sharing.peers.recoveryshares import held, own_set, send
from tests.unit.recovering_people import TEXT, circle
from tests.unit.two_people import anna_and_ben


def test_some_of_the_shares_that_people_hold_give_the_secret() -> None:
    with circle("Bo", "Cy", "Di") as here:
        policy = here.share(["Bo", "Cy", "Di"], 2)
        here.rounds()

        kept = {name: held(each.device.devices) for name, each in here.others.items()}
        assert [one.place for (one,) in kept.values()] == [1, 2, 3]
        assert all(one.policy == policy and one.called == "Anna" for (one,) in kept.values())
        joined = cards.join([kept["Di"][0].words, kept["Bo"][0].words])
        assert recovery.text_of(joined) == TEXT
        own = own_set(here.owner.device.devices)
        assert own is not None
        assert own.policy == policy
        assert list(own.holders) == [here.owner.one(name).id for name in ("Bo", "Cy", "Di")]
        # it lasts, and the owner's device keeps no share
        here.others["Bo"].device.again()
        assert held(here.others["Bo"].device.devices) == kept["Bo"]
        assert held(here.owner.device.devices) == []


def test_a_newer_set_takes_the_place_of_the_older_and_ends_who_is_not_in_it() -> None:
    with circle("Bo", "Cy", "Di") as here:
        first = here.share(["Bo", "Cy", "Di"], 2)
        here.rounds()
        second = here.share(["Bo", "Cy"], 2, gone=["Di"])
        here.rounds()

        assert second.generation > first.generation
        kept = {name: held(each.device.devices) for name, each in here.others.items()}
        assert [one.policy for name in ("Bo", "Cy") for one in kept[name]] == [second, second]
        assert kept["Di"] == []
        own = own_set(here.owner.device.devices)
        assert own is not None
        assert own.policy == second


def test_shares_go_to_verified_people_once_each_and_from_the_root_alone() -> None:
    with circle("Bo", "Cy") as here:
        devices, letters = here.owner.device.devices, here.owner.letters
        bo, cy = here.owner.one("Bo"), here.owner.one("Cy")
        words = here.words(2, 2)
        with pytest.raises(InvalidError):
            send(devices, letters, TEXT, [(bo, words[0]), (bo, words[1])], [])
        with pytest.raises(InvalidError):
            send(devices, letters, "no secret", [(bo, words[0]), (cy, words[1])], [])
        other = recovery.new_text(lambda size: b"x" * size)
        with pytest.raises(SealBrokenError):
            send(devices, letters, other, [(bo, words[0]), (cy, words[1])], [])
        here.owner.contacts.remove(cy)
        again = here.owner.contacts.add(here.others["Cy"].card())
        with pytest.raises(DeniedError):
            send(devices, letters, TEXT, [(bo, words[0]), (again, words[1])], [])
        assert own_set(devices) is None
        assert letters.waiting_out() == []


def test_a_device_without_the_root_gives_no_shares() -> None:
    with circle("Bo", "Cy") as here, anna_and_ben() as (anna, _, _, _):
        words = here.words(2, 2)
        people = [
            (here.owner.one(name), one) for name, one in zip(("Bo", "Cy"), words, strict=True)
        ]
        with pytest.raises(NotFoundError):
            send(anna.device.devices, anna.letters, TEXT, people, [])
