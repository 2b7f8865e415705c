"""Which letters are done with: each counts once, on whichever device of this person it came.

Source: docs/spec/51-contacts.md section 4.
"""

from sealhold.model.quantities import DAY
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letter import Letter

TAKEN_KIND = "letter"  # of notes


def is_done(devices: Devices, letter: Letter) -> bool:
    """Return whether a letter was taken in, or dropped for good."""
    return devices.home.replica.state.note(TAKEN_KIND, letter.id) is not None


def put_done(devices: Devices, draft: Draft, known: Known, letter: Letter) -> None:
    """Write down that a letter is done with."""
    # THREAT T542: a letter counts once, and all devices of this person know that
    draft.note(TAKEN_KIND, letter.id, [known.key, devices.now()])


def count_done(devices: Devices, known: Known) -> int:
    """Return how many letters of a contact were done with within a day."""
    since = devices.now() - DAY
    count = 0
    for _, note in devices.home.replica.state.notes(TAKEN_KIND):
        match note.told:
            case [bytes(key), int(at)] if key == known.key and at > since:
                count += 1
    return count
