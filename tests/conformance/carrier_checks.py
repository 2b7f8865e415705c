"""What every carrier must do: each check takes an empty mailbox through two devices of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Timer

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import (
    CarrierAwayError,
    InvalidError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Carrier, Putting

LOG, OTHER_LOG = "0a" * 16, "f1" * 16


@dataclass(frozen=True)
class Devices:
    """A mailbox, and two carriers that lead to it."""

    box: str  # hex
    one: Carrier
    two: Carrier

    def name(self, within: str) -> ObjectName:
        return ObjectName(f"m/{self.box}/{within}")

    def entry(self, seq: int, log: str = LOG) -> ObjectName:
        return self.name(f"log/{log}/{seq:016x}")

    def pack(self, data: bytes) -> ObjectName:
        digits = fingerprint(data).hex()
        return self.name(f"pack/{digits[:2]}/{digits}")


def check_what_one_device_puts_the_other_gets(devices: Devices) -> None:
    put = devices.one.put_new(devices.entry(0), b"entry")

    assert put is Putting.CREATED
    assert devices.two.get(devices.entry(0)) == b"entry"


def check_equal_bytes_are_as_good_and_others_are_told_and_change_nothing(devices: Devices) -> None:
    ended = [devices.one.put_new(devices.entry(0), data) for data in (b"one", b"one", b"two")]

    assert ended == [Putting.CREATED, Putting.EXISTS, Putting.TAKEN]
    assert devices.two.get(devices.entry(0)) == b"one"


def check_of_many_writers_at_once_exactly_one_creates(devices: Devices) -> None:
    rivals = [bytes([number]) * 3_000 for number in range(8)]

    with ThreadPoolExecutor(len(rivals)) as pool:
        ended = list(pool.map(lambda data: devices.one.put_new(devices.entry(0), data), rivals))

    assert ended.count(Putting.CREATED) == 1
    assert ended.count(Putting.TAKEN) == len(rivals) - 1
    assert devices.two.get(devices.entry(0)) == rivals[ended.index(Putting.CREATED)]


def check_a_part_is_given_and_a_part_that_is_not_there_is_no_answer(devices: Devices) -> None:
    data = bytes(range(256)) * 40
    devices.one.put_new(devices.pack(data), data)

    assert devices.two.get(devices.pack(data), 300, 500) == data[300:800]
    assert devices.two.get(devices.pack(data), 10_000) == data[10_000:]
    assert devices.two.get(devices.pack(data), 7, 0) == b""
    with pytest.raises(TamperedError):
        devices.two.get(devices.pack(data), 10_000, 241)


def check_a_full_pack_comes_back_whole(devices: Devices) -> None:
    data = b"12345678" * 1_048_576

    assert devices.one.put_new(devices.pack(data), data) is Putting.CREATED
    assert devices.two.get(devices.pack(data)) == data


def check_what_was_never_put_is_not_found(devices: Devices) -> None:
    with pytest.raises(ObjectNotFoundError):
        devices.one.get(devices.entry(0))


def check_what_is_deleted_is_gone_and_deleting_again_is_no_error(devices: Devices) -> None:
    name = devices.name("key/" + "5c" * 16)
    devices.one.put_new(name, b"segment")
    devices.one.delete(name)
    devices.one.delete(name)

    with pytest.raises(ObjectNotFoundError):
        devices.two.get(name)
    assert list(devices.two.list_after(devices.name(""))) == []
    assert devices.one.put_new(name, b"again") is Putting.CREATED


def check_a_list_is_in_order_with_lengths_and_goes_on_behind_any_name(devices: Devices) -> None:
    names = {
        devices.name("key/" + "00" * 16): b"k",
        devices.entry(0): b"e0",
        devices.entry(1): b"e01",
        devices.entry(0, OTHER_LOG): b"other",
        devices.name("member/" + "ab" * 32): b"member",
        devices.pack(b"pack"): b"pack",
    }
    for name, data in reversed(names.items()):
        devices.one.put_new(name, data)

    listed = [(each.name, each.size) for each in devices.two.list_after(devices.name(""))]

    assert listed == sorted((name, len(data)) for name, data in names.items())
    for prefix in ("log/", f"log/{LOG}/", f"log/{LOG[:3]}", "pack/", "k", "member/ab", "no"):
        for after in ("", *names, devices.name("log/"), devices.name("zz"), "a", "z"):
            found = [each.name for each in devices.two.list_after(devices.name(prefix), after)]
            whole = sorted(each for each in names if each.startswith(devices.name(prefix)))
            assert found == [each for each in whole if each > after], (prefix, after)


def check_heads_tell_what_came_and_then_what_came_since(devices: Devices) -> None:
    for seq in range(3):
        devices.one.put_new(devices.entry(seq), b"entry")
    devices.one.put_new(devices.pack(b"pack"), b"pack")
    devices.one.put_new(devices.name("member/" + "01" * 32), b"member")
    first = devices.two.heads(devices.name(""))
    quiet = devices.two.heads(devices.name(""), first.cursor)
    devices.one.put_new(devices.entry(3), b"entry")
    then = devices.two.heads(devices.name(""), quiet.cursor)

    assert {each.name for each in first.names} == {
        devices.entry(2),
        devices.name("member/" + "01" * 32),
    }
    assert quiet.names == ()
    assert devices.entry(3) in {each.name for each in then.names}


def check_a_cursor_of_what_is_not_there_any_more_tells_all(devices: Devices) -> None:
    devices.one.put_new(devices.entry(0), b"entry")

    heads = devices.two.heads(devices.name(""), "9" * 17)

    assert [each.name for each in heads.names] == [devices.entry(0)]


def check_entries_come_in_order_up_to_a_gap(devices: Devices) -> None:
    for seq in (0, 1, 2, 4):
        devices.one.put_new(devices.entry(seq), b"entry %d" % seq)
    log = devices.name(f"log/{LOG}/")

    assert devices.two.entries(log, 0) == [b"entry 0", b"entry 1", b"entry 2"]
    assert devices.two.entries(log, 2) == [b"entry 2"]
    assert devices.two.entries(log, 3) == []
    assert devices.two.entries(devices.name(f"log/{OTHER_LOG}/"), 0) == []


def check_entries_are_as_many_as_fit_and_at_least_one(devices: Devices) -> None:
    large = b"e" * 1_500_000
    for seq in range(4):
        devices.one.put_new(devices.entry(seq), large)

    assert devices.two.entries(devices.name(f"log/{LOG}/"), 0) == [large] * 2
    assert devices.two.entries(devices.name(f"log/{LOG}/"), 3) == [large]


def check_who_waits_is_told_when_something_comes(devices: Devices) -> None:
    devices.one.put_new(devices.entry(0), b"entry")
    seen = devices.two.heads(devices.name("")).cursor
    late = Timer(0.05, devices.one.put_new, (devices.entry(1), b"entry"))
    late.start()

    told = devices.two.heads(devices.name(""), seen, 20.0)
    late.join()

    assert devices.entry(1) in {each.name for each in told.names}
    assert devices.two.wait(devices.name("log/"), devices.entry(0), 20.0)


def check_who_waits_for_nothing_is_told_so(devices: Devices) -> None:
    devices.one.put_new(devices.entry(0), b"entry")
    seen = devices.two.heads(devices.name("")).cursor

    assert devices.two.heads(devices.name(""), seen, 0.05).names == ()
    assert not devices.two.wait(devices.name("log/"), devices.entry(0), 0.05)


def check_a_name_of_no_form_is_refused(devices: Devices) -> None:
    for name in ("m/../x", "M/a", "m//a", "", "m/" + "a" * 300, "m/\nx"):
        with pytest.raises(InvalidError):
            devices.one.put_new(ObjectName(name), b"bytes")
        with pytest.raises(InvalidError):
            devices.one.get(ObjectName(name))


def check_a_carrier_that_was_closed_is_away(devices: Devices) -> None:
    devices.one.close()

    with pytest.raises(CarrierAwayError):
        devices.one.get(devices.entry(0))
