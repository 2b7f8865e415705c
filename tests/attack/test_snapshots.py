"""Attacks on the chain of snapshots, and on the way back, by whoever can write rows or files."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.digest import tagged
from sealhold.crypto.seal import new_key
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import SealholdError, TamperedError
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.node import backing
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import tables_of
from sealhold.stores.spec import Delete, Op, Put
from sealhold.vault.budget import BUDGETS, ONE_APP
from sealhold.vault.caps import CAPS
from sealhold.vault.deciding import Deciding, scan_all
from sealhold.vault.home import FORM, Home
from sealhold.vault.keysets import lease
from sealhold.vault.opening import DECIDING
from sealhold.vault.snapshotrows import PARTS, SNAPSHOTS, TIP
from sealhold.vault.snapshots import MEDIA, Snapshot, chain_of, entry_of
from sealhold.vault.snapshotviews import Snapshots
from sealhold.vault.writer import Work
from tests.scenarios.upgraded import OLDER
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened, world
from tests.unit.memory_vault import MemoryVault, memory_vault


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    """Return a vault with three snapshots."""
    with memory_vault() as found:
        for value in range(3):
            entry = entry_of(found.core, bytes(32), "a test")
            found.core.writer.commit(Work((Put(CAPS.name, ("app", value)),), (entry,)))
            Snapshots(found.core).keep()
        yield found


def behind_its_back(vault: MemoryVault, *ops: Op) -> None:
    """Change rows without the vault."""
    vault.core.store.commit((), lambda _: ops, vault.fence)


def chain(vault: MemoryVault) -> list[Snapshot]:
    return [*chain_of(vault.core).walk()]


def envelope_of(vault: MemoryVault, snapshot: Snapshot) -> bytes:
    (found,) = vault.core.store.get(SNAPSHOTS.name, [(snapshot.id,)])
    assert found is not None
    envelope: bytes = vault.core.papers.open(SNAPSHOTS.name, (snapshot.id,), found.row[1])
    return envelope


def put_envelope(vault: MemoryVault, id_: bytes, envelope: bytes) -> Put:
    """Return a row as one makes it who has the owner's keys."""
    paper = vault.core.papers.seal(SNAPSHOTS.name, (id_,), envelope)
    return Put(SNAPSHOTS.name, (id_, paper))


def edited(envelope: bytes, signer: SigningKey) -> tuple[bytes, bytes]:
    """Return the id and envelope of a snapshot that tells of another program, newly signed."""
    _, payload, _ = dsse.read_unverified(envelope)
    payload = to_json({**from_json(payload), "version": "6.6.6"})
    return tagged(Tag.SNAPSHOT, payload), dsse.sign(MEDIA, payload, [signer])


def edit(vault: MemoryVault) -> Sequence[Op]:
    """Put other words under the old signature."""
    middle = chain(vault)[1]
    envelope = from_json(envelope_of(vault, middle))
    payload = envelope["payload"]
    bent = to_json({**envelope, "payload": payload[:-8] + payload[-4:]})
    return [put_envelope(vault, middle.id, bent)]


def forge(vault: MemoryVault) -> Sequence[Op]:
    """Sign other words by a key of one's own."""
    middle = chain(vault)[1]
    stranger = SigningKey(new_key(vault.core.entropy, "stranger"))
    _, envelope = edited(envelope_of(vault, middle), stranger)
    return [put_envelope(vault, middle.id, envelope)]


def replace_one(vault: MemoryVault) -> Sequence[Op]:
    """Have the log's own key sign other words, and lay them in an old one's place."""
    middle = chain(vault)[1]
    signer = vault.core.writer.log.keys.signer
    _, envelope = edited(envelope_of(vault, middle), signer)
    return [put_envelope(vault, middle.id, envelope)]


def swap(vault: MemoryVault) -> Sequence[Op]:
    """Lay the first in the place of the second."""
    _, middle, first = chain(vault)
    return [put_envelope(vault, middle.id, envelope_of(vault, first))]


def cut(vault: MemoryVault) -> Sequence[Op]:
    return [Delete(SNAPSHOTS.name, (chain(vault)[1].id,))]


def cut_the_first(vault: MemoryVault) -> Sequence[Op]:
    return [Delete(SNAPSHOTS.name, (chain(vault)[2].id,))]


def lose_a_part(vault: MemoryVault) -> Sequence[Op]:
    (part, *_) = chain_of(vault.core).paths(chain(vault)[1]).values()
    return [Delete(PARTS.name, (part,))]


def bend_a_part(vault: MemoryVault) -> Sequence[Op]:
    (part, *_) = chain_of(vault.core).paths(chain(vault)[1]).values()
    return [Put(PARTS.name, (part, vault.core.papers.seal(PARTS.name, (part,), 666)))]


def flip(vault: MemoryVault) -> Sequence[Op]:
    """Turn a bit of what lies sealed."""
    (found,) = vault.core.store.get(SNAPSHOTS.name, [(chain(vault)[1].id,)])
    assert found is not None
    name, paper = found.row
    return [Put(SNAPSHOTS.name, (name, paper[:-1] + bytes([paper[-1] ^ 1])))]


