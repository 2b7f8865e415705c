"""The tree as somebody computes it who has the leaves and nothing else of the vault.

- A page's script does the same in a browser; the demo and its readers do it here.

Source: docs/spec/05-audit-log.md section 2; RFC 6962.
"""

from collections.abc import Iterable

from sealhold.crypto.merkle import leaf_hash, root


def root_of_leaves(leaves: Iterable[str]) -> str:
    """Return the root, in hex, over leaf hashes in hex."""
    return root([bytes.fromhex(leaf) for leaf in leaves]).hex()


def digest_of_lines(lines: Iterable[str]) -> str:
    """Return one digest, in hex, of a list of texts: the root over them as leaves."""
    return root([leaf_hash(line.encode()) for line in lines]).hex()
