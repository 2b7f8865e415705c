"""Attacks on grants that hang on a medium: forged, foreign, old and copied tokens, and links."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import DeniedError, WrongPassphraseError
from sealhold.model.ids import Kind, show
from sealhold.model.quantities import DAY, Instant
from sealhold.node import Node
from sealhold.policy.policy_token import MEDIA_TYPE
from tests.conformance.small_disk import small_disk
from tests.scenarios.vaults import NOON, PASSPHRASE, Asker, Job, calendar, new_home, opened

UNTIL = Instant(NOON + 20 * DAY)


@dataclass(frozen=True)
class Hung:
    """A grant that hangs on a stick, and a drawer that is looked into as well."""

    node: Node
    grant: str
    token: str
    stick: Path
    drawer: Path

    @property
    def file(self) -> Path:
        (found,) = self.stick.glob("*.token")
        return found

    def is_open(self) -> bool:
        try:
            self.node.runs.run(self.grant)
        except DeniedError:
            return False
        return True

    def told(self) -> str:
        """Return why a token was refused last."""
        lines = (each for each in self.node.audit.lines() if each.kind == "token")
        return next(each.reason for each in lines if each.outcome == "denied")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, str, Path]]:
    folder = tmp_path_factory.mktemp("hung")
    home, drawer = new_home(folder / "home"), folder / "drawer"
    (home / "config.toml").write_text(f'[policy]\nmedia = ["{drawer}"]\n')
    (home / "config.toml").chmod(0o600)
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green a"])])
        yield node, Asker(node).granted(node, Job()), drawer


@pytest.fixture
def hung(vault: tuple[Node, str, Path], tmp_path: Path) -> Iterator[Hung]:
    node, grant, drawer = vault
    drawer.mkdir()
    stick = tmp_path / "stick"
    stick.mkdir()
    made = node.parts.media.door.make(stick, [grant], UNTIL, PASSPHRASE)
    found = Hung(node, grant, show(Kind.TOKEN, made.id), stick, drawer)
    try:
        assert found.is_open()
        yield found
    finally:
        for each in node.parts.media.door.all():
            if each.state == "standing":
                node.parts.media.door.revoke(show(Kind.TOKEN, each.id), PASSPHRASE)
        shutil.rmtree(drawer)


def payload(content: bytes) -> dict[str, Plain]:
    _, found, _ = dsse.read_unverified(content)
    document = from_json(found)
    assert isinstance(document, dict)
    return document


@pytest.mark.threat("T423")
@pytest.mark.parametrize(
    "change", [{}, {"not_after": "2099-01-01T00:00:00Z"}, {"grants": []}, {"counter": 99}]
)
def test_a_forged_token_opens_nothing(hung: Hung, change: dict[str, Plain]) -> None:
    document = {**payload(hung.file.read_bytes()), **change}
    key = SigningKey(Secret(os.urandom(32), "forger"))
    hung.file.write_bytes(dsse.sign(MEDIA_TYPE, to_json(document), [key]))

    assert not hung.is_open()
    assert hung.told() == "forged"


@pytest.mark.threat("T423")
def test_no_byte_of_a_token_can_be_another(hung: Hung) -> None:
    whole = hung.file.read_bytes()
    for at in range(0, len(whole), 37):
        bent = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        hung.file.write_bytes(bent)
        assert not hung.is_open(), at
    hung.file.write_bytes(whole[:-1])
    assert not hung.is_open()
    hung.file.write_bytes(b"x" * 20_000)
    assert not hung.is_open()


@pytest.mark.threat("T423")
def test_another_token_or_that_of_another_vault_stands_for_none(hung: Hung, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    hung.node.parts.media.door.make(second, [], UNTIL, PASSPHRASE, narrow=True)
    (own,) = second.glob("*.token")
    own.rename(hung.file)
    assert not hung.is_open()
    assert hung.told() == "forged"

    home, foreign = new_home(tmp_path / "home"), tmp_path / "foreign"
    foreign.mkdir()
    with opened(home) as node:
        node.parts.media.door.make(foreign, [], UNTIL, PASSPHRASE, narrow=True)
    (theirs,) = foreign.glob("*.token")
    hung.file.write_bytes(theirs.read_bytes())
    assert not hung.is_open()
    assert hung.told() == "forged"


@pytest.mark.threat("T422")
def test_an_old_copy_opens_nothing_once_the_token_came_again(hung: Hung, tmp_path: Path) -> None:
    copy = tmp_path / "copy.token"
    shutil.copy(hung.file, copy)
    name = hung.file.name
    away = hung.stick.rename(tmp_path / "pocket")
    assert not hung.is_open()
    away.rename(hung.stick)
    assert hung.is_open()

    hung.stick.rename(tmp_path / "pocket")
    shutil.copy(copy, hung.drawer / name)

    assert not hung.is_open()
    assert hung.told() == "old_counter"


@pytest.mark.threat("T422")
def test_of_two_at_once_the_second_is_refused_and_stays_refused(hung: Hung, tmp_path: Path) -> None:
    shutil.copy(hung.file, hung.drawer / hung.file.name)
    assert hung.is_open()
    assert hung.told() == "second"

    hung.stick.rename(tmp_path / "pocket")

    assert not hung.is_open()
    (tmp_path / "pocket").rename(hung.stick)
    assert hung.is_open()


@pytest.mark.threat("T422")
def test_a_copy_on_another_medium_is_refused_where_media_are_told_apart(
    hung: Hung, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    with small_disk(mounted) as disk:
        if not disk.is_mounted:
            pytest.skip("a small disk can be mounted by root alone")
        hung.node.parts.media.door.revoke(hung.token)
        made = hung.node.parts.media.door.make(mounted, [hung.grant], UNTIL, PASSPHRASE)
        assert made.has_medium
        (file,) = mounted.glob("*.token")
        shutil.copy(file, hung.drawer / file.name)
        assert hung.is_open()
    assert not hung.is_open()
    assert hung.told() == "other_medium"


@pytest.mark.threat("T421")
@pytest.mark.parametrize("how", ["soft", "hard", "folder"])
def test_a_link_keeps_nothing_alive(hung: Hung, tmp_path: Path, how: str) -> None:
    pocket, name = tmp_path / "pocket", hung.file.name
    hung.stick.rename(pocket)
    match how:
        case "soft":
            hung.stick.mkdir()
            (hung.stick / name).symlink_to(pocket / name)
        case "hard":
            hung.stick.mkdir()
            (hung.stick / name).hardlink_to(pocket / name)
        case _:
            hung.stick.symlink_to(pocket)

    assert not hung.is_open()


@pytest.mark.threat("T421")
def test_a_link_planted_where_the_next_counter_is_written_leads_no_write_elsewhere(
    hung: Hung, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    pocket = hung.stick.rename(tmp_path / "pocket")
    assert not hung.is_open()
    (found,) = pocket.glob("*.token")
    (pocket / f".{found.name}.new").symlink_to(outside)
    pocket.rename(hung.stick)

    assert hung.is_open()
    assert outside.read_bytes() == b"mine"


@pytest.mark.threat("T424")
def test_what_narrows_is_ended_by_its_owner_alone(hung: Hung, tmp_path: Path) -> None:
    stick = tmp_path / "guests"
    stick.mkdir()
    made = hung.node.parts.media.door.make(stick, [], UNTIL, PASSPHRASE, narrow=True)
    assert not hung.is_open()

    with pytest.raises(WrongPassphraseError):
        hung.node.parts.media.door.revoke(show(Kind.TOKEN, made.id), "another")

    assert not hung.is_open()
    hung.node.parts.media.door.revoke(show(Kind.TOKEN, made.id), PASSPHRASE)
    assert hung.is_open()
