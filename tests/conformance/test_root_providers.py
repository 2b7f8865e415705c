"""What every root provider must do; a new one joins by its line in OPENERS.

A token and a TPM in software are started here. softhsm2, swtpm and tpm2-tools are system packages;
without them their part is left out, and with CI=true that is a failure.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealhold.crypto.rootspec import Destruction, RootProvider
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    ConflictError,
    NotFoundError,
    RootAwayError,
    SealBrokenError,
    UnavailableError,
)
from tests.conformance.root_openers import (
    ENTROPY,
    Opened,
    TokenOfTests,
    TpmOfTests,
    by_environment,
    by_keyfile,
    by_passphrase,
    place,
    plain,
)

KEK = Secret(b"e" * 32, "epoch key")
SOFTWARE: dict[str, Callable[[Path], Opened]] = {
    "software": lambda _folder: plain(),
    "passphrase": lambda _folder: by_passphrase(),
    "keyfile": by_keyfile,
    "environment": lambda _folder: by_environment(),
}
DEVICES = ("pkcs11", "tpm2")
OPENERS = (*SOFTWARE, *DEVICES)

pytestmark = pytest.mark.xdist_group("roots")  # one process has one token


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenOfTests]:
    made = TokenOfTests(tmp_path_factory.mktemp("token"))
    yield made
    made.remove()


@pytest.fixture(scope="module")
def tpm() -> Iterator[TpmOfTests]:
    made = TpmOfTests()
    yield made
    made.remove()


Open = Callable[[], Opened]
Device = TokenOfTests | TpmOfTests


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> Device:
    made: Device = request.getfixturevalue("token" if request.param == "pkcs11" else "tpm")
    return made


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param in SOFTWARE:
        return lambda: SOFTWARE[request.param](tmp_path)
    made: Device = request.getfixturevalue("token" if request.param == "pkcs11" else "tpm")
    return made.open


@pytest.fixture
def opened(opener: Open) -> Opened:
    return opener()


@pytest.fixture
def root(opened: Opened) -> RootProvider:
    return opened.root


def test_a_key_wrapped_under_a_slot_comes_back(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)

    wrapped = root.wrap(1, KEK, ENTROPY)

    assert len(wrapped) == 60
    assert root.unwrap(1, wrapped, "epoch key") == KEK


def test_what_was_wrapped_opens_after_the_root_was_opened_anew(opened: Opened) -> None:
    opened.root.create_slot(1, ENTROPY)
    wrapped = opened.root.wrap(1, KEK, ENTROPY)

    assert opened.again().unwrap(1, wrapped, "epoch key") == KEK


def test_a_slot_is_made_once(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)

    with pytest.raises(ConflictError):
        root.create_slot(1, ENTROPY)

    assert root.unwrap(1, wrapped, "epoch key") == KEK


def test_without_a_slot_nothing_is_wrapped_or_opened(root: RootProvider) -> None:
    with pytest.raises(NotFoundError):
        root.wrap(1, KEK, ENTROPY)
    with pytest.raises(NotFoundError):
        root.unwrap(1, bytes(60), "epoch key")


def test_a_key_of_one_slot_does_not_open_under_another(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    root.create_slot(2, ENTROPY)

    with pytest.raises(SealBrokenError):
        root.unwrap(2, root.wrap(1, KEK, ENTROPY), "epoch key")


def test_a_wrap_by_the_right_slot_for_another_place_does_not_open(opened: Opened) -> None:
    opened.root.create_slot(1, ENTROPY)
    here = opened.wrap_at(1, place(1), KEK)
    elsewhere = opened.wrap_at(1, place(2), KEK)

    assert opened.root.unwrap(1, here, "epoch key") == KEK
    with pytest.raises(SealBrokenError):
        opened.root.unwrap(1, elsewhere, "epoch key")


def test_a_wrap_that_was_changed_or_cut_does_not_open(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)
    bent = [bytes([*wrapped[:at], wrapped[at] ^ 1, *wrapped[at + 1 :]]) for at in (0, 12, 59)]

    for each in (*bent, wrapped[:-1], wrapped + b"\0", b""):
        with pytest.raises(SealBrokenError):
            root.unwrap(1, each, "epoch key")
    assert root.unwrap(1, wrapped, "epoch key") == KEK


def test_one_key_wrapped_twice_looks_unlike(root: RootProvider) -> None:
    root.create_slot(1, ENTROPY)

    assert root.wrap(1, KEK, ENTROPY) != root.wrap(1, KEK, ENTROPY)


def test_nothing_opens_once_its_slot_is_destroyed(opened: Opened) -> None:
    root = opened.root
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)

    root.destroy_slot(1)

    for each in (root, opened.again()):
        with pytest.raises(NotFoundError):
            each.unwrap(1, wrapped, "epoch key")
        with pytest.raises(NotFoundError):
            each.wrap(1, KEK, ENTROPY)


def test_destroying_says_how_and_what_that_is_worth(opened: Opened) -> None:
    opened.root.create_slot(1, ENTROPY)

    destruction = opened.root.destroy_slot(1)

    assert destruction == Destruction(method=destruction.method, strength=opened.strength)
    assert destruction.method


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


def test_two_roots_do_not_open_each_others_keys(opener: Open) -> None:
    one, two = opener().root, opener().root
    one.create_slot(1, ENTROPY)
    two.create_slot(1, ENTROPY)

    with pytest.raises(SealBrokenError):
        two.unwrap(1, one.wrap(1, KEK, ENTROPY), "epoch key")


def test_destroying_a_slot_of_one_root_leaves_that_of_another(opener: Open) -> None:
    one, two = opener().root, opener().root
    one.create_slot(1, ENTROPY)
    two.create_slot(1, ENTROPY)
    wrapped = two.wrap(1, KEK, ENTROPY)

    one.destroy_slot(1)

    assert two.unwrap(1, wrapped, "epoch key") == KEK


def test_what_is_kept_shows_no_key(opened: Opened) -> None:
    opened.root.create_slot(1, ENTROPY)
    opened.root.wrap(1, KEK, ENTROPY)

    assert opened.kept()
    assert KEK.reveal() not in opened.kept()


def test_a_device_that_is_away_is_unavailable_and_comes_back(device: Device) -> None:
    root = device.open().root
    root.create_slot(1, ENTROPY)
    wrapped = root.wrap(1, KEK, ENTROPY)

    with device.away():
        for call in (
            lambda: root.create_slot(2, ENTROPY),
            lambda: root.wrap(1, KEK, ENTROPY),
            lambda: root.unwrap(1, wrapped, "epoch key"),
            lambda: root.destroy_slot(1),
        ):
            with pytest.raises(UnavailableError) as caught:
                call()
            assert isinstance(caught.value, RootAwayError)
            assert caught.value.remedy()

    assert root.unwrap(1, wrapped, "epoch key") == KEK
    root.create_slot(2, ENTROPY)
