"""A process that erases somebody under a hold, or ends the hold, and is killed before a write."""

from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.stores.backends.sqlcipher import SqlCipherStore
from tests.scenarios.rotated import die, dying_before
from tests.scenarios.vaults import PASSPHRASE, opened

ERASE, LIFT = "erase", "lift"


def do(home: Path, what: str, token: str, id_text: str) -> None:
    """Erase a person by their app, or lift a hold as the owner."""
    with opened(home) as node:
        if what == ERASE:
            node.people.erase(token, id_text)
        else:
            node.holds.lift("", id_text, PASSPHRASE)


def do_and_die(home: Path, what: tuple[str, str, str], write: int, said: Connection) -> None:
    """Do one of them and die before a write; say so if there are fewer."""
    with opened(home) as node, pytest.MonkeyPatch.context() as patch:
        node.holds.all()
        patch.setattr(SqlCipherStore, "commit", dying_before(write))
        name, token, id_text = what
        if name == ERASE:
            node.people.erase(token, id_text)
        else:
            node.holds.lift("", id_text, PASSPHRASE)
        said.send("done")
        die()
