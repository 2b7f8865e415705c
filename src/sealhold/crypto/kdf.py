"""Keys from keys (HKDF-SHA256) and keys from passphrases (Argon2id).

- `derive` takes a key of full strength and a tag; the context is length-prefixed in `info`.
- `stretch` has a floor, so that nobody makes a weak slot by mistake, and a ceiling, so that a
  damaged or hostile file cannot ask for all memory of the machine.

Source: docs/spec/03-keys.md sections 2 and 3; RFC 5869; RFC 9106.
"""

from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sealhold.crypto.digest import framed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import InvalidError

DERIVED_BYTES = 32
SALT_BYTES = 16
MEMORY_KIB = range(8 * 1024, 1024 * 1024 + 1)  # 8 MiB to 1 GiB
PASSES = range(1, 17)
LANES = range(1, 9)
MAX_WORK = 4 * 1024 * 1024  # KiB touched: 1 GiB four times over, some ten seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How much work one guess at a passphrase costs (Argon2id).

    The default takes about 0.2 s and 64 MiB on one core.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    def __post_init__(self) -> None:
        if (
            self.memory_kib not in MEMORY_KIB
            or self.passes not in PASSES
            or self.lanes not in LANES
            or self.memory_kib * self.passes > MAX_WORK
        ):
            raise InvalidError(
                f"argon2id with {self.memory_kib} KiB, {self.passes} passes, {self.lanes} lanes"
                " is out of bounds"
            )


def derive(key: Secret, tag: Tag, *context: bytes) -> Secret:
    """Return the 32-byte key for `tag` and `context` under `key` (HKDF-SHA256, no salt)."""
    info = framed(tag, *context)
    value = HKDF(SHA256(), DERIVED_BYTES, salt=None, info=info).derive(key.reveal())
    name = tag.name.lower().replace("_", " ").removesuffix(" key")
    return Secret(value, f"{name} key")


def stretch(passphrase: Secret, salt: bytes, params: Stretch) -> Secret:
    """Return the 32-byte key that `passphrase` gives with a `salt` of 16 random bytes."""
    value = hash_secret_raw(
        passphrase.reveal(),
        salt,
        time_cost=params.passes,
        memory_cost=params.memory_kib,
        parallelism=params.lanes,
        hash_len=DERIVED_BYTES,
        type=Type.ID,
    )
    return Secret(value, "passphrase key")