BENDS = (edit, forge, replace_one, swap, cut, cut_the_first, lose_a_part, bend_a_part, flip)


@pytest.mark.threat("T425")
@pytest.mark.parametrize("bend", BENDS, ids=lambda each: each.__name__)
def test_a_chain_that_was_edited_cut_or_forged_is_told_and_nothing_of_it_shown(
    vault: MemoryVault, bend: Callable[[MemoryVault], Sequence[Op]]
) -> None:
    snapshots = Snapshots(vault.core)
    assert len(snapshots.list()) == 3

    behind_its_back(vault, *bend(vault))

    for look in (snapshots.list, lambda: snapshots.show("3"), lambda: snapshots.diff("1", "3")):
        with pytest.raises(TamperedError):
            look()


@pytest.mark.threat("T426")
def test_an_older_tip_is_not_what_was_committed(vault: MemoryVault) -> None:
    newest, before, _ = chain(vault)
    behind_its_back(
        vault, Delete(SNAPSHOTS.name, (newest.id,)), Put(TIP.name, (0, before.id, before.number))
    )

    rows = Deciding(DECIDING, vault.core.keyring.named("set-hash"))
    rows.load(vault.core.store)

    assert rows.total != vault.core.deciding.total


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a vault of today's form that was never served."""
    home = new_home(tmp_path_factory.mktemp("old") / "home")
    with opened(home) as node:
        node.parts.snapshots.keep()
    return home


@pytest.fixture
def home(old: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(old, tmp_path / "home"))


def write_rows(home: Path, make: Callable[[SqlCipherStore], Sequence[Op]]) -> None:
    """Write rows of a closed vault, as one does who has its file's key."""
    with opened(home) as node:
        key = node.parts.core.keyring.named("data-file").reveal()
    store = SqlCipherStore(Home(home).data)
    store.open(tables_of(Home(home).data, lambda: key), lambda: key, create=False)
    ops = make(store)
    store.commit((), lambda _: ops, lease(store, Hands()))
    store.close()


@pytest.mark.threat("T426")
def test_a_vault_whose_chain_was_put_back_does_not_open(home: Path) -> None:
    with opened(home) as node:
        node.budgets.set_cap("app", MicroBits(MICRO), ONE_APP, PASSPHRASE)
        assert node.parts.snapshots.keep()
        _, before = node.parts.snapshots.list()

    def put_back(store: SqlCipherStore) -> Sequence[Op]:
        (tip,) = scan_all(store, TIP)
        earlier = (0, bytes.fromhex(before.id), before.number)
        return [Delete(SNAPSHOTS.name, (tip.row[1],)), Put(TIP.name, earlier)]

    write_rows(home, put_back)

    with pytest.raises(TamperedError), opened(home):
        pass


@pytest.mark.threat("T427")
def test_rows_that_were_edited_before_the_way_back_do_not_take_it(home: Path) -> None:
    before = (16 * b"a", 2026, 0)
    write_rows(home, lambda _store: [Put(BUDGETS.name, before)])

    with pytest.raises(TamperedError):
        backing.roll_back(home, world(), PASSPHRASE, OLDER)

    assert Home(home).form == FORM
    assert not list(home.glob("vault.db.next*"))


@pytest.mark.threat("T428")
def test_a_copy_for_the_way_back_holds_no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    def stopped(self: Home, _form: int) -> None:
        seen.append({path.name for path in self.folder.iterdir()})
        raise SealholdError("stopped")

    there = {path.name for path in home.iterdir()}
    monkeypatch.setattr(Home, "begin_switch", stopped)
    with pytest.raises(SealholdError, match="stopped"):
        backing.roll_back(home, world(), PASSPHRASE, OLDER)

    (names,) = seen
    fresh = {name.removesuffix("-wal").removesuffix("-shm") for name in names - there}
    assert fresh == {"vault.db.next", "snapshots"}
    for name in fresh:
        assert (home / "keys-1.key").read_bytes() not in (home / name).read_bytes()


@pytest.mark.threat("T426")
@pytest.mark.parametrize("what", ["an earlier one", "none", "a cut one"])
def test_a_chain_beside_the_rows_that_is_not_theirs_is_not_taken_in(home: Path, what: str) -> None:
    backing.roll_back(home, world(), PASSPHRASE, OLDER)
    beside = Home(home).snapshots
    earlier = beside.read_bytes()
    match what:
        case "an earlier one":
            backing.upgrade(home, world(), PASSPHRASE)
            backing.roll_back(home, world(), PASSPHRASE, OLDER)
            assert beside.read_bytes() != earlier
            beside.write_bytes(earlier)
        case "none":
            beside.unlink()
        case _:
            beside.write_bytes(earlier[:-40])

    backing.upgrade(home, world(), PASSPHRASE)

    with opened(home) as node:
        *_, first = node.parts.snapshots.list()
    assert first.number > 1
    assert first.lost == first.number - 1
