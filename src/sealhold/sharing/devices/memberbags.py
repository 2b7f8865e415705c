"""Who has a key of the key bag: what sets of copies say of it, and whose word counts.

- A set counts that an admin signed. Of the key in force only an admin in good standing says who
  has it: a removed one neither stops the writing of others nor hides what a device lacks.

Source: docs/spec/12-membership.md section 4; docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Iterable, Mapping

from sealhold.model.ids import DeviceId
from sealhold.sharing.devices.certs import OF_OTHERS, Role
from sealhold.sharing.devices.identity import BoxId, Prekey, box_id
from sealhold.sharing.devices.memberstate import Membership
from sealhold.sharing.devices.wraps import Purpose, WrapSet

BAG = "key-bag"  # the rule that names the bag's key


def by_admins(sets: Iterable[WrapSet], state: Membership) -> list[WrapSet]:
    """Return the sets of keys of the bag that devices signed which are or were admins."""
    return [
        found
        for found in sets
        if found.purpose is Purpose.KEY_BAG
        and (signer := state.members.get(found.issuer)) is not None
        and signer.certificate.role is Role.ADMIN
    ]


def is_shared(sets: Iterable[WrapSet], state: Membership, bag: bytes) -> bool:
    """Return whether those who hold keys have a bag's key, and nobody else was given it."""
    return {device for device, _ in _given(sets, state, bag)} == state.holders().keys()


def lacks(
    sets: Iterable[WrapSet], state: Membership, prekeys: Mapping[DeviceId, Prekey], bag: bytes
) -> bool:
    """Return whether a device that holds keys lacks a key of the bag.

    Whoever may not have a prekey any more lacks what was not sealed to its newest: a device of
    another person of all keys, as it may have heard of the collection later, an own one of the key
    in force, as it may have been put back to a copy.
    """
    given, holders, named = _given(sets, state, bag), state.holders(), state.policies.get(BAG)
    last = {
        (device, box_id(prekeys[device].public))
        for device, held in holders.items()
        if (bag == named or held.role in OF_OTHERS) and device in prekeys
    }
    return not (holders.keys() <= {device for device, _ in given} and last <= given)


def _given(sets: Iterable[WrapSet], state: Membership, bag: bytes) -> set[tuple[DeviceId, BoxId]]:
    """Return whom a key of the bag was given to, each with the key that it was sealed to."""
    is_named = state.policies.get(BAG) == bag
    return {
        recipient
        for each in by_admins((found for found in sets if found.secret == bag), state)
        # THREAT T603: of the key in force a removed admin says neither who has it nor who lacks it
        if not is_named or state.admin_grant(each.issuer) is not None
        for recipient in each.recipients
    }
