"""What every root provider must do; a new one joins by its line in OPENERS."""

from collections.abc import Callable

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.rootspec import RootProvider, Strength
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError, NotFoundError, SealBrokenError

ENTROPY = seeded(b"roots")
KEK = Secret(b"e" * 32, "epoch key")
OPENERS: dict[str, Callable[[], RootProvider]] = {  # each opens a root without slots
    "software": lambda: SoftwareRoot(Secret(ENTROPY(32), "root key"), {}),
}


@pytest.fixture(params=OPENERS)
def root(request: pytest.FixtureRequest) -> RootProvider:
    return OPENERS[request.param]()


def test_a_key_wrapped_under_a_slot_comes_back(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)

    wrapped = root.wrap(1, KEK, ENTROPY)

    assert len(wrapped) == 60
    assert root.unwrap(1, wrapped, "epoch key") == KEK


def test_a_slot_is_made_once(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)

    with pytest.raises(ConflictError):
        root.create_slot(1, ENTROPY)


def test_a_key_of_one_slot_does_not_open_under_another(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    root.create_slot(2, ENTROPY)

    with pytest.raises(SealBrokenError):
        root.unwrap(2, root.wrap(1, KEK, ENTROPY), "epoch key")


def test_nothing_opens_once_its_slot_is_destroyed(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)

    destruction = root.destroy_slot(1)

    assert destruction.strength in Strength
    assert destruction.method
    with pytest.raises(NotFoundError):
        root.unwrap(1, wrapped, "epoch key")
    with pytest.raises(NotFoundError):
        root.wrap(1, KEK, ENTROPY)


def test_a_slot_made_anew_does_not_bring_the_old_key_back(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)
    root.destroy_slot(1)

    root.create_slot(1, ENTROPY)

    with pytest.raises(SealBrokenError):
        root.unwrap(1, wrapped, "epoch key")


def test_destroying_twice_and_destroying_nothing_is_no_error(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)

    root.destroy_slot(1)

    assert root.destroy_slot(1) == root.destroy_slot(7)


def test_other_slots_outlive_a_destroyed_one(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    root.create_slot(2, ENTROPY)
    wrapped = root.wrap(2, KEK, ENTROPY)

    root.destroy_slot(1)

    assert root.unwrap(2, wrapped, "epoch key") == KEK


def test_two_roots_do_not_open_each_others_keys() -> None:
    for opener in OPENERS.values():
        one, two = opener(), opener()
        one.create_slot(1, ENTROPY)
        two.create_slot(1, ENTROPY)

        with pytest.raises(SealBrokenError):
            two.unwrap(1, one.wrap(1, KEK, ENTROPY), "epoch key")
