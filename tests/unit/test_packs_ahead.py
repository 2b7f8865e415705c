"""Packs that go ahead: each once, and a carrier that fails stops no other."""

from threading import Event

from sealhold.model.errors import CarrierAwayError
from sealhold.sharing.devices.packsahead import Ahead

FOUR = {b"a", b"bb", b"ccc", b"dddd"}


def test_each_pack_goes_once_and_is_counted_once() -> None:
    went: list[bytes] = []

    def put(pack: bytes, whole: bytes | None) -> int:
        assert whole in {b"whole " + pack, None}
        went.append(pack)
        return len(pack)

    ahead = Ahead([put])
    assert ahead.ended(FOUR) == (0, set())
    for pack in (b"a", b"bb", b"ccc"):
        ahead.add(pack, b"whole " + pack)
    assert ahead.ended(FOUR) == (6, {b"a", b"bb", b"ccc"})
    assert sorted(went) == [b"a", b"bb", b"ccc"]
    ahead.add(b"dddd", b"whole dddd")
    assert ahead.ended(FOUR) == (4, FOUR)


def test_who_waits_for_some_waits_for_no_other() -> None:
    stands = Event()

    def put(pack: bytes, _whole: bytes | None) -> int:
        if pack == b"slow":
            stands.wait()
        return 1

    ahead = Ahead([put])
    ahead.add(b"slow", b"")
    ahead.add(b"quick", b"")
    assert ahead.ended({b"quick", b"another"}) == (1, {b"quick"})
    stands.set()
    assert ahead.ended({b"slow"}) == (1, {b"quick", b"slow"})


def test_a_carrier_that_fails_is_left_alone_and_the_other_gets_all() -> None:
    asked, went = list[bytes](), list[bytes]()

    def away(pack: bytes, _whole: bytes | None) -> int:
        asked.append(pack)
        raise CarrierAwayError("no answer")

    def put(pack: bytes, _whole: bytes | None) -> int:
        went.append(pack)
        return 1

    ahead = Ahead([away, put])
    for went_by_then in ({b"a"}, {b"a", b"b"}):
        ahead.add(max(went_by_then), b"")
        assert ahead.ended(went_by_then) == (1, went_by_then)
    assert (asked, went) == ([b"a"], [b"a", b"b"])
