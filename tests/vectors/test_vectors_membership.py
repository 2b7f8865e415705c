"""Known answers for membership: certificates, sets of copies, the log, hand-overs; ours, frozen."""

from collections.abc import Callable

import pytest

from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.rootid import RootId
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.ids import CollectionId, DeviceId, EpochId, Id16
from sealhold.sharing.devices import wraps
from sealhold.sharing.devices.certs import check_chain
from sealhold.sharing.devices.identity import DeviceKeys, box_id, device_id, read_prekey
from sealhold.sharing.devices.memberentries import read_entry
from sealhold.sharing.devices.membership import state
from sealhold.sharing.devices.slices import read_hand_over
from tests.vectors.known import Args, cases, check


def of(args: Args, name: str) -> bytes:
    return bytes.fromhex(args[name])


def chain(args: Args) -> object:
    links = [bytes.fromhex(link) for link in args["chain"]]
    found = check_chain(links, RootId(of(args, "root")))
    return {"device": found.device.hex(), "role": found.role.value, "seq": found.seq}


def prekey(args: Args) -> object:
    device = DeviceId(Id16(of(args, "device")))
    found = read_prekey(of(args, "data"), device, PublicKey(of(args, "public")))
    return {"number": found.number, "made": found.made}


def secret_id(args: Args) -> object:
    secret, collection = Secret(of(args, "secret"), "secret"), of(args, "collection")
    where = CollectionId(Id16(collection))
    return wraps.secret_id(secret, wraps.Purpose(args["purpose"]), where).hex()


def context(args: Args) -> object:
    collection, secret, device = (Id16(of(args, n)) for n in ("collection", "secret", "device"))
    purpose = wraps.Purpose(args["purpose"])
    return wraps._info(purpose, CollectionId(collection), EpochId(secret), DeviceId(device)).hex()


def open_set(args: Args) -> object:
    box = BoxKey(Secret(of(args, "box"), "box"))
    keys = DeviceKeys.of(Secret(of(args, "seed"), "seed"), box, ())
    found = wraps.read_wrap_set(of(args, "set"), PublicKey(of(args, "issuer")))
    secret = wraps.open_wrap(found, keys)
    assert secret is not None
    earlier = [wraps.open_link(found, secret, name).reveal().hex() for name in found.links]
    return {"secret": secret.reveal().hex(), "earlier": earlier}


def entry(args: Args) -> object:
    found = read_entry(of(args, "data"))
    return {"name": found.id.hex(), "kind": found.draft.kind.value}


def state_of(args: Args) -> object:
    entries = [bytes.fromhex(each) for each in args["entries"]]
    collection = CollectionId(Id16(of(args, "collection")))
    found = state(entries, collection, RootId(of(args, "root")))
    standing = {device.hex(): each.standing.value for device, each in found.members.items()}
    return {"members": standing, "epoch": found.epoch.id.hex() if found.epoch else None}


def hand_over(args: Args) -> object:
    found = read_hand_over(of(args, "data"), PublicKey(of(args, "public")))
    amounts = [each.amount for each in found.out]
    return {"term": found.term, "charged": found.charged, "last": found.last, "out": amounts}


CALLS: dict[str, Callable[[Args], object]] = {
    "device_id": lambda args: device_id(PublicKey(of(args, "public"))).hex(),
    "box_id": lambda args: box_id(of(args, "public")).hex(),
    "chain": chain,
    "prekey": prekey,
    "secret_id": secret_id,
    "context": context,
    "open_set": open_set,
    "entry": entry,
    "state": state_of,
    "hand_over": hand_over,
}
CASES = cases("12-membership")


@pytest.mark.parametrize("case", CASES)
def test_a_known_answer_of_membership_holds(case: Args) -> None:
    check(CALLS, case)


def test_every_call_of_membership_has_a_vector() -> None:
    assert {param.values[0]["call"] for param in CASES} == set(CALLS)
