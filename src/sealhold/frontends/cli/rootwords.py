"""What `init` and `key change-root` say of a root: its options, what they mean, and in words.

- With a TPM or a token the vault opens with two things: what the owner gives, and the device.
- A device can be lost or changed, so its owner chooses: a recovery secret, or none by their word.
- A file that is written here is taken away again if nothing came of it.

Source: docs/spec/03-keys.md sections 8 and 9.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import pin_for
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import NoKeyError, UsageError
from sealhold.node import Keeper, Keeping, Way, World, new_key_file, new_recovery

TOKEN = "sealhold"  # noqa: S105  # the label of a token, unless another is said
REGISTERS = "7"


class RootKind(StrEnum):
    """What stands above all keys."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the word, not one of them
    KEYFILE = "keyfile"
    ENVIRONMENT = "environment"
    TPM2 = "tpm2"
    PKCS11 = "pkcs11"


KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With a key file: the file to write, elsewhere."),
]
Unlock = Annotated[
    Way | None,
    typer.Option("--unlock", help="With `tpm2` or `pkcs11`: what is given besides; a passphrase."),
]
Registers = Annotated[
    str,
    typer.Option(metavar="N,N", help="With `tpm2`: registers that must stay as they are now."),
]
Tcti = Annotated[
    str, typer.Option(metavar="TCTI", help="With `tpm2`: where the TPM is, if not the system's.")
]
Module = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With `pkcs11`: the library that speaks to the token."),
]
Token = Annotated[str, typer.Option(metavar="LABEL", help="With `pkcs11`: which token.")]
Recovery = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a recovery secret there, to be kept on paper."),
]
NoRecovery = Annotated[
    bool,
    typer.Option("--no-recovery", help="With a device: if it is lost, so is the vault."),
]
OPENED_BY = {
    "passphrase": "a passphrase",
    "keyfile": "a key file",
    "environment": "a root value in the environment",
}
KEPT_IN = {
    "home": "in the vault's folder",
    "tpm2": "in this machine's TPM",
    "pkcs11": "on a token",
}
WORTH = {  # what a receipt of an erasure says, in words
    "overwritten-file": "is a file overwritten; flash disks and snapshots may keep it",
    "nv-counter": "is behind a counter in the TPM that moved on; no copy opens",
    "hardware-destroyed": "never left the token, which deleted it",
}
RECOVER = (
    "The recovery secret opens the vault when all else is lost: write it down on paper, and take"
    " its file away. It is given in place of the passphrase."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A root as it was asked for on the command line."""

    root: RootKind
    unlock: Way | None
    key_file: Path | None
    registers: str
    tcti: str
    module: Path | None
    token: str
    recovery: Path | None
    no_recovery: bool

    @property
    def keeper(self) -> Keeper:
        """Where its slots are to lie."""
        match self.root:
            case RootKind.TPM2:
                return Keeper.TPM2
            case RootKind.PKCS11:
                return Keeper.PKCS11
            case _:
                return Keeper.HOME

    @property
    def way(self) -> Way:
        """What is to unlock it."""
        if self.keeper is Keeper.HOME:
            return Way(self.root.value)
        return self.unlock or Way.PASSPHRASE

    def check(self, folder: Path) -> None:
        """Refuse what does not go together, before anything is asked or made.

        Raises:
            UsageError: an option of another root, one that lacks, or a file in the vault.
        """
        keeper = self.keeper
        if self.unlock is not None and keeper is Keeper.HOME:
            raise UsageError("`--unlock` goes with `tpm2` and `pkcs11`")
        if (self.key_file is not None) is not (self.way is Way.KEYFILE):
            raise UsageError("`--key-file` and a root that is unlocked by `keyfile` go together")
        if (self.tcti or self.registers != REGISTERS) and keeper is not Keeper.TPM2:
            raise UsageError("`--tcti` and `--registers` go with `tpm2`")
        if (self.module is not None) is not (keeper is Keeper.PKCS11):
            raise UsageError("`--module` and `pkcs11` go together")
        if self.token != TOKEN and keeper is not Keeper.PKCS11:
            raise UsageError("`--token` goes with `pkcs11`")
        if self.recovery is not None and self.no_recovery:
            raise UsageError("`--recovery` or `--no-recovery`, one of them")
        if keeper is not Keeper.HOME and self.recovery is None and not self.no_recovery:
            raise UsageError(
                "a device can be lost: say `--recovery FILE` for a secret to keep on paper,"
                " or `--no-recovery`"
            )
        for path in (self.key_file, self.recovery):
            if path is not None and path.resolve().is_relative_to(folder.resolve()):
                raise UsageError("a key in the vault opens it for whoever copies the vault")

    def keeping(self, session: Session) -> Keeping:
        """Return where slots are to lie, after asking for the PIN of a token.

        Raises:
            UsageError: registers that are no numbers.
        """
        pin = pin_for(session, self.token) if self.keeper is Keeper.PKCS11 else ""
        try:
            registers = tuple(sorted({int(word) for word in self.registers.split(",")}))
        except ValueError as err:
            raise UsageError("registers are numbers, with commas between them") from err
        return Keeping(
            keeper=self.keeper,
            registers=registers,
            tcti=self.tcti,
            module=str(self.module or ""),
            token=self.token if pin else "",
            pin=pin,
        )

    @contextmanager
    def files(self, world: World, are_of_no_use: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
        """Write key file and recovery secret; give what they hold.

        If the block fails, they are taken away again, unless they may open something by then.

        Yields:
            The text of the key file, and the public half of the recovery secret; each may be empty.
        """
        written = list[Path]()
        try:
            key, public = "", b""
            if self.key_file is not None:
                key = new_key_file(self.key_file, world.entropy)
                written.append(self.key_file)
            if self.recovery is not None:
                _, public = new_recovery(self.recovery, world.entropy)
                written.append(self.recovery)
            yield key, public
        except BaseException:
            if are_of_no_use():
                for path in written:
                    path.unlink()
            raise


def root_value(session: Session) -> str:
    """Return what SEALHOLD_ROOT said.

    Raises:
        NoKeyError: nothing.
    """
    if session.shell.root is None:
        raise NoKeyError("SEALHOLD_ROOT is not set")
    return session.shell.root
