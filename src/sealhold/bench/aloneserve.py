"""`sealhold serve` with a writer that commits each piece of work by itself: a peer of the bench.

- All else is the product's, but that no calls are taken as one piece of work: what is left is the
  price of a commit for each request.

Source: docs/benchmarks.md.
"""

import sys
from typing import Final

from sealhold.frontends.cli.main import run
from sealhold.frontends.http import arriving
from sealhold.vault import pieces

NEVER: Final = 1 << 30  # more equal calls than a round has


if __name__ == "__main__":
    setattr(pieces, "MAX_UNITS", 1)  # noqa: B010  # reason: it is a constant of the product
    setattr(arriving, "FEW", NEVER)  # noqa: B010  # reason: the same
    sys.exit(run(sys.argv[1:]))
