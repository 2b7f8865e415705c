"""The vault's own keys as its owner lists them: what each is for, its version and state.

- Of the key of tokens and that of the log several versions may lie in the set: one is in force, and
  one that a job made and did not put in force is planned.
- What lies beside them and is no key is not listed.

Source: docs/spec/28-rotation.md sections 9 and 10.
"""

from collections.abc import Iterable, Iterator

from sealhold.model.shown.keys import KeyView
from sealhold.vault import minting
from sealhold.vault.core import Core
from sealhold.vault.keyring import LOG_SIGN
from sealhold.vault.logkeys import SAID
from sealhold.vault.wraps import ACTIVE, DECRYPT_ONLY

PLANNED = "planned"


def own_keys(core: Core, names: Iterable[str]) -> Iterator[KeyView]:
    """Yield the vault's own keys of these names in the key set."""
    in_force = {
        LOG_SIGN: len(core.writer.log.keys.line),
        minting.NAME: minting.version_of(core.deciding),
    }
    for name in sorted(names):
        use, _, number = name.rpartition("-")
        if use == SAID:
            continue
        is_later = use in in_force and number.isdecimal()
        version = int(number) if is_later else 1
        now = in_force.get(use if is_later else name, 1)
        state = ACTIVE if version == now else PLANNED if version > now else DECRYPT_ONLY
        yield KeyView("vault", name, version, state, 0)
