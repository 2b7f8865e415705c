"""Whether the clock of this device can be believed, by what the owner's other devices told.

- Each device tells the time of its own clock, at most once a day. What happens only once, and by
  age alone, waits until another one told a time that is near.
- Times of operations say nothing of it: they follow the fastest clock that anybody heard of.

Source: docs/spec/47-folders.md section 9.
"""

from collections.abc import Container, Iterator
from typing import Final

from sealhold.model.errors import NoEpochError
from sealhold.model.quantities import DAY
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds

CLOCK: Final = "clock"  # kind of the notes, each by its device
NEAR: Final = 30 * DAY  # another device may have been silent for so long


def tell(devices: Devices) -> bool:
    """Tell the others the time of here, if it is a day off what was told; return whether it was."""
    home, me = _home(devices), devices.me.id
    if home is None or me not in home.members.state.holders():
        return False
    note = home.replica.state.note(CLOCK, me)
    if note is not None and isinstance(note.told, int) and abs(devices.now() - note.told) < DAY:
        return False
    draft = Draft(home.replica)
    try:
        draft.note(CLOCK, me, int(devices.now()))
        draft.commit()
    except NoEpochError:
        return False
    return True


def is_borne_out(devices: Devices) -> bool:
    """Return whether another device told a time near this one's, or there is no other.

    A device without the collection about devices hears of no clock: its own is not borne out.
    """
    home = _home(devices)
    if home is None:
        return False
    # THREAT T515: times of operations follow a clock that jumped, so they bear nothing out
    others = set(home.members.state.holders()) - {devices.me.id}
    now = devices.now()
    return not others or any(abs(now - each) <= NEAR for each in _told(home, others))


def _home(devices: Devices) -> Open | None:
    found = (each for each in devices.collections() if each.about.holds is Holds.HOME)
    return next(found, None)


def _told(home: Open, others: Container[bytes]) -> Iterator[int]:
    """Yield what other devices told of their own clocks."""
    for key, note in home.replica.state.notes(CLOCK):
        if note.device == key and key in others and isinstance(note.told, int):
            yield note.told
