"""Putting an open vault under another root, as a face asks for it.

Source: docs/spec/28-rotation.md section 8.
"""

from sealhold.model.shown.keys import ClosingView
from sealhold.node.node import Node
from sealhold.vault import access
from sealhold.vault.access import Keeping, NextRoot, Way


def is_recovery(node: Node, given: str) -> bool:
    """Return whether `given` opens the vault as its recovery secret."""
    return access.is_recovery(node.home, given)


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
