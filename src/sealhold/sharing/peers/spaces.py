"""The space of a share at its owner: how it begins, who looks after it, what is said in it.

- One device of the owner looks after a share: it holds the ledger, and the membership log names it.
- Whatever is said is said again only if it changed, so a round may be repeated.

Source: docs/spec/52-share-spaces.md sections 3 to 5.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sealhold.crypto.digest import tagged
from sealhold.crypto.rootid import RootId
from sealhold.crypto.seal import new_key
from sealhold.crypto.tags import Tag
from sealhold.model.errors import InvalidGrantError, NoEpochError
from sealhold.model.ids import ID_BYTES, ContactId, GrantId, Id16
from sealhold.policy.share import Clauses, What, travelling
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.devices import Devices, Open, step_of
from sealhold.sharing.devices.documentbook import lineages_of
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.erasing import erase
from sealhold.sharing.devices.joinpapers import Way, read_way
from sealhold.sharing.devices.memberentries import EntryKind, LedgerDevice
from sealhold.sharing.peers.sharepaper import (
    REVOKED,
    Paper,
    Record,
    papers,
    put_paper,
)

LETTER_KIND: Final = "invited"  # of notes: who was sent where the space lies, and by which door


def digest(data: bytes) -> bytes:
    """Return the digest of a preview: 32 bytes."""
    return tagged(Tag.PREVIEW, data)


def root_of(who: ContactId) -> RootId:
    """Return the root id by which a contact is called."""
    return RootId(bytes(who))


def begun(devices: Devices, opened: Open, name: str, clauses: Clauses) -> Record:
    """Return the record of a new share, after this device was named to look after it.

    Raises:
        DeniedError: this device is no admin.
    """
    entropy = devices.entropy
    grant = GrantId(Id16(entropy(ID_BYTES)))
    name_keeper(devices, opened, grant)
    return Record(
        grant=grant,
        space=opened.about.id,
        name=name,
        secret=new_key(entropy, "share secret"),
        clauses=clauses,
    )


def space_of(devices: Devices, record: Record) -> Open | None:
    """Return the space of a share; None if it has not come to this device yet."""
    return next((each for each in devices.collections() if each.about.id == record.space), None)


def is_mine(devices: Devices, opened: Open, record: Record) -> bool:
    """Return whether this device looks after a share."""
    ledger = opened.members.state.ledgers.get(Id16(record.grant))
    return ledger is not None and ledger.device == devices.me.id


def take_over(devices: Devices, opened: Open, record: Record) -> bool:
    """Have this device look after a share whose device was removed; return whether it does so now.

    What that device counted last is nobody's to know, so of a counted share nothing is left.
    """
    members = opened.members
    is_kept = Id16(record.grant) in members.state.ledgers
    if is_kept or members.state.admin_grant(devices.me.id) is None:
        return False
    # THREAT T549: a ledger begins anew with all of it spent
    name_keeper(devices, opened, record.grant)
    return True


def name_keeper(devices: Devices, opened: Open, grant: GrantId) -> None:
    """Name this device as the one that looks after a share, in the next term; durable on return.

    Raises:
        DeniedError: it is no admin.
    """
    members, before = opened.members, set(opened.members.objects)
    last = members.log.counted(Id16(grant))
    body = LedgerDevice(Id16(grant), devices.me.id, 1 if last is None else last.term + 1)
    members.take([members.write(EntryKind.LEDGER, body, devices.time_of(opened))])
    came = [(key, data) for key, data in members.objects.items() if key not in before]
    devices.keeping.save(opened.about.id, step_of(members, came))


# --- the paper ---


def say(devices: Devices, opened: Open, record: Record, things: Mapping[bytes, bytes]) -> bool:
    """Write the paper of a share into its space, if it is another than the one there.

    Args:
        devices: of the owner.
        opened: the space.
        record: of the share.
        things: id in the space of each object that is shown, by its source.

    Raises:
        InvalidGrantError: the share is for several people, whom one paper does not name.
    """
    who = set(record.clauses.who)
    if len(who) != 1 and not record.is_of_documents:
        raise InvalidGrantError("a share that is no document is for one person")
    shown = frozenset(map(Id16, things.values()))
    by_own = {Id16(source[-ID_BYTES:]): Id16(thing) for source, thing in things.items()}
    clauses = replace(record.clauses, what=What(ids=frozenset(by_own)))
    if len(who) == 1 and shown:
        clauses = travelling(clauses, next(iter(who)), by_own)
    else:
        clauses = replace(clauses, what=What(ids=shown), bars=())
    there = next((each for each in papers(opened) if each.grant == record.grant), None)
    if there is not None and there.clauses == clauses and there.epoch != REVOKED:
        return False
    put_paper(opened, _paper(devices, record, clauses, 1), devices.me.keys.signer)
    return True


def say_over(devices: Devices, opened: Open, record: Record) -> bool:
    """Write into a space that the share was taken back; return whether that is new."""
    there = next((each for each in papers(opened) if each.grant == record.grant), None)
    if there is not None and there.epoch == REVOKED:
        return False
    clauses = replace(record.clauses, what=What(ids=frozenset()), bars=())
    put_paper(opened, _paper(devices, record, clauses, REVOKED), devices.me.keys.signer)
    return True


def is_over(opened: Open, record: Record) -> bool:
    """Return whether a space says that its share was taken back, whatever the record says yet."""
    return any(each.grant == record.grant and each.epoch == REVOKED for each in papers(opened))


def count(opened: Open) -> int:
    """Return how many objects a space shows."""
    return sum(not each.is_folder for each in opened.replica.state.tree.shown().values())


def empty(devices: Devices, opened: Open) -> int:
    """Erase what a space shows; return how many objects that was."""
    state = opened.replica.state
    left = set(state.tree.shown())
    if left:
        # THREAT T562: a document's edits open with the keys of its lineages
        lineages = {each.id for thing in left for each in lineages_of(state, thing)}
        erase(devices, opened, left | lineages)
    return len(left)


def _paper(devices: Devices, record: Record, clauses: Clauses, epoch: int) -> Paper:
    return Paper(
        grant=record.grant,
        owner=devices.me.root,
        device=devices.me.id,
        parent=None,
        epoch=epoch,
        said=devices.now(),
        clauses=clauses,
    )


# --- letters ---


def ways_of(devices: Devices) -> list[Way]:
    """Return the places that a space lies at: those that this device syncs through."""
    return [read_way(told) for told in devices.keeping.carriers().values()]


def wants_letter(opened: Open, who: ContactId, ways: int) -> bool:
    """Return whether a person is still to be told where a space lies, or anew."""
    note = opened.replica.state.note(LETTER_KIND, who[:ID_BYTES])
    try:
        door = opened.members.door()[0]
    except NoEpochError:
        return False
    return ways > 0 and (note is None or note.told != [door, ways])


def told_letter(opened: Open, who: ContactId, ways: int) -> None:
    """Write down that a person was told where a space lies."""
    draft = Draft(opened.replica)
    draft.note(LETTER_KIND, who[:ID_BYTES], [opened.members.door()[0], ways])
    draft.commit()


def is_given(clauses: Clauses) -> bool:
    """Return whether objects lie in the space, and no answers alone."""
    return clauses.tier is not Tier.ANSWER
