"""What a device of the owner does about the uses of a share, in each round.

- The one that looks after the share settles and lends, answers, and signs receipts beside. The
  others take, answer and sign out of what they were lent.

Source: docs/spec/52-share-spaces.md sections 4 and 11.
"""

from sealhold.model.ids import DeviceId
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.peers.answering import Answering, Answers, Give, key_for_use
from sealhold.sharing.peers.leasing import Borrowing, Lending
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.usereceipts import sign_beside
from sealhold.vault.core import Core
from sealhold.vault.shareleases import ShareLeases
from sealhold.vault.shareledger import ShareLedgers


class UseWork:
    """The uses of shares at one device of the owner. For one thread."""

    def __init__(self, devices: Devices, core: Core, give: Give = key_for_use) -> None:
        self._devices = devices
        self.ledgers = ShareLedgers(core)
        self._core = core
        self._lending = Lending(devices, self.ledgers)
        self._answering = Answering(devices, self.ledgers, give)

    def look_after(
        self, opened: Open, record: Record, *, answers: bool = True
    ) -> tuple[Answers, tuple[DeviceId, ...]]:
        """Answer what is asked at the device with the ledger, durably.

        Args:
            opened: the space.
            record: of the share.
            answers: whether anything is answered now; else what is asked waits.

        Returns:
            What became of the asks; and the devices that were not heard since this one was put
            back, while nothing is charged for that.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        before = self._heads(opened)
        missing = self._lending.keep_up(opened, record)
        done = self._answering.answer(opened, record) if answers else Answers()
        done.odd = len(sign_beside(self._devices, opened, record, self.ledgers))
        done.said = self._heads(opened) != before
        return done, missing

    def help(self, opened: Open, record: Record, *, answers: bool = True) -> Answers:
        """Answer at another device what waits, out of what it was lent, durably.

        Args:
            opened: the space.
            record: of the share.
            answers: whether anything is answered now; else what is asked waits.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        leases = ShareLeases(self._core, self._devices.me.incarnation)
        borrowing = Borrowing(self._devices, leases)
        before = self._heads(opened)
        borrowing.keep_up(opened, record)
        done = Answers()
        if answers:
            done = self._answering.answer_lent(opened, record, leases)
        if done.released:
            borrowing.keep_up(opened, record)
        sign_beside(self._devices, opened, record, leases)
        done.said = self._heads(opened) != before
        return done

    def _heads(self, opened: Open) -> list[object]:
        """Return how far this device wrote in what others read of uses."""
        log = self._devices.me.own.log
        return [each.replica.book.head(log) for each in (opened, self._devices.home)]
