"""T305 to T309: the root of a vault in the hands of somebody who can write its folder, or guess."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealhold.crypto.roots import on_token
from sealhold.crypto.roots.recovery import new_text, public_of
from sealhold.crypto.seal import Sealer, new_key
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    NoModuleError,
    NotFoundError,
    SealholdError,
    TamperedError,
    WrongKeyFileError,
    WrongPassphraseError,
)
from sealhold.node import Keeper, Keeping, Node, Way, rooting
from sealhold.vault import access, roots
from sealhold.vault.home import Home
from sealhold.vault.keeping import PLAIN, document_place
from tests.scenarios.rooted import change, new_vault
from tests.scenarios.vaults import PASSPHRASE, calendar, opened, world

NEXT = "another horse battery"
HOSTILE = Keeping(keeper=Keeper.PKCS11, module="/tmp/hostile.so", token="t", pin="1234")
CHANGES = {"os.rename", "os.remove", "os.link", "os.mkdir"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    home = new_vault(folder / "home", PLAIN)
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "a.ics", ["apple"])])
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note each library that somebody wants to load."""
    seen = list[Path]()

    def noted(module: Path, *rest: str) -> object:
        seen.append(module)
        return on_token(module, *rest)  # type: ignore[arg-type]  # reason: passed on as it came

    monkeypatch.setattr(roots, "on_token", noted)
    return seen


def unlock(home: Path, given: str) -> None:
    with Node(home, world()) as node:
        node.unlock(given)
        assert len(node.records.search("apple").items) == 1


def plant(home: Path, keeping: Keeping, papers: Secret) -> None:
    path = home / "unlock" / "root"
    path.write_bytes(Sealer(papers).seal(keeping.document(), document_place(0), os.urandom))
    path.chmod(0o600)


def papers_of(home: Path) -> Secret:
    with opened(home) as node:
        return node.parts.vault.sets.root.papers


# --- T305: a library of somebody else's ---


@pytest.mark.threat("T305")
def test_a_library_that_somebody_else_names_is_not_loaded(home: Path, asked: list[Path]) -> None:
    plant(home, HOSTILE, new_key(os.urandom, "theirs"))

    with pytest.raises(TamperedError):
        unlock(home, PASSPHRASE)

    assert not asked


@pytest.mark.threat("T305")
def test_a_document_of_the_root_is_whole_or_nothing_opens(home: Path) -> None:
    plant(home, Keeping(recovery=public_of(new_text(os.urandom))), papers_of(home))
    path = home / "unlock" / "root"
    whole = path.read_bytes()
    unlock(home, PASSPHRASE)

    for at in (0, 12, 40, len(whole) - 1):
        path.write_bytes(bytes([*whole[:at], whole[at] ^ 1, *whole[at + 1 :]]))
        with pytest.raises(TamperedError):
            unlock(home, PASSPHRASE)
    for content in (b"", whole[:-1], whole + b"\0"):
        path.write_bytes(content)
        with pytest.raises(TamperedError):
            unlock(home, PASSPHRASE)


@pytest.mark.threat("T305")
def test_a_document_of_another_form_under_the_right_seal_is_refused(home: Path) -> None:
    papers, path = papers_of(home), home / "unlock" / "root"
    for content in (b"\x01", b"\x85\x02\x01\x01\x01\x01", b"\x80", b"\xff"):
        path.write_bytes(Sealer(papers).seal(content, document_place(0), os.urandom))
        path.chmod(0o600)
        with pytest.raises(TamperedError, match="format"):
            unlock(home, PASSPHRASE)


# --- T306: what opened the vault before ---


@pytest.mark.threat("T306")
def test_what_opened_a_vault_before_its_root_changed_opens_nothing_of_it(
    home: Path, tmp_path: Path
) -> None:
    before = Path(shutil.copytree(home, tmp_path / "before"))
    with opened(home) as node:
        change(node, PLAIN, to=NEXT)

    with pytest.raises(WrongPassphraseError):
        unlock(home, PASSPHRASE)
    unlock(home, NEXT)
    assert not (home / "unlock" / "passphrase").exists()
    # the old slot for unlocking put back, beside the new one, and in its place
    shutil.copy(before / "unlock" / "passphrase", home / "unlock" / "passphrase")
    with pytest.raises(WrongPassphraseError):
        unlock(home, PASSPHRASE)
    (home / "unlock" / "passphrase.2").rename(tmp_path / "aside")
    with pytest.raises(TamperedError):
        unlock(home, PASSPHRASE)
    # the old keys with the old passphrase, without the slot that was destroyed
    shutil.rmtree(before / "slot")
    old = access.root_of(Home(before), PASSPHRASE)
    (before / "slot").mkdir()
    with pytest.raises(NotFoundError):
        old.unwrap(1, (before / "keys-1.key").read_bytes(), "epoch key")


@pytest.mark.threat("T306")
def test_a_root_key_from_before_opens_no_slot_from_after(home: Path) -> None:
    with opened(home) as node:
        before = node.parts.vault.sets.root
        change(node, PLAIN)

    with pytest.raises(SealholdError):
        before.unwrap(2, (home / "keys-2.key").read_bytes(), "epoch key")


# --- T307: a change that is cut off ---

_watch: list[Callable[[], None]] = []


def _hook(event: str, args: tuple[object, ...]) -> None:
    if _watch and (event in CHANGES or (event == "open" and _writes(args))):
        _watch[-1]()


