"""Opening the vault for one command, and how its owner proves to be there.

- Reading takes the passphrase from SEALHOLD_PASSPHRASE, else from the terminal.
- A vault that opens with a key takes it from the file that SEALHOLD_KEY_FILE names, or as
  SEALHOLD_ROOT said it; it is headless, and nothing is asked at a terminal.
- A recovery secret in the file that SEALHOLD_RECOVERY_FILE names comes before either.
- Deciding, releasing, admitting and deleting take it from the terminal alone, because a program
  that runs as the owner has the environment too. Only a headless home takes it from there.
- A folder without a vault is told before anything is asked.

Source: docs/spec/20-faces.md section 8.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import assert_never

from sealhold.frontends.cli.out import safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import (
    LockedError,
    NoKeyError,
    NoPinError,
    NoSecretError,
    VerificationNeededError,
    WeakPassphraseError,
    WrongPassphraseError,
)
from sealhold.node import (
    KEY_FILE_VARIABLE,
    PASSPHRASE_VARIABLE,
    PIN_VARIABLE,
    RECOVERY_VARIABLE,
    Accepted,
    Node,
    Way,
    World,
    home_folder,
    key_in,
    recovery_in,
)

ASK = "Passphrase: "
NEXT_VARIABLE = "SEALHOLD_NEW_PASSPHRASE"
FLOOR = 8  # characters of a new passphrase


def folder_of(session: Session) -> Path:
    """Return the folder of the vault that is meant."""
    return home_folder(session.home, session.shell.environment)


def world_of(session: Session) -> World:
    """Return clock and entropy."""
    return session.shell.world or World()


@contextmanager
def reading(session: Session, given: str | None = None) -> Iterator[Node]:
    """Open the vault to read in it; `given` is what opens it, if that was asked for already."""
    with _node(session) as node:
        given = given or given_to(session, node)
        node.unlock(given or typed(session, node, LockedError))
        if given is None:
            node.parts.proven = node.world.clock()
        yield node


def what_opens(session: Session) -> str:
    """Return what opens the vault, asked for once where it is opened several times."""
    with _node(session) as node:
        return given_to(session, node) or typed(session, node, LockedError)


@contextmanager
def deciding(session: Session) -> Iterator[tuple[Node, str]]:
    """Open the vault for its owner, who is proven to be there; yields the passphrase, too."""
    with _node(session) as node:
        given = given_to(session, node)
        if given is None:
            given = typed(session, node, VerificationNeededError)
            node.unlock(given)
            node.parts.proven = node.world.clock()
            yield node, given
        else:
            node.unlock(given)
            yield node, confirmed(session, node)


@contextmanager
def accepting(session: Session, checkpoint: str | None, given: str | None = None) -> Iterator[Node]:
    """Open a vault whose database is older than it was, on its owner's word.

    `given` is what they gave a moment ago, if they were asked already.
    """
    with _node(session) as node:
        at_terminal = _is_typed(session, node)
        given = given or owners_word(session, node)
        node.unlock(given, Accepted(at_terminal=at_terminal, checkpoint=checkpoint))
        yield node


def owners_word(session: Session, node: Node) -> str:
    """Return what opens the vault, typed where it can be: for a decision that cannot be undone."""
    given = None if _is_typed(session, node) else given_to(session, node)
    return given or typed(session, node, VerificationNeededError)


def _is_typed(session: Session, node: Node) -> bool:
    return session.shell.terminal.is_there() and node.way is Way.PASSPHRASE


def confirmed(session: Session, node: Node, prompt: str = ASK) -> str:
    """Return the passphrase as the owner proves to be there, at this moment.

    Raises:
        WrongPassphraseError: it is not that of this vault.
    """
    # THREAT T66: a program of the owner's has the environment, but not the keys of the terminal.
    given = given_to(session, node) if node.headless else None
    if given is None:
        given = typed(session, node, VerificationNeededError, prompt)
    if not node.verify_passphrase(given):
        raise WrongPassphraseError
    return given


def check_can_confirm(session: Session, node: Node) -> None:
    """Refuse early where nobody could prove to be the owner.

    Raises:
        VerificationNeededError: no terminal, and no headless home with a passphrase given.
    """
    headless = node.headless and given_to(session, node) is not None
    if not headless and not session.shell.terminal.is_there():
        raise VerificationNeededError("the owner's passphrase must be typed at a terminal")


def new_passphrase(session: Session) -> str:
    """Return the passphrase for a new vault, typed twice or from the environment.

    Raises:
        LockedError: there is neither a terminal nor a passphrase.
        WeakPassphraseError: too short, or not typed the same twice.
    """
    given = _passphrase(session)
    if given is None:
        given = _asked(session, LockedError, f"New passphrase, {FLOOR} characters or more: ")
        if len(given) >= FLOOR and _asked(session, LockedError, "Once more: ") != given:
            raise WeakPassphraseError("the two passphrases differ")
    if len(given) < FLOOR:
        raise WeakPassphraseError(f"a passphrase has {FLOOR} characters or more")
    return given


def next_passphrase(session: Session, node: Node) -> str:
    """Return the passphrase that is to open a vault from now on, typed twice.

    Raises:
        VerificationNeededError: no terminal, and no headless home that was given one.
        WeakPassphraseError: too short, or not typed the same twice.
    """
    given = session.shell.environment.get(NEXT_VARIABLE) if node.headless else None
    if given is None:
        prompt = f"New passphrase, {FLOOR} characters or more: "
        given = _asked(session, VerificationNeededError, prompt)
        if _asked(session, VerificationNeededError, "Once more: ") != given:
            raise WeakPassphraseError("the two passphrases differ")
    if len(given) < FLOOR:
        raise WeakPassphraseError(f"a passphrase has {FLOOR} characters or more")
    return given


@contextmanager
def _node(session: Session) -> Iterator[Node]:
    with Node(folder_of(session), world_of(session)) as node:
        node.home.check()
        yield node


def pin_for(session: Session, token: str) -> str:
    """Return the PIN of a token: from SEALHOLD_PIN, or typed.

    Raises:
        NoPinError: there is neither a terminal nor a PIN.
    """
    given = session.shell.environment.get(PIN_VARIABLE)
    return given or _asked(session, NoPinError, f"PIN of the token `{safe(token)}`: ")


def given_to(session: Session, node: Node) -> str | None:
    """Return what opens the vault, if it was given without being asked for."""
    recovery = session.shell.environment.get(RECOVERY_VARIABLE)
    if recovery:
        return recovery_in(Path(recovery))
    match node.way:
        case Way.PASSPHRASE:
            return _passphrase(session)
        case Way.KEYFILE:
            path = session.shell.environment.get(KEY_FILE_VARIABLE)
            return key_in(Path(path)) if path else None
        case Way.ENVIRONMENT:
            return session.shell.root
        case way:
            assert_never(way)


def _passphrase(session: Session) -> str | None:
    return session.shell.environment.get(PASSPHRASE_VARIABLE) or None


def typed(
    session: Session,
    node: Node,
    missing: type[LockedError | VerificationNeededError],
    prompt: str = ASK,
) -> str:
    """Return what is typed at the terminal.

    Raises:
        NoKeyError: the vault opens with a key, and not with a passphrase.
    """
    if node.way is not Way.PASSPHRASE:
        raise NoKeyError
    return _asked(session, missing, prompt)


_WANTED = {NoPinError: "PIN", NoSecretError: "password or token"}


def asked(session: Session, prompt: str) -> str:
    """Return the password or token of a source, typed at the terminal.

    Raises:
        NoSecretError: there is no terminal.
    """
    return _asked(session, NoSecretError, prompt)


def _asked(
    session: Session,
    missing: type[LockedError | VerificationNeededError | NoPinError | NoSecretError],
    prompt: str,
) -> str:
    if not session.shell.terminal.is_there():
        what = _WANTED.get(missing, "passphrase")
        raise missing(f"there is no terminal to type the {what} at")
    return session.shell.terminal.ask(prompt)
