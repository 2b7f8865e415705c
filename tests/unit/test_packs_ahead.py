"""Packs that go ahead: each once, and a carrier that fails stops no other."""

from sealhold.model.errors import CarrierAwayError
from sealhold.sharing.devices.packsahead import Ahead


def test_each_pack_goes_once_and_is_counted_once() -> None:
    went: list[bytes] = []

    def put(pack: bytes, whole: bytes | None) -> int:
        assert whole in {b"whole " + pack, None}
        went.append(pack)
        return len(pack)

    ahead = Ahead([put])
    assert ahead.ended() == (0, set())
    for pack in (b"a", b"bb", b"ccc"):
        ahead.add(pack, b"whole " + pack)
    assert ahead.ended() == (6, {b"a", b"bb", b"ccc"})
    assert sorted(went) == [b"a", b"bb", b"ccc"]
    ahead.add(b"dddd", b"whole dddd")
    assert ahead.ended() == (4, {b"dddd"})


def test_a_carrier_that_fails_is_left_alone_and_the_other_gets_all() -> None:
    asked, went = list[bytes](), list[bytes]()

    def away(pack: bytes, _whole: bytes | None) -> int:
        asked.append(pack)
        raise CarrierAwayError("no answer")

    def put(pack: bytes, _whole: bytes | None) -> int:
        went.append(pack)
        return 1

    ahead = Ahead([away, put])
    for pack in (b"a", b"b"):
        ahead.add(pack, pack)
        assert ahead.ended() == (1, {pack})
    assert (asked, went) == ([b"a"], [b"a", b"b"])
