"""The key that mints access tokens: the newest version mints, the one before may still hold.

- Which version is in force, and until when the one before it holds, are rows that decide, written
  in one commit with the end of the job that turned the key over.
- Version 1 is the vault's named key `token`, the others are named `token-2` and so on. A version is
  made before it is in force, so a job that was killed finds it and goes on with it.
- What else hangs on `token`, such as tags of passkeys, stays as it is.

Source: docs/spec/28-rotation.md section 9.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from sealhold.crypto import token as tokens
from sealhold.crypto.secret import Secret
from sealhold.crypto.token import Caveat, Seen, Token
from sealhold.model.errors import BadTokenError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import Keyring
from sealhold.vault.settings import SETTINGS

VERSION, GRACE = "token-key", "token-grace"  # names of settings
NAME = "token"


class Minting:
    """Mints and checks the access tokens of one vault."""

    def __init__(self, keyring: Keyring, deciding: Deciding) -> None:
        self._keyring = keyring
        self._deciding = deciding
        self._seen: dict[int, Seen] = {}

    def mint(self, token_id: Id16, caveats: Sequence[Caveat] = ()) -> str:
        """Return a new token under the key in force, bound by `caveats`.

        Raises:
            InvalidError: more caveats than a token may carry.
        """
        return tokens.mint(self._key(version_of(self._deciding)), token_id, caveats)

    def check(self, text: str, *, now: Instant, admits: Callable[[Caveat], bool]) -> Token:
        """Return the token if a key that still holds minted it, and every caveat holds.

        Raises:
            BadTokenError: forged, widened, expired, of a key that is over, or out of its bounds.
        """
        version = version_of(self._deciding)
        try:
            return self._of(version).check(text, now=now, admits=admits)
        except BadTokenError:
            if version == 1 or now >= _number(self._deciding, GRACE):
                raise
        return self._of(version - 1).check(text, now=now, admits=admits)

    def is_of_newest(self, text: str) -> bool:
        """Return whether the key in force minted a token, which so ends by no grace."""
        with suppress(BadTokenError):
            self._of(version_of(self._deciding)).check(text, now=Instant(0), admits=lambda _: True)
            return True
        return False

    def _of(self, version: int) -> Seen:
        found = self._seen.get(version)
        if found is None:
            found = self._seen[version] = Seen(self._key(version))
        return found

    def _key(self, version: int) -> Secret:
        if version == 1:
            return self._keyring.named(NAME)
        return self._keyring.lies_in.named(key_name(version))


def version_of(deciding: Deciding) -> int:
    """Return the version of the key that mints."""
    return _number(deciding, VERSION) or 1


def turned_over(core: Core, until: Instant) -> tuple[Op, ...]:
    """Make the next version, unless a killed job did, and return what puts it in force.

    Args:
        core: of the vault.
        until: when the version before it is over.
    """
    version = version_of(core.deciding) + 1
    core.keyring.add_named(key_name(version))
    for older in range(2, version - 1):
        core.keyring.forget_named(key_name(older))
    return tuple(_in_force(core, version, until))


def skipped(core: Core) -> tuple[Op, ...]:
    """Return what puts the newest version of the key set in force, and ends all before it.

    For rows that are put back to an older day, which know less than the keys.
    """
    newest = version_of(core.deciding)
    while core.keyring.has_named(key_name(newest + 1)):
        newest += 1
    return () if newest == 1 else tuple(_in_force(core, newest, Instant(0)))


def key_name(version: int) -> str:
    """Return what a version is called in the key set, from 2 on."""
    return f"{NAME}-{version}"


def _in_force(core: Core, version: int, until: Instant) -> Iterable[Op]:
    for name, value in ((VERSION, version), (GRACE, until)):
        found = core.deciding.get(SETTINGS.name, name)
        yield Put(SETTINGS.name, (name, value), found.v if found else Expect.ABSENT)


def _number(deciding: Deciding, name: str) -> int:
    found = deciding.get(SETTINGS.name, name)
    return int(found.row[1]) if found else 0
