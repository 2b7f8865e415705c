"""What a round of syncing does for other people: letters are taken and left, shares are kept up.

Source: docs/spec/51-contacts.md; docs/spec/52-share-spaces.md.
"""

from dataclasses import dataclass

from sealhold.model.errors import ExhaustedError, NotFoundError
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharework import Kept, ShareWork
from sealhold.sharing.peers.letters import Post


@dataclass(frozen=True, slots=True)
class Met:
    """What became of letters and shares in a round."""

    post: Post
    kept: Kept

    @property
    def troubles(self) -> list[str]:
        """What could not be done, in sentences."""
        return [*self.post.troubles, *self.kept.troubles]

    @property
    def has_written(self) -> bool:
        """Whether there is something to be given on."""
        post, kept = self.post, self.kept
        told = post.is_new_card or post.taken or post.left or post.kept
        return bool(told or kept.has_written)


class PeopleRounds:
    """The part of a device's rounds that is about other people. For one thread."""

    def __init__(self, work: DeviceWork) -> None:
        self._contacts = ContactWork(work)
        self._shares = ShareWork(work, self._contacts)
        self._devices = work.devices

    def run(self) -> Met | None:
        """Do it once; None on a device that has no part in it.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        try:
            _ = self._devices.home
        except NotFoundError:
            return None
        try:
            kept = self._shares.round()
        except ExhaustedError as err:  # letters are left all the same, which makes room
            kept = Kept(said=1, troubles=[f"not every share is kept up: {err}"])
        return Met(self._contacts.round(), kept)
