"""The letter by which somebody takes back what they share, and what is kept of it.

- It closes a space that was taken on, and one whose invitation waits or is still on its way.

Source: docs/spec/52-share-spaces.md section 5.
"""

from typing import Final

from sealhold.crypto.rootid import RootId
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import DeniedError, InvalidEncodingError
from sealhold.model.ids import ID_BYTES, CollectionId
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft

CLOSED_KIND: Final = "closed"  # of notes in the home collection: which spaces, and by whom
_FORM: Final = 1


def withdrawal(space: CollectionId) -> bytes:
    """Return the letter that says that what is shared in a space was taken back."""
    return pack([_FORM, space])


def withdraw(devices: Devices, letter: bytes, sender: RootId) -> None:
    """Close the space that a letter names, durably, whether or not it was taken on.

    Raises:
        InvalidEncodingError: not such a letter.
        DeniedError: somebody else shares it.
    """
    match unpack(letter):
        case [1, bytes(space)] if len(space) == ID_BYTES:
            pass
        case _:
            raise InvalidEncodingError("not the letter that takes a share back")
    known = next((each.about for each in devices.collections() if each.about.id == space), None)
    # THREAT T589: a share is taken back by whoever shares it, and by nobody else
    if known is not None and known.root != sender:
        raise DeniedError("a share is taken back by whoever shares it")
    draft = Draft(devices.home.replica)
    draft.note(CLOSED_KIND, space, [sender, devices.now()])
    draft.commit()


def is_withdrawn(devices: Devices, space: bytes, owner: bytes | None) -> bool:
    """Return whether the owner of a space wrote that it was taken back."""
    note = devices.home.replica.state.note(CLOSED_KIND, space)
    match None if note is None else note.told:
        case [bytes(sender), int()]:
            return sender == owner
        case _:
            return False
