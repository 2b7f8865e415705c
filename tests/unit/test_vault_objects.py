"""Larger content: in packs and back, each chunk once, and no pack that is not whole."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Delete, Unit
from sealhold.vault.deciding import scan_all
from sealhold.vault.objects import CHUNKS, PACKS
from tests.unit.memory_vault import MemoryVault, memory_vault


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def noise(count: int, seed: int = 1) -> bytes:
    """Return bytes that neither repeat nor shrink."""
    state, found = seed, bytearray()
    while len(found) < count:
        state = state * 6_364_136_223_846_793_005 + 1 & (1 << 64) - 1
        found += state.to_bytes(8)
    return bytes(found[:count])


def keep(vault: MemoryVault, *contents: bytes) -> list[bytes]:
    """Keep contents in one batch and return their manifests."""
    packer = vault.objects.packer()
    manifests = [packer.keep(content) for content in contents]
    vault.core.store.commit([Unit(tuple(packer.finish()))], lambda _: (), vault.fence)
    return manifests


def chunks(vault: MemoryVault) -> int:
    return sum(1 for _ in scan_all(vault.core.store, CHUNKS))


@pytest.mark.parametrize("size", [0, 1, 65_537, 300_000, 3_000_000])
def test_content_comes_back_whole(vault: MemoryVault, size: int) -> None:
    content = noise(size)

    [manifest] = keep(vault, content)

    assert vault.objects.fetch(manifest) == content
    assert list(vault.objects.faults()) == []


def test_equal_content_is_kept_once_in_one_batch_and_in_another(vault: MemoryVault) -> None:
    content = noise(400_000)

    first, second = keep(vault, content, content)
    before, packs = chunks(vault), len(list(vault.packs.names()))
    [third] = keep(vault, content)

    assert first == second == third
    assert chunks(vault) == before
    assert len(list(vault.packs.names())) == packs


def test_content_that_changed_a_little_shares_most_chunks(vault: MemoryVault) -> None:
    content = noise(8_000_000)
    keep(vault, content)
    before = chunks(vault)

    [manifest] = keep(vault, content[:4_000_000] + b"!" + content[4_000_000:])

    assert before > 4
    assert chunks(vault) <= before + 3
    assert vault.objects.fetch(manifest)[4_000_000:4_000_001] == b"!"


def test_a_pack_that_no_row_names_is_swept_and_no_other(vault: MemoryVault) -> None:
    [manifest] = keep(vault, noise(100_000))
    packer = vault.objects.packer()
    packer.keep(noise(100_000, seed=2))
    packer.finish()  # put, and never committed
    assert len(list(vault.packs.names())) == 2

    vault.objects.sweep()

    assert len(list(vault.packs.names())) == 1
    assert vault.objects.fetch(manifest) == noise(100_000)


@pytest.mark.threat("T07")
@pytest.mark.parametrize("at", [0, 1_000, 50_000, -1])
def test_a_changed_pack_is_named_and_its_content_does_not_open(vault: MemoryVault, at: int) -> None:
    [manifest] = keep(vault, noise(100_000))
    [name] = vault.packs.names()
    whole = bytearray(vault.packs.get(name))
    whole[at] ^= 1
    vault.packs.delete(name)
    vault.packs.put(name, SealedBytes(bytes(whole)))

    faults = list(vault.objects.faults())

    assert faults == [f"`objects/{name}` is not what was written"]
    if at not in {0, -1}:  # there lies what only the pack's table says
        with pytest.raises(TamperedError, match="is not what was written"):
            vault.objects.fetch(manifest)


@pytest.mark.threat("T07")
def test_a_pack_that_is_gone_or_cut_is_named(vault: MemoryVault) -> None:
    [manifest] = keep(vault, noise(100_000))
    [name] = vault.packs.names()
    whole = vault.packs.get(name)

    vault.packs.delete(name)
    assert list(vault.objects.faults()) == [f"`objects/{name}` is missing"]
    with pytest.raises(TamperedError):
        vault.objects.fetch(manifest)

    vault.packs.put(name, SealedBytes(whole[:1_000]))
    assert list(vault.objects.faults()) == [f"`objects/{name}` is not what was written"]
    with pytest.raises(TamperedError):
        vault.objects.fetch(manifest)


@pytest.mark.threat("T07")
def test_one_pack_in_the_place_of_another_is_found(vault: MemoryVault) -> None:
    [one] = keep(vault, noise(100_000))
    [first] = vault.packs.names()
    [other] = keep(vault, noise(100_000, seed=2))
    second = next(name for name in vault.packs.names() if name != first)
    swapped = {first: vault.packs.get(second), second: vault.packs.get(first)}

    for name, whole in swapped.items():
        vault.packs.delete(ObjectName(name))
        vault.packs.put(ObjectName(name), SealedBytes(whole))

    assert len(list(vault.objects.faults())) == 2
    for manifest in (one, other):
        with pytest.raises(TamperedError):
            vault.objects.fetch(manifest)


@pytest.mark.threat("T07")
def test_a_chunk_that_is_not_listed_is_tampered(vault: MemoryVault) -> None:
    [manifest] = keep(vault, noise(100_000))
    rows = list(scan_all(vault.core.store, CHUNKS))
    gone = tuple(Delete(CHUNKS.name, (row.row[0],)) for row in rows)
    vault.core.store.commit([Unit(gone)], lambda _: (), vault.fence)

    with pytest.raises(TamperedError, match="not listed"):
        vault.objects.fetch(manifest)


def test_nothing_readable_is_in_a_pack(vault: MemoryVault) -> None:
    keep(vault, b"a sentence that repeats. " * 10_000)

    [name] = vault.packs.names()

    assert bytes(vault.packs.get(name)).find(b"sentence") == -1
    [row] = scan_all(vault.core.store, PACKS)
    assert row.row[2] == vault.packs.head(name)
