"""`sealhold serve` with a writer that commits each piece of work by itself: a peer of the bench.

- All else is the product's: what is left is the price of a commit for each request.

Source: docs/benchmarks.md.
"""

import sys
from queue import Queue

from sealhold.frontends.cli.main import run
from sealhold.vault import writer
from sealhold.vault.pieces import Piece


def take_one(first: Piece, queue: "Queue[Piece | None]") -> list[Piece]:
    """Return `first` alone, whatever waits behind it."""
    del queue
    return [first]


if __name__ == "__main__":
    setattr(writer, "take", take_one)  # noqa: B010  # reason: it is imported there, not offered
    sys.exit(run(sys.argv[1:]))
