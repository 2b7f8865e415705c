"""People who come into a share of documents later, and who leave it.

- Who is added reads what stands and what comes. Who is removed reads nothing later; what they wrote
  that nobody had is a suggestion for the owner.
- Who comes back is what they were there: an editor, or somebody who may look.

Source: docs/spec/52-share-spaces.md section 7.
"""

from collections.abc import Sequence
from dataclasses import replace

from sealhold.model.errors import DeniedError, InvalidError, InvalidGrantError, NotFoundError
from sealhold.node.sharework import Kept, ShareWork
from sealhold.policy.shareterms import Action
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.admitting import role_before
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.shareddocuments import role_in
from sealhold.sharing.peers.sharepaper import Record, put_record


class ShareChanges:
    """Who is in the shares of this vault's owner. For one thread."""

    def __init__(self, devices: Devices, shares: ShareWork) -> None:
        self._devices, self._shares = devices, shares

    def changed(
        self,
        record: Record,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        may: Sequence[str] = (),
        unverified: bool = False,
    ) -> Record:
        """Return a share with other people; nothing is changed.

        Args:
            record: of the share.
            add: names of contacts who come in.
            remove: names of contacts who leave.
            may: what those who come in may do besides `view`: `edit`, if the share has that.
            unverified: whether people may come in who were not verified.

        Raises:
            NotFoundError: no such contact, or one who is to leave is not in it.
            InvalidError: a share of files, one who is in it already, or nobody would be left.
            InvalidGrantError: they may not what the share does not say.
            DeniedError: one is not verified or paused, or was something else there before; or the
                share was taken back.
        """
        if record.is_revoked:
            raise DeniedError("this share was taken back: make another one")
        if not record.is_of_documents:
            raise InvalidError("files are shared with one person: make another share")
        actions = {Action.VIEW, Action.EDIT} & record.clauses.actions
        if not set(may) <= actions | {Action.VIEW}:
            raise InvalidGrantError("people of this share may view, or edit where it says so")
        come = [self._person(each) for each in add]
        leave = [self._person(each) for each in remove]
        who = record.clauses.who
        if {each.id for each in come} & who:
            raise InvalidError("one of them is in the share already")
        if not {each.id for each in leave} <= who:
            raise NotFoundError("one of them is not in the share")
        for each in come:
            self._shares.person(each.id, unverified=unverified)
        left = (who | {each.id for each in come}) - {each.id for each in leave}
        opened = spaces.space_of(self._devices, record)
        if leave and (
            opened is None or opened.members.state.admin_grant(self._devices.me.id) is None
        ):
            raise DeniedError("this device may remove nobody: do it on one that may administer")
        if not left:
            raise InvalidError("nobody would be left: take the share back instead")
        looking = {each.id for each in come} if Action.EDIT not in set(may) else set()
        changed = replace(
            record,
            clauses=replace(record.clauses, who=frozenset(left)),
            lookers=frozenset((record.lookers | looking) & left),
        )
        self._require_roles(changed, come)
        return changed

    def put(self, record: Record) -> None:
        """Make a share what `changed` returned, durably; the next round brings it to its people.

        What is broken off is finished by that round.

        Raises:
            DeniedError: this device may not remove anybody.
        """
        self._shares.ledgers.tell(record.grant, "people changed")
        put_record(self._devices, record)
        # THREAT T563: from here on nothing that a former member writes counts, whenever it comes
        self._shares.keep_up(record, Kept())

    def _person(self, name: str) -> Known:
        return self._shares.contacts.contacts.named(name)

    def _require_roles(self, record: Record, come: Sequence[Known]) -> None:
        opened = spaces.space_of(self._devices, record)
        for each in come:
            before = None if opened is None else role_before(opened, spaces.root_of(each.id))
            # THREAT T563: what somebody said before counts by the role they said it in
            if before not in {None, role_in(record, each.id)}:
                raise DeniedError(f"{each.name} comes back as they were in it: {before}")
