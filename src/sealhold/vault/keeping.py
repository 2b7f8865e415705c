"""What a home says of its root: what unlocks it, where its slots lie, who may recover it.

- What opens a vault and where its slots lie are two things; each has its own file in `unlock`.
- A root rules from some epoch on, and the names of its files end in that: the newest that is not
  newer than the epoch in force rules.

Source: docs/spec/03-keys.md sections 8 and 9.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from sealhold.crypto.digest import framed
from sealhold.crypto.roots import on_token
from sealhold.crypto.rootspec import Strength
from sealhold.crypto.seal import KEY_BYTES
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.vault.home import Home

FORMAT = 1
DOCUMENT, ESCROW, NEXT, LAST = "root", "escrow", "next", "last"  # how files in `unlock` begin
_FILE = re.compile(r"([a-z]+)(?:\.([1-9][0-9]{0,17}))?")


class Way(StrEnum):
    """What opens a vault."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the word, not one of them
    KEYFILE = "keyfile"
    ENVIRONMENT = "environment"


class Keeper(StrEnum):
    """Where the slots of epochs lie."""

    HOME = "home"
    TPM2 = "tpm2"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where a root keeps its slots, and to whom it keeps escrows."""

    keeper: Keeper = Keeper.HOME
    registers: tuple[int, ...] = (7,)  # of the TPM: what the firmware lets start
    tcti: str = ""  # where the TPM is, in the words of tpm2-tools; the system's own if empty
    module: str = ""  # the whole path of the library that speaks to the token
    token: str = ""  # its label
    pin: str = field(default="", repr=False)
    vault: bytes = bytes(ID_BYTES)  # whose keys on the token these are
    strength: Strength = Strength.OVERWRITTEN_FILE  # of a slot's destruction
    recovery: bytes = b""  # the public half of a recovery secret; empty if there is none

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say: slots in the home, no recovery."""
        return self.keeper is Keeper.HOME and not self.recovery

    @property
    def worth(self) -> Strength:
        """What a destruction is worth, once the escrow is counted in."""
        return Strength.OVERWRITTEN_FILE if self.recovery else self.strength

    def document(self) -> bytes:
        """Return it as it is sealed."""
        where = [list(self.registers), self.tcti, self.module, self.token, self.pin, self.vault]
        return pack([FORMAT, self.keeper.value, where, self.strength.value, self.recovery])

    @classmethod
    def of(cls, document: bytes) -> "Keeping":
        """Return what a document says, whose seal held.

        Raises:
            TamperedError: it is of another format.
        """
        try:
            number, keeper, where, strength, recovery = unpack(document)
            registers, tcti, module, token, pin, vault = where
            if number == FORMAT:
                return cls(
                    keeper=Keeper(keeper),
                    registers=tuple(registers),
                    tcti=tcti,
                    module=module,
                    token=token,
                    pin=pin,
                    vault=vault,
                    strength=Strength(strength),
                    recovery=recovery,
                )
        except (InvalidEncodingError, ValueError, TypeError) as err:
            raise TamperedError("`unlock/root` has a format that is not known") from err
        raise TamperedError("`unlock/root` has a format that is not known")

    def checked(self, entropy: Entropy) -> "Keeping":
        """Return it as it can be used: the token was opened, or the TPM's programs are there.

        Raises:
            InvalidError: no such register, or no whole path.
            ExtraMissingError: a package or program is not installed.
            WrongPinError: the PIN does not open the token.
            RootAwayError: the token is not there, or its library is not.
        """
        match self.keeper:
            case Keeper.HOME:
                return self
            case Keeper.TPM2:
                from sealhold.crypto.roots.tpm2 import Tpm2Root  # noqa: PLC0415  # few have one

                Tpm2Root(Secret(bytes(KEY_BYTES), "no key"), {}, self.registers, self.tcti)
                return replace(self, strength=Strength.NV_COUNTER)
            case Keeper.PKCS11:
                mine = replace(self, vault=entropy(ID_BYTES))
                token = on_token(Path(self.module), self.token, mine.secret_pin, Id16(mine.vault))
                return replace(mine, strength=token.strength())

    @property
    def secret_pin(self) -> Secret:
        """The PIN as a key is passed on."""
        return Secret(self.pin.encode(), "PIN")


PLAIN = Keeping()  # slots in files of the home, and nobody recovers


def ruling(home: Home) -> tuple[int, Way]:
    """Return since which epoch the root in force rules, and what unlocks it.

    Raises:
        TamperedError: there is no way in, or more than the one that was made.
    """
    epoch, ways = home.epoch, {way.value: way for way in Way}
    found = [(born, ways[name]) for name, born in files(home) if name in ways and born <= epoch]
    newest = max((born for born, _ in found), default=0)
    now = [each for each in found if each[0] == newest]
    if len(now) != 1:
        raise TamperedError(f"`unlock` holds {len(now)} ways in and not one")
    return now[0]


def files_in_force(home: Home) -> list[str]:
    """Return the names of the files in `unlock` that it takes to open the vault on another day."""
    born, way = ruling(home)
    names = [named(way, born), named(DOCUMENT, born), named(ESCROW, home.epoch)]
    return [name for name in names if home.unlock_slot(name).exists()]


def files(home: Home) -> Iterator[tuple[str, int]]:
    """Yield what each file in `unlock` is, and of which epoch."""
    for path in sorted((home.folder / "unlock").iterdir()):
        if is_named := _FILE.fullmatch(path.name):
            yield is_named[1], int(is_named[2] or 0)


def named(name: str, epoch: int) -> str:
    """Return the name of a file in `unlock`."""
    return f"{name}.{epoch}" if epoch else str(name)


def document_place(born: int) -> bytes:
    """Return to what the document of a root is bound."""
    return framed(Tag.ROOT_DOCUMENT, born.to_bytes(8))
