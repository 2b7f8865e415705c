"""What a carrier tells in an odd order, and one that is away while contents are read."""

from dataclasses import dataclass, field

import pytest

from sealhold.model.errors import CarrierAwayError, TamperedError
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Heads, Listed
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.exchange import Exchange
from sealhold.sharing.devices.names import Mailbox
from tests.unit.owned_devices import PLACE, machines
from tests.unit.replicas import Shelf, devices


@dataclass
class Late(Shelf):
    """Tells of the first entry of each log last: another than its writer gave the rest there."""

    told: int = 0

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        del seconds
        all_ = [each for each in self.list_after(box) if "/pack/" not in each.name]
        pages = [
            [each for each in all_ if not is_greeting(each)],
            [each for each in all_ if is_greeting(each)],
        ]
        at = int(cursor or 0)
        return Heads(str(at + 1), tuple(pages[at]), begins=at == 0) if at < 2 else Heads("2", ())


def is_greeting(each: Listed) -> bool:
    return each.name.endswith("/" + "0" * 16)


def test_a_log_whose_greeting_is_told_last_is_not_rolled_back() -> None:
    with devices(2) as (one, other):
        shelf = Late()
        draft = Draft(one.replica)
        draft.add("a.txt")
        draft.commit()
        assert one.sync(shelf)[1].given == 1
        name = b"shelf".ljust(16)
        box = Mailbox.at(one.replica.secret, "folder", name.hex())
        again = Exchange(one.replica, shelf, name, box)
        again.look()
        assert again.take().troubles == []
        assert again.give().given == 0
        taken, _ = other.sync(shelf)
        assert (taken.taken, taken.troubles) == (1, [])


@dataclass
class Counting(Shelf):
    asked: list[str] = field(default_factory=list)

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        self.asked.append(name)
        return super().get(name, offset, length)


def test_a_place_that_went_is_asked_for_one_content_and_not_for_each() -> None:
    shelf = Counting()
    with machines(2) as [one, other]:
        for at in range(3):
            one.write(f"{at}.bin", bytes([at]) * 9_000)
        for _ in range(2):
            one.sync(shelf)
            other.sync(shelf)
        shelf.is_away = True
        shelf.asked.clear()
        opened = other.files()
        box = Mailbox.at(opened.about.secret, PLACE.kind, "")
        opened.bodies.reach([(shelf, box)])
        state = opened.replica.state
        for content in list(state.contents()):
            if content.manifest is not None:
                with pytest.raises((CarrierAwayError, TamperedError)):
                    list(opened.bodies.read(content))
        assert len(shelf.asked) == 1
        shelf.is_away = False
        opened.bodies.reach([(shelf, box)])
        assert len(other.shown()) == 3
