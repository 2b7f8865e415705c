"""Putting an open vault under another root, and its recovery secret on cards, as a face asks.

Source: docs/spec/28-rotation.md section 8, docs/spec/03-keys.md section 9.5.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sealhold.model.shown.keys import ClosingView
from sealhold.node.node import Node
from sealhold.vault import access, cards
from sealhold.vault.access import Keeping, NextRoot, Way


def is_recovery(node: Node, given: str) -> bool:
    """Return whether `given` opens the vault as its recovery secret."""
    return access.is_recovery(node.home, given)


def make_cards(node: Node, text: str, needed: int, count: int) -> tuple[str, ...]:
    """Return `count` recovery cards of 33 words each, of which any `needed` are enough.

    Raises:
        InvalidError: `text` is not this vault's recovery secret, or there is no such set of cards.
    """
    return cards.make(node.home, text, needed, count, node.world.entropy)


def join_cards(texts: Iterable[str]) -> str:
    """Return the recovery secret that cards give, as text.

    Raises:
        CardError: a card is not read, they are too few, or do not belong together.
    """
    return cards.join(texts)


def write_private(files: Sequence[tuple[Path, str]], what: str) -> None:
    """Write new files that their owner alone may read, all or none; `what` names them.

    Raises:
        TakenError: a path is taken.
        UnavailableError: one cannot be written.
    """
    cards.write(files, what)


def change_root(node: Node, passphrase: str, given: str, way: Way, keeping: Keeping) -> ClosingView:
    """Close the epoch of an open vault and go on under another root.

    Args:
        node: the vault.
        passphrase: what proves its owner.
        given: what is to open it from then on: a passphrase, or the text of a key.
        way: which of them.
        keeping: where the slots are to lie; checked.

    Raises:
        WrongPassphraseError: the owner is not proven.
        InvalidError: an empty passphrase, or a key that is not random.
        RootAwayError: a device does not answer.
        StoreUnavailableError: the disk refuses; one of the two roots is in force, whole.
    """
    world = node.world
    next_ = NextRoot(
        home=node.home,
        given=given,
        way=way,
        keeping=keeping,
        stretch=world.stretch,
        entropy=world.entropy,
    )
    next_.check()
    return node.keys.change_root(passphrase, next_)
