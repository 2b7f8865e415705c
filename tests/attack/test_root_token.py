"""T214: a token in the hands of somebody else on the same machine."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import exceptions

from sealhold.crypto.roots import on_token
from sealhold.crypto.roots.pkcs11 import Pkcs11Root, strength_of
from sealhold.crypto.rootspec import Strength
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    ExtraMissingError,
    InvalidError,
    RootAwayError,
    SealBrokenError,
    WrongPinError,
)
from sealhold.model.ids import Id16
from tests.conformance.root_openers import ENTROPY, TokenOfTests
from tests.conformance.software_tokens import PIN

KEK = Secret(b"e" * 32, "epoch key")

pytestmark = pytest.mark.xdist_group("roots")  # one process has one token


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenOfTests]:
    made = TokenOfTests(tmp_path_factory.mktemp("token"))
    yield made
    made.remove()


def on(token: TokenOfTests) -> Pkcs11Root:
    root = token.open().root
    assert isinstance(root, Pkcs11Root)
    return root


@pytest.mark.threat("T214")
def test_the_key_of_a_slot_cannot_be_read_wrapped_copied_or_loosened(token: TokenOfTests) -> None:
    root = on(token)
    root.create_slot(1, ENTROPY)

    with root._session() as session:
        key: Any = root._key(session, 1)  # reason: its class is put together when it is found
        other: Any = session.generate_key(pkcs11.KeyType.AES, 256)  # reason: the same
        attribute = pkcs11.Attribute
        with pytest.raises(exceptions.AttributeSensitive):
            _ = key[attribute.VALUE]
        with pytest.raises(exceptions.PKCS11Error):
            other.wrap_key(key, mechanism=pkcs11.Mechanism.AES_KEY_WRAP)
        with pytest.raises(exceptions.PKCS11Error):
            key.copy({attribute.ID: b"another"})
        for name, value in ((attribute.EXTRACTABLE, True), (attribute.SENSITIVE, False)):
            with pytest.raises(exceptions.PKCS11Error):
                key[name] = value


@pytest.mark.threat("T214")
def test_a_key_that_was_brought_to_the_token_is_not_used(token: TokenOfTests) -> None:
    root = on(token)
    attribute = pkcs11.Attribute
    with root._session() as session:
        session.create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                attribute.KEY_TYPE: pkcs11.KeyType.AES,
                attribute.VALUE: b"known to somebody, thirty-two by",
                attribute.ID: root._id(1),
                attribute.TOKEN: True,
                attribute.PRIVATE: True,
                attribute.SENSITIVE: True,
                attribute.EXTRACTABLE: False,
                attribute.ENCRYPT: True,
                attribute.DECRYPT: True,
            }
        )

    with pytest.raises(SealBrokenError, match="not made inside"):
        root.wrap(1, KEK, ENTROPY)
    root.destroy_slot(1)
    root.create_slot(1, ENTROPY)
    assert root.unwrap(1, root.wrap(1, KEK, ENTROPY), "epoch key") == KEK


@pytest.mark.threat("T214")
def test_a_second_key_of_the_same_name_is_refused(token: TokenOfTests) -> None:
    root = on(token)
    root.create_slot(1, ENTROPY)
    with root._session() as session:
        session.generate_key(
            pkcs11.KeyType.AES,
            256,
            id=root._id(1),
            store=True,
        )

    with pytest.raises(SealBrokenError):
        root.wrap(1, KEK, ENTROPY)


def test_another_pin_opens_nothing_and_is_told_as_that(token: TokenOfTests) -> None:
    for pin in ("9999", "\N{SNOWMAN}" * 300):
        with pytest.raises(WrongPinError):
            token.open(pin).root.create_slot(1, ENTROPY)
    not_text = on_token(token.module, token.label, Secret(b"\xff\xfe", "PIN"), Id16(bytes(16)))
    with pytest.raises(WrongPinError):
        not_text.create_slot(1, ENTROPY)


def test_no_error_shows_the_pin(token: TokenOfTests) -> None:
    with pytest.raises(WrongPinError) as caught:
        token.open("not the pin 4711").root.create_slot(1, ENTROPY)

    assert "4711" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_token_of_another_name_is_away(token: TokenOfTests) -> None:
    missing = on_token(token.module, "no such", Secret(PIN.encode(), "PIN"), Id16(bytes(16)))

    with pytest.raises(RootAwayError):
        missing.wrap(1, KEK, ENTROPY)


def test_a_library_that_is_not_there_is_away(tmp_path: Path) -> None:
    pytest.importorskip("pkcs11")
    missing = on_token(tmp_path / "none.so", "vault", Secret(b"1", "PIN"), Id16(bytes(16)))

    with pytest.raises(RootAwayError):
        missing.wrap(1, KEK, ENTROPY)


def test_a_library_is_named_by_its_whole_path() -> None:
    with pytest.raises(InvalidError, match="whole path"):
        on_token(Path("libsofthsm2.so"), "vault", Secret(b"1", "PIN"), Id16(bytes(16)))


def test_a_token_in_software_is_not_told_as_hardware() -> None:
    flag = pkcs11.SlotFlag

    assert strength_of(flag.TOKEN_PRESENT) is Strength.OVERWRITTEN_FILE
    assert strength_of(flag.TOKEN_PRESENT | flag.HW_SLOT) is Strength.HARDWARE_DESTROYED


def test_without_the_package_a_token_is_said_to_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    monkeypatch.delitem(sys.modules, "sealhold.crypto.roots.pkcs11", raising=False)

    with pytest.raises(ExtraMissingError, match=r"sealhold\[pkcs11\]"):
        on_token(Path("/none.so"), "vault", Secret(b"1", "PIN"), Id16(bytes(16)))
