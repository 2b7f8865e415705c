"""Who has room at a relay, and the relay's keys: two small files beside its rows.

- Accounts may be added and taken away while it runs: the file is looked at again when it changed.
- A token of an account is said once; of it the id alone is kept.
- The relay runs with nobody near, so its keys lie in a file: whoever has its whole disk has both.

Source: docs/spec/14-relay.md sections 3 and 6.
"""

import fcntl
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.crypto.secret import Secret
from sealhold.crypto.token import mint
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    InvalidSettingsError,
    NotFoundError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import Id16, random_id
from sealhold.vault.home import replace

KEYS: Final = "relay.keys"
ACCOUNTS: Final = "accounts.toml"
KEY_BYTES: Final = 32
MAX_QUOTA: Final = 1 << 60  # bytes
_LINE: Final = '"{}" = {}\n'
_HEX: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RelayKeys:
    """What a relay's own secrets are."""

    minting: Secret  # of tokens
    rows: Secret  # of the file of rows


def make_keys(entropy: Entropy) -> RelayKeys:
    """Return new keys, which are not written yet: what has them is a relay."""
    return _keys(entropy(2 * KEY_BYTES))


def write_keys(folder: Path, keys: RelayKeys) -> None:
    """Write an empty list of accounts, and then the keys.

    Raises:
        StoreUnavailableError: the disk refuses.
    """
    replace(folder / ACCOUNTS, b"")
    replace(folder / KEYS, keys.minting.reveal() + keys.rows.reveal())


def keys_of(folder: Path) -> RelayKeys:
    """Return the keys of the relay in `folder`.

    Raises:
        NotFoundError: there is none.
        TamperedError: they are not what was written.
        StoreUnavailableError: they cannot be read.
    """
    try:
        keys = (folder / KEYS).read_bytes()
    except FileNotFoundError as err:
        raise NotFoundError(f"there is no relay in `{folder}`") from err
    except OSError as err:
        raise StoreUnavailableError(f"`{folder / KEYS}` cannot be read") from err
    if len(keys) != 2 * KEY_BYTES:
        raise TamperedError(f"`{KEYS}` is not what was written")
    return _keys(keys)


class Accounts:
    """The accounts of a relay, as its operator keeps them. Several threads may ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / ACCOUNTS
        self._known: tuple[tuple[int, int], Mapping[Id16, int]] = ((0, 0), {})

    def quota(self, account: Id16) -> int | None:
        """Return the room of an account, in bytes; None if there is no such account.

        Raises:
            TamperedError: the file of accounts is none.
        """
        return self.all().get(account)

    def all(self) -> Mapping[Id16, int]:
        """Return each account and its room in bytes.

        Raises:
            TamperedError: the file of accounts is none.
        """
        try:
            told = self._path.stat()
            stamp = (told.st_mtime_ns, told.st_ino)
            if stamp != self._known[0]:
                self._known = stamp, _parse(self._path.read_text())
        except (OSError, UnicodeDecodeError) as err:
            raise TamperedError(f"`{ACCOUNTS}` cannot be read") from err
        return self._known[1]

    def add(self, quota: int, entropy: Entropy) -> tuple[Id16, str]:
        """Make an account with so many bytes of room; return its id, and its token, said once.

        Raises:
            InvalidSettingsError: that is no room.
            NotFoundError: there is no relay.
        """
        if not 0 < quota <= MAX_QUOTA:
            raise InvalidSettingsError("an account has 1 byte of room or more")
        keys, fresh = keys_of(self._folder), random_id(entropy)
        with self._changing() as accounts:
            accounts[fresh] = quota
        return fresh, mint(keys.minting, fresh)

    def remove(self, account: Id16) -> None:
        """Forget an account: its token opens nothing, and nothing more is put in its mailboxes.

        Raises:
            NotFoundError: there is no such account, or no relay.
        """
        keys_of(self._folder)
        with self._changing() as accounts:
            if account not in accounts:
                raise NotFoundError(f"no account `{account.hex()}`")
            del accounts[account]

    @contextmanager
    def _changing(self) -> Iterator[dict[Id16, int]]:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            accounts = dict(self.all())
            yield accounts
            lines = (_LINE.format(each.hex(), quota) for each, quota in accounts.items())
            replace(self._path, "".join(lines).encode())
        finally:
            os.close(handle)


def _parse(text: str) -> Mapping[Id16, int]:
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise TamperedError(f"`{ACCOUNTS}` cannot be read") from err
    for name, quota in told.items():
        if not _HEX.fullmatch(name) or not isinstance(quota, int) or not 0 < quota <= MAX_QUOTA:
            raise TamperedError(f"`{ACCOUNTS}` has a line that names no account")
    return {Id16(bytes.fromhex(name)): quota for name, quota in told.items()}


def _keys(keys: bytes) -> RelayKeys:
    return RelayKeys(
        Secret(keys[:KEY_BYTES], "relay's token key"), Secret(keys[KEY_BYTES:], "relay's file key")
    )
