"""Recovery cards: a vault's recovery secret on several cards, of which some are enough.

- Cards are made of the secret of this very vault, and tried before they are handed out.
- Joined, they give the secret in the form in which it stands on paper. Whether it is this vault's
  is looked up in the vault, so cards of another one are found before anything is done with them.

Source: docs/spec/03-keys.md section 9.5.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sealhold.crypto import cards
from sealhold.crypto.roots import keyfile, recovery
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import CardError, InvalidError
from sealhold.vault import access
from sealhold.vault.home import Home


def make(home: Home, text: str, needed: int, count: int, entropy: Entropy) -> tuple[str, ...]:
    """Return `count` cards of 33 words for the recovery secret `text`; any `needed` give it back.

    Raises:
        InvalidError: not this vault's secret, or numbers that no set of cards has.
        CardError: a trial of the cards gave something else; none is handed out.
    """
    secret = recovery.parse(text)
    if secret is None or not access.is_recovery(home, text):
        raise InvalidError("this is not the recovery secret of this vault")
    made = cards.make(secret, needed, count, entropy)
    for at in range(count):  # each card takes part in a trial
        tried = [made[(at + step) % count] for step in range(needed)]
        if cards.join(tried) != secret:
            raise CardError("the cards that were made do not give the secret")
    return made


def join(texts: Iterable[str]) -> str:
    """Return the recovery secret that cards give, as text.

    Raises:
        CardError: they give none.
    """
    secret: Secret = cards.join(texts)
    text = recovery.text_of(secret)
    if recovery.parse(text) is None:
        raise CardError("the cards hold a secret of another kind")
    return text


def write(files: Sequence[tuple[Path, str]], what: str) -> None:
    """Write new files of mode 0600, all or none; `what` names them.

    Raises:
        TakenError: a path is taken.
        UnavailableError: one cannot be written.
    """
    written = list[Path]()
    try:
        for path, text in files:
            keyfile.write_private(path, what, text.encode())
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink()
        raise
