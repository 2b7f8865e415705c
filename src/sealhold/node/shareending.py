"""What ends of a share: all of it as it is taken back, or what goes to one of its people for now.

- To a contact who is paused, or is none any more, nothing goes. Their space stays as it is; of
  documents, which all who are in their space read as they are edited, they are let go.
- Outside its time nobody is in a share of documents. Who comes back is what they were.
- Taking back is done by each own device as far as it may, again and again until all of it is done.

Source: docs/spec/52-share-spaces.md sections 5 and 7; docs/spec/51-contacts.md section 3.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sealhold.model.errors import DeniedError, ExhaustedError, InvalidError, NoEpochError
from sealhold.model.ids import ID_BYTES, ContactId, Id16
from sealhold.node.contactwork import ContactWork
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.admitting import dismiss_all, others
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.shareddocuments import parts
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.withdrawals import withdrawal

TOLD_KIND: Final = "withdrawn"  # of notes: who was written to that a share was taken back
UNTOLD: Final = (DeniedError, ExhaustedError, InvalidError, NoEpochError)


class ShareEnding:
    """How shares of this vault's owner end. For one thread."""

    def __init__(self, devices: Devices, contacts: ContactWork) -> None:
        self._devices, self._contacts = devices, contacts

    def is_on(self, record: Record) -> bool:
        """Return whether a share has begun and is not over."""
        return record.clauses.covers(self._devices.now())

    def barred(self, record: Record) -> Mapping[ContactId, str]:
        """Return the people of a share to whom nothing goes now, each with why in a sentence."""
        found: dict[ContactId, str] = {}
        for who in sorted(record.clauses.who):
            known = self._contacts.contacts.by_root(who)
            # THREAT T597: whoever may not be who they were is given nothing
            if known is None:
                found[who] = f"nothing of `{record.name}` goes to {who.hex()[:12]}: no contact"
            elif known.contact.is_paused:
                found[who] = f"nothing of `{record.name}` goes to {known.name}: they are paused"
        return found

    def staying(self, record: Record, barred: Collection[ContactId]) -> frozenset[ContactId]:
        """Return who of a share is in its space now."""
        who = record.clauses.who
        if not record.is_of_documents:
            return who
        # THREAT T597: what is edited there goes to everybody who is in it
        return who - set(barred) if self.is_on(record) else frozenset()

    def may_remove(self, opened: Open) -> bool:
        """Return whether this device may remove people from a space."""
        return opened.members.state.admin_grant(self._devices.me.id) is not None

    def left(self, opened: Open | None, record: Record) -> list[str]:
        """Return what other own devices do of a revocation once they hear of it, in words."""
        if opened is None:
            return ["another device of yours does that once it hears of this"]
        state, me = opened.members.state, self._devices.me.id
        found: list[str] = []
        if not self.may_remove(opened):
            found.append("a device that may administer removes who has it once it hears of this")
        keeper = state.ledgers.get(Id16(record.grant))
        if keeper is not None and keeper.device != me:
            name = self._devices.names().get(keeper.device, keeper.device.hex()[:12])
            found.append(f"`{name}`, which looks after it, goes on until it hears of this")
        return found

    def take_back(self, opened: Open, record: Record, troubles: list[str]) -> bool:
        """Do what this device may of a revocation, durably; return whether anything was to do.

        Args:
            opened: the space.
            record: of the share.
            troubles: takes what is left, in sentences.
        """
        new = [spaces.say_over(self._devices, opened, part) for part in parts(record)]
        if self.may_remove(opened):
            # THREAT T548: what is written from here on opens with nothing that they have
            new.append(bool(dismiss_all(self._devices, opened)))
            new.append(bool(spaces.empty(self._devices, opened)))
        elif others(opened):
            troubles.append(f"who has `{record.name}` is removed by a device that may administer")
        told = [self._write_to(opened, record, who, troubles) for who in sorted(record.clauses.who)]
        return any((*new, *told))

    def _write_to(self, opened: Open, record: Record, who: ContactId, troubles: list[str]) -> bool:
        """Write to a person that a share was taken back, once; return whether that is new."""
        key = who[:ID_BYTES]
        known = self._contacts.contacts.by_root(who)
        if known is None or opened.replica.state.note(TOLD_KIND, key) is not None:
            return False
        try:
            post = (known, Kind.WITHDRAWN, withdrawal(record.space))
            _, ops = self._contacts.letters.kept([post])
            draft = Draft(opened.replica)
            draft.note(TOLD_KIND, key, self._devices.now())
            draft.commit(Step(beside=ops))
        except UNTOLD as err:
            # THREAT T596: who cannot be told keeps nobody else from being removed or told
            troubles.append(f"{known.name} is not told that `{record.name}` is taken back: {err}")
            return False
        return True
