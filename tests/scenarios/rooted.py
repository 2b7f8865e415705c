"""Vaults whose slots lie in a TPM or on a token in software, and processes that die with them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealhold.node import Keeper, Keeping, Node, Way, create, rooting
from sealhold.vault.epochs import Epochs
from tests.conformance.software_tokens import PIN, SoftTpm, make_token, softhsm
from tests.scenarios.turned import die
from tests.scenarios.vaults import PASSPHRASE, Hands, opened, world

REGISTER = 16  # anybody may extend it, and set it back: a register for tests
STEPS = ("_root", "_slot", "_copy", "_compare", "_read_back", "_switch", "_destroy", "_note")


def in_tpm(tpm: SoftTpm, recovery: bytes = b"") -> Keeping:
    return Keeping(keeper=Keeper.TPM2, registers=(7, REGISTER), tcti=tpm.tcti, recovery=recovery)


def on_token(label: str) -> Keeping:
    return Keeping(keeper=Keeper.PKCS11, module=str(softhsm()), token=label, pin=PIN)


def token_in(folder: Path, label: str) -> Path:
    """Make a token, and return where its objects lie."""
    softhsm()
    folder.mkdir()
    return make_token(folder, label)


@contextmanager
def tpm_here() -> Iterator[SoftTpm]:
    """Start a TPM in software, and end it."""
    made = SoftTpm()
    made.start()
    yield made
    made.remove()


@contextmanager
def token_here(folder: Path, label: str) -> Iterator[Path]:
    """Make a token in a new `folder`, and name another one of before again in the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", "")  # so that it is put back, whatever it is meanwhile
        yield token_in(folder, label)


def indices(tpm: SoftTpm) -> set[str]:
    return set(tpm.call("tpm2_getcap", "handles-nv-index").decode().split())


def keys_on(token: Path) -> int:
    return len(list(token.rglob("*.object")))


def new_vault(folder: Path, keeping: Keeping) -> Path:
    create(folder, PASSPHRASE, headless=True, keeping=keeping, world=world())
    return folder


def change(
    node: Node,
    keeping: Keeping,
    *,
    given: str = PASSPHRASE,
    to: str = PASSPHRASE,
    way: Way = Way.PASSPHRASE,
) -> str | None:
    """Put an open vault under another root; return how the old slot was destroyed."""
    checked = keeping.checked(node.world.entropy)
    return rooting.change_root(node, given, to, way, checked).method


def change_and_die(home: Path, keeping: Keeping, step: str, env: Mapping[str, str]) -> None:
    """Change the root up to a step, and die before it."""
    os.environ.update(env)
    with opened(home, Hands()) as node, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Epochs, step, die)
        change(node, keeping)
