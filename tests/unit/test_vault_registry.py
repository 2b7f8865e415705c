"""Apps and their tokens: who is known, and who is let in."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.token import mint
from sealhold.model.errors import DeniedError, InvalidError, NotFoundError
from sealhold.model.ids import random_id
from sealhold.stores.spec import Op
from sealhold.vault.deciding import scan_all
from sealhold.vault.minting import Minting
from sealhold.vault.registry import ACTIVE, APPS, REMOVED, SUSPENDED, TOKENS, App, Registry
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

KEY = bytes(range(32))
ENTRY = Entry(event=Event(kind=EventKind.APP, actor=Actor.OWNER))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


@pytest.fixture
def registry(vault: MemoryVault) -> Registry:
    core = vault.core
    minting = Minting(core.keyring, core.deciding)
    return Registry(core.deciding, core.papers, minting, core.clock, core.entropy)


def commit(vault: MemoryVault, *ops: Op) -> None:
    vault.core.writer.commit(Work(ops, (ENTRY,)))


def register(vault: MemoryVault, registry: Registry, name: str = "Green") -> tuple[App, str]:
    app, token, ops = registry.register(name, KEY)
    commit(vault, *ops)
    return app, token


def test_a_token_lets_its_app_in(vault: MemoryVault, registry: Registry) -> None:
    app, token = register(vault, registry)

    assert registry.holder(token) == app
    assert registry.get(app.id) == app


def test_two_apps_have_two_tokens(vault: MemoryVault, registry: Registry) -> None:
    one, token = register(vault, registry, "One")
    other, second = register(vault, registry, "Two")

    assert (registry.holder(token), registry.holder(second)) == (one, other)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_has_some_letters_and_not_too_many(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidError, match="1 to 80"):
        registry.register(name, KEY)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_its_length(registry: Registry, length: int) -> None:
    with pytest.raises(InvalidError, match="32 bytes"):
        registry.register("Green", bytes(length))


@pytest.mark.parametrize("state", [SUSPENDED, REMOVED])
def test_a_stopped_app_is_not_let_in_and_a_resumed_one_is(
    vault: MemoryVault, registry: Registry, state: str
) -> None:
    app, token = register(vault, registry)

    commit(vault, registry.change(app, state))
    with pytest.raises(DeniedError):
        registry.holder(token)
    commit(vault, registry.change(registry.get(app.id), ACTIVE))

    assert registry.holder(token).id == app.id


def test_a_removed_app_is_in_no_list(vault: MemoryVault, registry: Registry) -> None:
    app, _ = register(vault, registry)

    commit(vault, registry.change(app, REMOVED))

    assert list(registry.all()) == []
    with pytest.raises(NotFoundError):
        registry.find("Green")
    assert registry.get(app.id).state == REMOVED


def test_an_app_is_found_by_name_and_by_id(vault: MemoryVault, registry: Registry) -> None:
    app, _ = register(vault, registry)

    assert registry.find("Green") == app
    assert registry.find(f"a-{app.id.hex()[-12:]}") == app
    with pytest.raises(NotFoundError):
        registry.find("a-000000000000")


@pytest.mark.threat("T02")
def test_a_token_of_another_vaults_key_or_of_nobody_is_refused(
    vault: MemoryVault, registry: Registry
) -> None:
    _, token = register(vault, registry)
    with memory_vault() as other:
        foreign = mint(other.core.keyring.named("log"), random_id(vault.core.entropy))
    unknown = mint(vault.core.keyring.named("token"), random_id(vault.core.entropy))

    for wrong in (foreign, unknown, token[:-1], "", "shv1_", "é"):
        with pytest.raises(DeniedError, match=r"^denied$"):
            registry.holder(wrong)


@pytest.mark.threat("T02")
def test_nothing_that_is_kept_could_mint_a_token(vault: MemoryVault, registry: Registry) -> None:
    _, token = register(vault, registry)

    kept = repr([*scan_all(vault.core.store, TOKENS), *scan_all(vault.core.store, APPS)])

    assert token.rpartition("_")[2] not in kept
    assert token not in kept