def _writes(args: tuple[object, ...]) -> bool:
    """Return whether a file that is there is written over; a new one counts when it is renamed."""
    flags = args[2]
    return isinstance(flags, int) and bool(flags & os.O_WRONLY) and not flags & os.O_CREAT


@pytest.fixture(scope="module")
def hooked() -> Iterator[None]:
    sys.addaudithook(_hook)  # it stays as long as the process does, and does nothing
    yield
    _watch.clear()


@pytest.mark.threat("T307")
@pytest.mark.usefixtures("hooked")
def test_at_each_moment_of_a_change_the_old_root_opens_the_vault_or_the_new_one_does(
    home: Path, tmp_path: Path
) -> None:
    copies = list[Path]()
    recovery = Keeping(recovery=public_of(new_text(os.urandom)))

    def keep() -> None:
        mine = _watch.pop()
        copies.append(tmp_path / f"at {len(copies)}")
        shutil.copytree(home, copies[-1])
        _watch.append(mine)

    with opened(home) as node:
        _watch.append(keep)
        try:
            change(node, recovery, to=NEXT)
        finally:
            _watch.clear()

    opens = list[bool]()
    for copy in copies:
        is_new = Home(copy).epoch == 2
        unlock(copy, NEXT if is_new else PASSPHRASE)
        assert not access.opens(Home(copy), PASSPHRASE if is_new else NEXT)
        names = {path.name for path in (copy / "unlock").iterdir()}
        assert names == ({"passphrase.2", "root.2", "escrow.2"} if is_new else {"passphrase"})
        assert [path.name for path in (copy / "slot").iterdir()] == ["2" if is_new else "1"]
        opens.append(is_new)
    switched = opens.index(True)
    assert opens == [False] * switched + [True] * (len(opens) - switched)
    assert switched > 5
    assert len(opens) - switched > 5
    with Node(copies[switched], world()) as node:
        node.unlock(NEXT)
        (closed,) = node.keys.list().closed
        assert (closed.epoch, closed.method) == (1, "slot file overwritten")
        assert len([line for line in node.audit.lines() if "root changed" in line.what]) == 1


@pytest.mark.threat("T307")
def test_a_next_root_that_does_not_open_from_the_disk_does_not_take_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as node:
        with monkeypatch.context() as patch:
            patch.setattr(access, "_root_key", lambda *_: Secret(b"o" * 32, "another"))
            with pytest.raises(SealholdError):
                change(node, PLAIN, to=NEXT)
        assert node.keys.list().epoch == 1
        assert [path.name for path in (home / "unlock").iterdir()] == ["passphrase"]
    unlock(home, PASSPHRASE)


# --- T308: an escrow that outlives its epoch ---


@pytest.mark.threat("T308")
def test_an_escrow_of_an_epoch_that_was_closed_opens_nothing(tmp_path: Path) -> None:
    secret = new_text(os.urandom)
    home = new_vault(tmp_path / "home", Keeping(recovery=public_of(secret)))
    escrow = (home / "unlock" / "escrow.1").read_bytes()
    with opened(home) as node:
        closed = node.keys.close(PASSPHRASE)

    assert closed.method == "slot file overwritten, escrow file overwritten"
    assert not (home / "unlock" / "escrow.1").exists()
    with Node(home, world()) as node:
        node.unlock(secret)
    (home / "unlock" / "escrow.2").write_bytes(escrow)
    with pytest.raises(WrongPassphraseError), Node(home, world()) as node:
        node.unlock(secret)
    with pytest.raises(WrongPassphraseError), Node(home, world()) as node:
        node.unlock(new_text(os.urandom))


@pytest.mark.threat("T308")
def test_a_vault_with_a_recovery_secret_claims_no_more_than_a_file_is_worth() -> None:
    for keeper in Keeper:
        kept = Keeping(keeper=keeper, recovery=public_of(new_text(os.urandom)))
        assert kept.worth.value == "overwritten-file"


@pytest.mark.threat("T308")
def test_a_recovery_secret_ends_with_the_root_that_it_was_made_for(tmp_path: Path) -> None:
    secret = new_text(os.urandom)
    home = new_vault(tmp_path / "home", Keeping(recovery=public_of(secret)))
    with opened(home) as node:
        change(node, PLAIN)
        assert not rooting.is_recovery(node, secret)

    with pytest.raises(WrongPassphraseError), Node(home, world()) as node:
        node.unlock(secret)


# --- T309: guesses at a passphrase ---


@pytest.mark.threat("T309")
def test_guesses_at_a_passphrase_never_reach_the_token(home: Path, asked: list[Path]) -> None:
    plant(home, HOSTILE, papers_of(home))  # a token whose library is not there

    with Node(home, world()) as node:
        assert not node.verify_passphrase("a guess")
        with pytest.raises(WrongPassphraseError):
            node.unlock("a guess")
        assert node.verify_passphrase(PASSPHRASE)  # nor does the right one, to prove its owner
    assert not asked
    with pytest.raises((NoModuleError, TamperedError, NotFoundError)):
        unlock(home, PASSPHRASE)


@pytest.mark.threat("T309")
def test_a_key_that_is_wrong_says_so_after_a_change_to_a_key(home: Path) -> None:
    value = "kUb3nHPBXTTLIjXBJ9xDkPq5zZ7cEkqeMOdn2sF6Ogw="
    with opened(home) as node:
        change(node, PLAIN, to=value, way=Way.ENVIRONMENT)

    with pytest.raises(WrongKeyFileError):
        unlock(home, PASSPHRASE)
    with Node(home, world()) as node:
        node.unlock(value)
        assert node.headless
