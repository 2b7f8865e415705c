"""What this device may do with the documents of a collection, before it writes anything.

- What another person's device may not say is refused on every replica as well; here it is refused
  before it is shown as done.

Source: docs/spec/52-share-spaces.md section 7.
"""

from sealhold.model.errors import DeniedError
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.joinpapers import Holds


def require_edit(devices: Devices, opened: Open) -> None:
    """Pass if this device may edit documents there.

    Raises:
        DeniedError: it may look only, or was let go.
    """
    if not opened.is_foreign:
        return
    certificate = opened.members.state.certificate(devices.me.id)
    # THREAT T561: who may look edits nothing, and sees nothing of its own as done
    if certificate is None or certificate.role is not Role.EDITOR:
        raise DeniedError("whose document it is lets you read it, and not edit it")


def require_own(opened: Open) -> None:
    """Pass if a collection is this person's own.

    Raises:
        DeniedError: it is another person's.
    """
    if opened.is_foreign:
        raise DeniedError("that is for whose document it is")


def require_past(opened: Open) -> None:
    """Pass if the past of documents there may be written anew.

    Raises:
        DeniedError: other people are in it, who load no state that somebody else made.
    """
    # THREAT T562: what people have of each other is entries
    if opened.about.holds is Holds.SHARE:
        raise DeniedError("the past of a document with other people stays: share a new one")


def may_erase(devices: Devices, opened: Open) -> bool:
    """Return whether this device may be rid of words on all devices."""
    return not opened.is_foreign and devices.me.certificate.role is Role.ADMIN
