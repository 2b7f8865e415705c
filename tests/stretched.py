"""The key that the tests' own passphrase gives is worked out once for each salt of a process.

- Most tests open a copy of one home, which asks for the same 8 MiB of work each time. What comes
  out depends on what goes in alone, so it is remembered; for another salt it is worked out.
- Any other passphrase, and any other amount of work, is worked out each time.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from sealhold.crypto import kdf

PASSPHRASE = b"correct horse battery"


def install() -> None:
    """Let this process remember; a second time it changes nothing."""
    work: Any = vars(kdf)["hash_secret_raw"]
    if not hasattr(work, "remembers"):
        vars(kdf)["hash_secret_raw"] = _remembering(work)


def _remembering(work: Callable[..., bytes]) -> Callable[..., bytes]:
    @cache
    def known(secret: bytes, salt: bytes, **how: Any) -> bytes:  # noqa: ANN401 - passed on
        return work(secret, salt, **how)

    def stretched(secret: bytes, salt: bytes, **how: Any) -> bytes:  # noqa: ANN401 - passed on
        if bytes(secret) == PASSPHRASE and how["memory_cost"] == kdf.MEMORY_KIB.start:
            return known(bytes(secret), bytes(salt), **how)
        return work(secret, salt, **how)

    stretched.remembers = True  # type: ignore[attr-defined]  # reason: a mark of ours
    return stretched
